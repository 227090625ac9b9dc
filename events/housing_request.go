package events

// TypeRequestPrefix begins the type of every event about a repair request; the
// change follows, as in the subject.
const TypeRequestPrefix = "housing.request."

// Changes of a repair request: the last token of housing.request.<tenant>.<change>.
const (
	RequestCreated    = "created"
	RequestAssigned   = "assigned" // by a manager, at first or to somebody else
	RequestTaken      = "taken"    // by an executor
	RequestStatus     = "status"   // purchase, clarification, and back to work
	RequestEdited     = "edited"
	RequestCommented  = "commented"
	RequestFile       = "file" // a photo or document was added or removed
	RequestCompleted  = "completed"
	RequestConfirmed  = "confirmed"
	RequestReturned   = "returned" // by the manager who looked, or by the resident
	RequestAccepted   = "accepted"
	RequestCancelled  = "cancelled"
	RequestHandedOver = "handed_over" // with a shift
	RequestWarned     = "warned"      // most of the time has passed
	RequestOverdue    = "overdue"     // all of it has
)

// RequestChanged is the data of housing.request.<tenant>.<change>: one change
// of one repair request. Version counts the changes of a request from 1, without gaps.
type RequestChanged struct {
	Request  RequestBrief `json:"request"`
	Action   string       `json:"action"`         // of the workflow; or create, edit, comment, note, file, hand_over, sla
	From     string       `json:"from,omitempty"` // status before; empty for the first
	To       string       `json:"to"`             // status after
	Actor    Actor        `json:"actor"`
	Text     string       `json:"text,omitempty"`     // reason, comment or review, where residents may read it too
	Executor *Named       `json:"executor,omitempty"` // who has it now
	Stars    int          `json:"stars,omitempty"`    // 1 to 5, with accepted
	Clock    string       `json:"clock,omitempty"`    // reaction or completion, with warned and overdue
	Internal bool         `json:"internal,omitempty"` // for staff: no resident is in Know
	Know     []Knower     `json:"know"`               // who must be told; the actor may be among them
}

// RequestBrief is a request as a notice shows it.
type RequestBrief struct {
	ID       string `json:"id"`
	Number   string `json:"number"` // YYMMDD-NNN
	Status   string `json:"status"`
	Category string `json:"category"`
	Urgency  string `json:"urgency"`
	Address  string `json:"address"`
	// Apartment is the number of the one that Address ends with; "" for a building.
	Apartment string `json:"apartment,omitempty"`
	Version   int64  `json:"version"`
}

// Actor is who did it: a person by id, an API key by name, or the clock.
type Actor struct {
	ID   string `json:"id"`
	Role string `json:"role"` // a role, "key" or "system"
}

// Named is a person by id and name.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
