package botgw

import (
	"context"
	"slices"
	"testing"

	"ukbot/api"
	"ukbot/botgw/desk"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/requests"
	"ukbot/botgw/speak"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// TestEveryKeyOfTheMenuLeadsSomewhere: a label in any language is an order, and
// one that is open to the role whose menu shows it. No code of a button and no
// name of an order is given twice, or newRouter would panic.
func TestEveryKeyOfTheMenuLeadsSomewhere(t *testing.T) {
	engine := flow.New(nil, forms.All()...)
	cards, front := requests.New(engine.Begin), desk.New(desk.Config{})
	r := newRouter(router{}, slices.Concat(engine.Routes(), cards.Routes(), front.Routes()), slices.Concat(front.Orders(), cards.Orders()))
	for _, role := range []api.Role{api.RoleApplicant, api.RoleExecutor, api.RoleManager, api.RoleAdmin} {
		for _, language := range words.Languages {
			turn := &talk.Turn{Book: words.For(language), Person: &talk.Person{Role: role, Roles: []api.Role{role, api.RoleApplicant}}}
			keys := slices.Concat(front.Menu(turn).Rows...)
			for _, key := range keys {
				name, found := desk.Label(key.Text)
				order, known := r.orders[name]
				if !found || !known || order.Handle == nil || !speak.Allowed(order, speak.Change{}, role) {
					t.Errorf("%q of a %s in %s leads to %q: known %v", key.Text, role, language, name, known)
				}
			}
			if len(keys) < 4 {
				t.Errorf("a %s has %d keys in %s", role, len(keys), language)
			}
		}
	}
}

// TestARefusedOrderIsCalledAsTheOthers: the figures add up by name.
func TestARefusedOrderIsCalledAsTheOthers(t *testing.T) {
	never := func(context.Context, *talk.Turn, talk.Order) bool { return false }
	r := newRouter(router{may: never, menu: func(*talk.Turn) *talk.Menu { return nil }}, nil, desk.New(desk.Config{}).Orders())
	turn := &talk.Turn{
		Update: talk.Update{Kind: talk.Command, Command: "admin", Chat: 7},
		Person: &talk.Person{Role: api.RoleApplicant}, Book: words.For("uz"),
	}
	if err := r.handle(t.Context(), turn); err != nil || turn.Step != "admin" || turn.Outcome != "forbidden" {
		t.Errorf("step %q, outcome %q, %v", turn.Step, turn.Outcome, err)
	}
}
