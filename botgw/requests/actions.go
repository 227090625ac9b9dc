package requests

import (
	"slices"
	"strconv"

	"ukbot/api"
	"ukbot/botgw/talk"
)

// way is how an action is done.
type way int

const (
	atOnce way = iota // by the tap itself
	rated             // by a tap on stars
	byForm            // with words, photos or a person
)

// deed is an action of the workflow as a button offers it.
type deed struct {
	action api.RequestAction
	label  string // key
	way    way
	form   string     // of byForm; "": called as the action
	roles  []api.Role // for whom it makes sense: the housing services allow managers more than they do from a phone
}

// The forms that are not called as the action is.
const (
	formReassign = "reassign"
	formComment  = "comment"
)

var (
	doers  = []api.Role{api.RoleExecutor}
	anyone = []api.Role{api.RoleApplicant, api.RoleExecutor, api.RoleManager, api.RoleAdmin}
	staff  = []api.Role{api.RoleExecutor, api.RoleManager, api.RoleAdmin}
)

// deeds is every action, the one that leads on first. An action has one row for
// each role that may see it.
var deeds = []deed{
	{api.RequestActionTake, "requests.take", atOnce, "", doers},
	{api.RequestActionAssign, "requests.assign", byForm, formReassign, managers},
	{api.RequestActionComplete, "requests.complete", byForm, "", doers},
	{api.RequestActionConfirm, "requests.confirm", atOnce, "", managers},
	{api.RequestActionAccept, "requests.accept", rated, "", residents},
	{api.RequestActionAnswer, "requests.answer", byForm, "", anyone},
	{api.RequestActionResume, "requests.resume", atOnce, "", staff},
	{api.RequestActionClarify, "requests.clarify", byForm, "", staff},
	{api.RequestActionPurchase, "requests.purchase", byForm, "", doers},
	{api.RequestActionRework, "requests.rework", byForm, "", managers},
	{api.RequestActionReturn, "requests.return", byForm, "", residents},
	{api.RequestActionAccept, "requests.accept_for", byForm, "", managers},
	{api.RequestActionCancel, "requests.cancel", byForm, "", anyone},
}

// commenting is no action of the workflow: whoever sees a request may speak.
const commenting api.RequestAction = "comment"

// deedOf is how somebody's role does an action; false where it has no business to.
func deedOf(t *talk.Turn, action api.RequestAction) (deed, bool) {
	i := slices.IndexFunc(deeds, func(d deed) bool { return d.action == action && t.Person.Is(d.roles...) })
	if i < 0 {
		return deed{}, false
	}
	return deeds[i], true
}

// rows are the buttons of a card: what leads on in a row of its own, what else
// may be done by twos, then what there is to see.
func (f folder) rows(t *talk.Turn, at place) [][]talk.Button {
	rows := f.deedRows(t, at)
	if f.offShift(t) {
		rows = append(rows, []talk.Button{button(t.Book.Plain("requests.open_shift"), doShifts)})
	}
	see := []talk.Button{button(t.Book.Plain("requests.comment"), doAct, f.actArgs(commenting, at)...)}
	if f.photos > 0 {
		see = append(see, button(t.Book.CountPlain("requests.photos", f.photos), doPhotos, f.Number))
	}
	return append(rows, see,
		[]talk.Button{
			button(t.Book.Plain("requests.history"), doHistory, at.args(f.Number, "0")...),
			button(t.Book.Plain("button.refresh"), DoCard, at.args(f.Number)...),
		},
		[]talk.Button{button(t.Book.Plain("requests.to_list"), DoList, at.args()...)},
	)
}

func (f folder) deedRows(t *talk.Turn, at place) (rows [][]talk.Button) {
	var row []talk.Button
	for _, d := range deeds {
		if !slices.Contains(f.Actions, d.action) || !t.Person.Is(d.roles...) {
			continue
		}
		b := button(t.Book.Plain(f.label(d)), doAct, f.actArgs(d.action, at)...)
		if rows == nil {
			rows = append(rows, []talk.Button{b})
			continue
		}
		if row = append(row, b); len(row) == 2 {
			rows, row = append(rows, row), nil
		}
	}
	if row != nil {
		rows = append(rows, row)
	}
	return rows
}

// label is the key of a button: who has somebody already gets another.
func (f folder) label(d deed) string {
	if d.action == api.RequestActionAssign && f.Executor != nil {
		return "requests.reassign"
	}
	return d.label
}

func (f folder) actArgs(action api.RequestAction, at place) []string {
	return at.args(f.Number, string(action), strconv.FormatInt(f.Version, 10))
}
