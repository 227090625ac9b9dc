package talk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ukbot/api"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

// Turn is the handling of one update: who it is, what they did, what they are
// told. It is used by one goroutine.
type Turn struct {
	Update
	Person *Person // nil: not registered, or not approved yet: see Standing
	Standing
	Book words.Book               // the words, in the person's language
	API  *api.ClientWithResponses // as the person; as the bot's own key while Person is nil
	Bot  *telegram.Bot            // to fetch files with
	Zone *time.Location           // of the company
	Now  time.Time
	Outs []Out

	// For log and metrics, set by who handles it: of a small set, never what somebody typed.
	Step    string // "create/photos", "rv", "help"
	Outcome string // "" is done; "refused", "stale", "forbidden", "pending" …

	// Busy shows at once that the bot is at work; for what may take over a second.
	Busy func(context.Context)
}

// Person is somebody with a live session.
type Person struct {
	ID       string // of the housing services
	Name     string
	Language string
	Role     api.Role // the active one
	Roles    []api.Role
}

// Has says whether the person holds a role, active or not.
func (p *Person) Has(role api.Role) bool { return p != nil && slices.Contains(p.Roles, role) }

// Is says whether the active role is one of these.
func (p *Person) Is(roles ...api.Role) bool { return p != nil && slices.Contains(roles, p.Role) }

// Standing is how somebody stands with the company.
type Standing string

// The standings. Handlers other than registration see Approved only.
const (
	Unknown  Standing = "unknown"
	Pending  Standing = "pending" // waits for approval
	Approved Standing = "approved"
)

// Show answers in the way that fits the update: edits after a tap, else writes anew.
func (t *Turn) Show(s Screen) { t.Outs = append(t.Outs, Out{Way: Auto, Screen: s}) }

// Say answers with a message of its own.
func (t *Turn) Say(s Screen) { t.Outs = append(t.Outs, Out{Way: New, Screen: s}) }

// Edit changes an earlier message of the bot.
func (t *Turn) Edit(message int, s Screen) {
	t.Outs = append(t.Outs, Out{Way: Edit, Message: message, Screen: s})
}

// Toast answers a tap with a few words, at most 200 characters, plain.
func (t *Turn) Toast(text string) {
	t.Outs = append(t.Outs, Out{Way: Toast, Screen: Screen{Text: text}})
}

// Alert is a Toast that the person closes.
func (t *Turn) Alert(text string) {
	t.Outs = append(t.Outs, Out{Way: Alert, Screen: Screen{Text: text}})
}

// Key is the Idempotency-Key of a change this turn makes: the same however often
// the update comes. what tells several changes of one turn apart.
func (t *Turn) Key(what string) string {
	return fmt.Sprintf("tg-%d-%d-%s", t.Update.Bot, t.ID, what)
}
