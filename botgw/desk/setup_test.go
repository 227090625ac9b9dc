package desk_test

import (
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/desk"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/housing/housingtest"
	"ukbot/sql/dbtest"
)

var update = flag.Bool("update", false, "rewrite golden files")

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
		check(t, out)
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

// unsaid is a key that has no words.
var unsaid = regexp.MustCompile(`\b(menu|help|settings|stats|shifts?|admin|requests|role|status|category|person|relation|date|month|weekday|duration|number|button|hint|problem)\.[a-z0-9_]+\b`)

// check holds an answer against Telegram's limits, and its text against its HTML.
func check(t *testing.T, out talk.Out) {
	t.Helper()
	s := out.Screen
	plain := out.Way == talk.Toast || out.Way == talk.Alert
	if n := len(utf16.Encode([]rune(s.Text))); plain && n > 200 {
		t.Errorf("a toast of %d units: %s", n, s.Text)
	}
	if n := telegram.Visible(s.Text); n > telegram.TextMax || n == 0 {
		t.Errorf("a text of %d units: %s", n, s.Text)
	}
	if err := wellFormed(s.Text); !plain && err != nil {
		t.Errorf("%v in %s", err, s.Text)
	}
	if strings.Contains(s.Text, "<no value>") || unsaid.MatchString(s.Text) {
		t.Errorf("a text that lacks words: %s", s.Text)
	}
	if n := len(slices.Concat(s.Rows...)); n > 100 {
		t.Errorf("%d buttons", n)
	}
	for _, button := range slices.Concat(s.Rows...) {
		if button.Text == "" || len(button.Text) > 150 || unsaid.MatchString(button.Text) {
			t.Errorf("a button %q", button.Text)
		}
		if call := packed(button.Call); len(call) > 64 && !strings.Contains(call, "CURSOR") {
			t.Errorf("%d bytes of callback data: %s", len(call), call)
		}
	}
	for _, keys := range menuRows(s.Menu) {
		for _, key := range keys {
			if key.Text == "" || unsaid.MatchString(key.Text) {
				t.Errorf("a key %q", key.Text)
			}
		}
	}
	if s.Menu != nil && len([]rune(s.Menu.Placeholder)) > 64 {
		t.Errorf("a placeholder %q", s.Menu.Placeholder)
	}
}

// packed is as long as a call's callback data: ids take 24 bytes there.
func packed(c talk.Call) string {
	return strings.ReplaceAll(masked(strings.Join(append([]string{c.Do}, c.Args...), ":")), "ID", strings.Repeat("i", 24))
}

func menuRows(menu *talk.Menu) [][]talk.Key {
	if menu == nil {
		return nil
	}
	return menu.Rows
}

func wellFormed(markup string) error {
	d := xml.NewDecoder(strings.NewReader("<x>" + markup + "</x>"))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// golden compares what was said with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is said now:\n%s", file, got)
	}
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
