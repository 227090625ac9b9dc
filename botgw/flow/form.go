package flow

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/talk"
)

// Form is a flow.
type Form struct {
	Name    string     // in records, buttons and metrics: "create"
	Title   string     // key of its name as people read it
	Roles   []api.Role // who may fill it, by active role; empty: everybody with a session
	Anybody bool       // also who has no session
	Steps   []Step
	// Start prepares the data of a new filling; nil: nothing to prepare. A
	// Complaint of it is shown, and the form is not opened.
	Start func(ctx context.Context, t *talk.Turn, d *Data) error
	// Finish does what the form is for, once the last step is done, and says so.
	// It may be called again for the same form (Data.Nonce): its changes carry
	// idempotency keys made of that. A Complaint or Stay of it keeps the form,
	// with what it changed in the data, at the next step that applies now.
	Finish func(ctx context.Context, t *talk.Turn, d *Data) error
}

// Taking accepts what a person sent.
type Taking = func(ctx context.Context, t *talk.Turn, d *Data) error

// Step is one question.
type Step struct {
	Name string
	// Ask makes the question and its choices. Each choice is a button made by
	// Pick; the engine adds Back and Cancel below and the progress above. What it
	// changes in the data is not kept.
	Ask func(ctx context.Context, t *talk.Turn, d *Data) (talk.Screen, error)
	// Pick takes the tap on a choice; args are those of the button. nil: no choices.
	Pick func(ctx context.Context, t *talk.Turn, d *Data, args []string) error
	// Take is what is accepted besides taps.
	Take     map[talk.Kind]Taking
	Keyboard bool // Ask shows a Menu: without Rows, and the engine adds Back and Cancel as keys
	// When says whether the step applies; nil: always.
	When func(t *talk.Turn, d *Data) bool
	// Hint is the key of what to say when something else comes: "choose with the buttons".
	Hint string
}

// What Pick and Take return besides nil (go on to the next step).
type (
	// Stay keeps the step and shows it again, changed: a page turned, a photo added.
	Stay struct{}
	// Complaint keeps the step and says what is wrong with the answer.
	// In the words of Key; by the plural of Args["Count"] where there is one.
	Complaint struct {
		Key  string
		Args map[string]any
	}
	// Noted is Stay with a word about what was taken.
	Noted Complaint
)

func (Stay) Error() string        { return "stays at this step" }
func (c Complaint) Error() string { return "not accepted: " + c.Key }
func (n Noted) Error() string     { return "stays at this step: " + n.Key }

// PickDo is the Do of the buttons of a form's choices.
const PickDo = "fp"

// Pick is a button of a choice. The engine puts the form's nonce and step in front of args.
func Pick(text string, args ...string) talk.Button {
	return talk.Button{Text: text, Call: talk.Call{Do: PickDo, Args: args}}
}

// Data is what a form holds so far. One type for all forms; each uses a part.
type Data struct {
	Nonce string `json:"nonce"` // of this filling: idempotency keys are made of it

	Request  string `json:"request,omitempty"` // number of the request it is about
	Action   string `json:"action,omitempty"`  // of the workflow, where one form serves several
	Category string `json:"category,omitempty"`
	Urgency  string `json:"urgency,omitempty"`

	Yard          string `json:"yard,omitempty"`
	Building      string `json:"building,omitempty"`
	BuildingName  string `json:"building_name,omitempty"`
	Apartment     string `json:"apartment,omitempty"`
	ApartmentName string `json:"apartment_name,omitempty"`
	Common        bool   `json:"common,omitempty"` // of the building, no apartment
	Homes         []Home `json:"homes,omitempty"`  // where the person lives, as far as approved
	Applicant     string `json:"applicant,omitempty"`
	ApplicantName string `json:"applicant_name,omitempty"` // whom a manager makes it for

	Text     string      `json:"text,omitempty"` // description, comment or reason
	Internal bool        `json:"internal,omitempty"`
	Photos   []talk.File `json:"photos,omitempty"`
	Stars    int         `json:"stars,omitempty"`

	Executor     string `json:"executor,omitempty"`
	ExecutorName string `json:"executor_name,omitempty"`
	Holder       string `json:"holder,omitempty"` // who has the request until it is given to Executor

	Language   string `json:"language,omitempty"` // of registration
	Phone      string `json:"phone,omitempty"`
	Verified   bool   `json:"verified,omitempty"`
	Invitation string `json:"invitation,omitempty"`
	Name       string `json:"name,omitempty"`

	Query string `json:"query,omitempty"` // what the list a step shows was searched by
	Page  string `json:"page,omitempty"`  // cursor of the list a step shows
}

// Home is an apartment of somebody's own.
type Home struct {
	Building  string `json:"building"`
	Address   string `json:"address"`
	Apartment string `json:"apartment"`
	Number    string `json:"number"`
}
