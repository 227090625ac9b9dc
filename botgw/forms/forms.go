// Package forms is the tables of what people fill in: a new request, a comment,
// a cancellation, registration, and what staff report. Package flow walks them
// through.
//
// A form asks the housing services for choices and hands the filled form to
// them, with idempotency keys made of the filling. It keeps nothing.
package forms

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
)

// Menu is the main menu of somebody: package desk's.
type Menu = func(ctx context.Context, t *talk.Turn) *talk.Menu

// All is every form there is; menu is shown to who is let in.
func All(menu Menu) []flow.Form {
	return append([]flow.Form{
		Create(),
		Register(menu),
		Comment(),
		Cancel(),
		Complete(),
		Reassign(),
	}, Acts()...)
}

// nameMax is the longest name of a person, in characters: the housing services' limit.
const nameMax = 100

// labelMax keeps a button's text on one line of a phone, in UTF-16 units.
const labelMax = 40

// cardDo opens the card of a request, by its number: package requests answers.
const cardDo = "rv"

// yes is the argument of a confirmation.
const yes = "yes"

// staff are the roles that see what residents do not.
var staff = []api.Role{api.RoleExecutor, api.RoleManager, api.RoleAdmin}

// managers may make requests for others.
var managers = []api.Role{api.RoleManager, api.RoleAdmin}

// label is a choice's text made of somebody's data.
func label(text string) string { return telegram.Line(text, labelMax) }

// grid puts buttons into rows of n.
func grid(n int, buttons []talk.Button) [][]talk.Button {
	var rows [][]talk.Button
	for len(buttons) > n {
		rows = append(rows, buttons[:n:n])
		buttons = buttons[n:]
	}
	if len(buttons) > 0 {
		rows = append(rows, buttons)
	}
	return rows
}

// first is the first argument of a tap, "" where there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// card is a button that opens a request.
func card(t *talk.Turn, number string) talk.Button {
	return talk.Button{Text: t.Book.Plain("flow.card"), Call: talk.Call{Do: cardDo, Args: []string{number}}}
}

// confirm is the last step of a form: what was filled in, and one button.
func confirm(question, button string) flow.Step {
	return flow.Step{
		Name: "confirm",
		Hint: "flow.hint_confirm",
		Ask: func(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
			return talk.Screen{
				Text: t.Book.Text(question) + "\n\n" + flow.Summary(t, d),
				Rows: [][]talk.Button{{flow.Pick(t.Book.Plain(button), yes)}},
			}, nil
		},
		Pick: func(_ context.Context, _ *talk.Turn, _ *flow.Data, args []string) error {
			if first(args) != yes {
				return flow.Stay{}
			}
			return nil
		},
	}
}

// optional is a UUID that may be missing.
func optional(id string) *uuid.UUID {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	return &parsed
}

// parse reads an id that a button carries. A button of another step or an older
// program carries none: the step is shown anew.
func parse(id string) (uuid.UUID, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return uuid.Nil, flow.Stay{}
	}
	return parsed, nil
}
