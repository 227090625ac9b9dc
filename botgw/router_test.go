package botgw

import (
	"context"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/desk"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/requests"
	"ukbot/botgw/speak"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/nats/natstest"
	"ukbot/secret"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// TestEveryKeyOfTheMenuLeadsSomewhere: a label in any language is an order, and
// one that is open to the role whose menu shows it. No code of a button and no
// name of an order is given twice, or newRouter would panic.
func TestEveryKeyOfTheMenuLeadsSomewhere(t *testing.T) {
	front := desk.New(desk.Config{})
	engine := flow.New(nil, forms.All(front.Menu)...)
	cards := requests.New(engine.Begin, nil)
	r := newRouter(router{}, slices.Concat(engine.Routes(), cards.Routes(), front.Routes()), slices.Concat(front.Orders(), cards.Orders()))
	for _, role := range []api.Role{api.RoleApplicant, api.RoleExecutor, api.RoleManager, api.RoleAdmin} {
		for _, language := range words.Languages {
			turn := &talk.Turn{Book: words.For(language), Person: &talk.Person{Role: role, Roles: []api.Role{role, api.RoleApplicant}}}
			keys := slices.Concat(front.Menu(t.Context(), turn).Rows...)
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
	r := newRouter(router{may: never, menu: func(context.Context, *talk.Turn) *talk.Menu { return nil }}, nil, desk.New(desk.Config{}).Orders())
	turn := &talk.Turn{
		Update: talk.Update{Kind: talk.Command, Command: "admin", Chat: 7},
		Person: &talk.Person{Role: api.RoleApplicant}, Book: words.For("uz"),
	}
	if err := r.handle(t.Context(), turn); err != nil || turn.Step != "admin" || turn.Outcome != "forbidden" {
		t.Errorf("step %q, outcome %q, %v", turn.Step, turn.Outcome, err)
	}
}

// TestAButtonIsClosedWithItsCommand: a list in a phone may still show one.
func TestAButtonIsClosedWithItsCommand(t *testing.T) {
	open, began := false, 0
	begin := func(context.Context, *talk.Turn, string, flow.Data) error { began++; return nil }
	cards := requests.New(begin, nil)
	r := newRouter(router{
		decode: func(context.Context, talk.Update) (talk.Call, bool, error) {
			return talk.Call{Do: "rf", Args: []string{"create"}}, false, nil
		},
		may: func(context.Context, *talk.Turn, talk.Order) bool { return open },
	}, cards.Routes(), slices.Concat(desk.New(desk.Config{}).Orders(), cards.Orders()))
	tap := func() *talk.Turn {
		turn := &talk.Turn{
			Update: talk.Update{Kind: talk.Tap, Chat: 7, From: talk.From{ID: 7}},
			Person: &talk.Person{Role: api.RoleApplicant}, Book: words.For("uz"),
		}
		if err := r.handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		return turn
	}
	if turn := tap(); began != 0 || turn.Outcome != "forbidden" {
		t.Errorf("closed: %d forms begun, outcome %q", began, turn.Outcome)
	}
	open = true
	if turn := tap(); began != 1 || turn.Outcome == "forbidden" {
		t.Errorf("open: %d forms begun, outcome %q", began, turn.Outcome)
	}
}

// What a company closes is missing in the menu, and back once it is open again.
func TestAKeyOfTheMenuComesAndGoesWithItsCommand(t *testing.T) {
	pool, conn := dbtest.New(t), natstest.Start(t).Connect("bot")
	keys, err := secret.ParseKeyset(secret.NewKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	labels := func() (labels []string) {
		// Each look is a process of its own: one reads changes every half minute.
		g, err := NewGateway(GatewayConfig{Conn: conn, Pool: pool, Keys: keys, HousingURL: "http://127.0.0.1:1", Registry: prometheus.NewRegistry(), Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		turn := &talk.Turn{Book: words.For("uz"), Person: &talk.Person{Role: api.RoleManager, Roles: []api.Role{api.RoleManager}}}
		turn.Tenant = "acme"
		for _, key := range slices.Concat(g.router.menu(t.Context(), turn).Rows...) {
			labels = append(labels, key.Text)
		}
		return labels
	}
	change := func(command string, enabled bool, roles ...string) {
		t.Helper()
		set := db.SetBotCommandParams{TenantID: "acme", Command: command, Enabled: enabled, Roles: roles, Descriptions: []byte("{}")}
		if err := db.New(pool).SetBotCommand(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	whole := labels()
	change("new", false)
	change("stats", true, "admin")
	book := words.For("uz")
	want := slices.DeleteFunc(slices.Clone(whole), func(label string) bool {
		return label == book.Plain("menu.new") || label == book.Plain("menu.stats")
	})
	if got := labels(); !slices.Equal(got, want) || len(want) != len(whole)-2 {
		t.Errorf("keys are %q, want %q", got, want)
	}
	change("new", true)
	change("stats", true)
	if got := labels(); !slices.Equal(got, whole) {
		t.Errorf("keys are %q, want %q", got, whole)
	}
}
