package desk_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/desk"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/talk/talktest"
	"ukbot/botgw/words"
	"ukbot/housing/housingtest"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// office is a company with a desk, and what others were asked to do.
type office struct {
	*housingtest.Server
	t      *testing.T
	desk   *desk.Desk
	begun  []string // forms: "create", "register inv_…"
	cards  []string // requests shown
	forgot []string // people
	open   bool     // a form, for /cancel
	closed []string // orders, by the company
	update int64    // the last update's id
}

func open(t *testing.T, change ...func(*desk.Config)) *office {
	t.Helper()
	t.Parallel()
	o := &office{Server: housingtest.Start(t), t: t}
	cfg := desk.Config{
		Begin: func(_ context.Context, _ *talk.Turn, form string, d flow.Data) error {
			o.begun = append(o.begun, strings.TrimSpace(form+" "+d.Invitation))
			return nil
		},
		Cancel: func(context.Context, *talk.Turn) (bool, error) { return o.open, nil },
		Card: func(_ context.Context, _ *talk.Turn, number string) error {
			o.cards = append(o.cards, number)
			return nil
		},
		SwitchRole: switchRole,
		Open:       func(_ context.Context, _ *talk.Turn, order string) bool { return !slices.Contains(o.closed, order) },
		Forget:     func(_ context.Context, t *talk.Turn) error { o.forgot = append(o.forgot, t.Person.ID); return nil },
		Settings:   o.Pool, Emergency: "+998 71 200-00-00",
	}
	for _, c := range change {
		c(&cfg)
	}
	o.desk = desk.New(cfg)
	return o
}

// switchRole is what the gate does, without a session to keep the token in.
func switchRole(ctx context.Context, t *talk.Turn, role api.Role) error {
	r, err := t.API.SwitchRoleWithResponse(ctx, nil, api.RoleSwitch{Role: role})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	return nil
}

// tashkent is the companies' time zone.
var tashkent = time.FixedZone("Asia/Tashkent", 5*60*60)

// turn is an update of somebody; nil: of a stranger.
func (o *office) turn(c *housingtest.Client, language string) *talk.Turn {
	o.t.Helper()
	o.update++
	t := &talk.Turn{
		Update:   talk.Update{Bot: 1, Tenant: o.Tenant, ID: o.update, Chat: 77, From: talk.From{ID: 77}, Kind: talk.Command},
		Standing: talk.Unknown, Book: words.For(language), Zone: tashkent, Now: o.Clock.Now(),
	}
	if c == nil {
		return t
	}
	me, err := c.API.GetMeWithResponse(o.t.Context())
	if err != nil || me.JSON200 == nil {
		o.t.Fatalf("who is it: %v, %v", err, me)
	}
	u := me.JSON200
	t.API, t.Standing = c.API, talk.Approved
	t.Person = &talk.Person{ID: u.Id.String(), Name: u.Name, Language: string(u.Language), Role: u.ActiveRole, Roles: u.Roles}
	return t
}

// errForbidden is what the gateway says where roles do not fit.
var errForbidden = errors.New("for other roles")

// order carries a command out, as the gateway would.
func (o *office) order(t *talk.Turn, name string) error {
	o.t.Helper()
	for _, order := range o.desk.Orders() {
		if order.Name != name {
			continue
		}
		if t.Person == nil && !order.Anybody || t.Person != nil && len(order.Roles) > 0 && !t.Person.Is(order.Roles...) {
			return errForbidden
		}
		return order.Handle(o.t.Context(), t)
	}
	o.t.Fatalf("there is no order %q", name)
	return nil
}

// tap taps a button, as the gateway would.
func (o *office) tap(t *talk.Turn, do string, args ...string) error {
	o.t.Helper()
	t.Kind = talk.Tap
	for _, route := range o.desk.Routes() {
		if route.Do != do {
			continue
		}
		if t.Person == nil || len(route.Roles) > 0 && !t.Person.Is(route.Roles...) {
			return errForbidden
		}
		return route.Handle(o.t.Context(), t, args)
	}
	o.t.Fatalf("there is no route %q", do)
	return nil
}

// said is all that a turn answers, as it is written in golden files.
func said(t *testing.T, turn *talk.Turn) string {
	t.Helper()
	var b strings.Builder
	for _, out := range turn.Outs {
		talktest.Check(t, out)
		way := map[talk.Way]string{talk.Auto: "SHOW", talk.New: "SAY", talk.Toast: "TOAST", talk.Alert: "ALERT"}[out.Way]
		fmt.Fprintf(&b, "%s\n%s\n", way, out.Screen.Text)
		for _, buttons := range out.Screen.Rows {
			for _, button := range buttons {
				fmt.Fprintf(&b, "[%s → %s]", button.Text, masked(strings.TrimSpace(button.Call.Do+" "+strings.Join(button.Call.Args, " "))))
			}
			b.WriteByte('\n')
		}
		if menu := out.Screen.Menu; menu != nil {
			for _, keys := range menu.Rows {
				for _, key := range keys {
					fmt.Fprintf(&b, "(%s)", key.Text)
				}
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "_%s_\n", menu.Placeholder)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	cursors = regexp.MustCompile(`[A-Za-z0-9_-]{24,}`)
)

func masked(call string) string {
	return cursors.ReplaceAllString(uuids.ReplaceAllString(call, "ID"), "CURSOR")
}

// has fails unless one of the outs of this way contains the text.
func has(t *testing.T, turn *talk.Turn, way talk.Way, text string) {
	t.Helper()
	for _, out := range turn.Outs {
		if out.Way == way && strings.Contains(out.Screen.Text, text) {
			return
		}
	}
	t.Errorf("nothing of way %d says %q:\n%s", way, text, said(t, turn))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
