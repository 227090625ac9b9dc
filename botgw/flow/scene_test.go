package flow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/nats/natstest"
)

// monday is when the tests' clock begins.
var monday = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

// scene is somebody who fills forms, on a real bucket.
type scene struct {
	t      testing.TB
	env    *natstest.Env
	engine *flow.Engine
	person *talk.Person
	chat   int64
	now    time.Time
	update int64
	done   []flow.Data // what Finish was called with
	away   bool        // Finish fails
	last   *talk.Turn
}

var errAway = errors.New("away")

func newScene(t testing.TB, env *natstest.Env) *scene {
	t.Helper()
	s := &scene{t: t, env: env, now: monday, chat: time.Now().UnixNano(), person: &talk.Person{ID: "p", Role: api.RoleApplicant}}
	s.engine = s.another()
	return s
}

// another is an engine of another replica.
func (s *scene) another() *flow.Engine {
	return flow.New(
		flow.NewStore(s.env.Conn), s.form(),
		flow.Form{Name: "other", Title: "comment.title", Steps: s.form().Steps[:2], Finish: s.finish},
		flow.Form{Name: "long", Title: "create.title", Steps: s.form().Steps, Finish: s.finish},
	)
}

func (s *scene) finish(_ context.Context, t *talk.Turn, d *flow.Data) error {
	if s.away {
		return errAway
	}
	s.done = append(s.done, *d)
	t.Show(talk.Screen{Text: "done " + d.Text})
	return nil
}

// form has a choice, a text, photos, a step that applies to lifts alone, and a confirmation.
func (s *scene) form() flow.Form {
	ask := func(text string, buttons ...talk.Button) func(context.Context, *talk.Turn, *flow.Data) (talk.Screen, error) {
		return func(context.Context, *talk.Turn, *flow.Data) (talk.Screen, error) {
			var row []talk.Button
			row = append(row, buttons...)
			return talk.Screen{Text: text, Rows: [][]talk.Button{row}}, nil
		}
	}
	next := func(context.Context, *talk.Turn, *flow.Data, []string) error { return nil }
	return flow.Form{
		Name: "sample", Title: "create.title", Roles: []api.Role{api.RoleApplicant},
		Steps: []flow.Step{
			{Name: "category", Hint: "flow.hint_choose", Ask: ask("category?", flow.Pick("Lift", "lift"), flow.Pick("Other", "other")), Pick: func(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
				d.Category = args[0]
				return nil
			}},
			{Name: "text", Ask: ask("text?"), Take: map[talk.Kind]flow.Taking{talk.Text: flow.Words(func(d *flow.Data) *string { return &d.Text })}},
			{Name: "lift", Ask: ask("which lift?", flow.Pick("Left", "l")), Pick: next, When: func(_ *talk.Turn, d *flow.Data) bool { return d.Category == "lift" }},
			{Name: "photos", Ask: func(_ context.Context, _ *talk.Turn, d *flow.Data) (talk.Screen, error) {
				return talk.Screen{Text: fmt.Sprintf("photos: %d", len(d.Photos)), Rows: [][]talk.Button{{flow.Pick("Done", "done")}}}, nil
			}, Pick: next, Take: flow.TakePhotos()},
			{Name: "confirm", Ask: ask("sure?", flow.Pick("Send", "yes")), Pick: next},
		},
		Finish: s.finish,
	}
}

// turn is a new update of the person.
func (s *scene) turn(kind talk.Kind, change ...func(*talk.Turn)) *talk.Turn {
	s.update++
	t := &talk.Turn{
		Update: talk.Update{Bot: 1, Tenant: "acme", ID: s.update, Kind: kind, Chat: s.chat, From: talk.From{ID: s.chat}, Message: int(s.update)},
		Person: s.person, Standing: talk.Approved, Book: words.For("en"), Now: s.now, Zone: time.UTC,
	}
	for _, c := range change {
		c(t)
	}
	s.last = t
	return t
}

func saying(text string) func(*talk.Turn) { return func(t *talk.Turn) { t.Text = text } }

// begin opens the sample form and returns what is shown.
func (s *scene) begin() talk.Screen {
	s.t.Helper()
	t := s.turn(talk.Command)
	if err := s.engine.Begin(s.t.Context(), t, "sample", flow.Data{}); err != nil {
		s.t.Fatal(err)
	}
	return screen(s.t, t)
}

// send has the engine handle an update that somebody waits for.
func (s *scene) send(t *talk.Turn) talk.Screen {
	s.t.Helper()
	handled, err := s.engine.Handle(s.t.Context(), t)
	if err != nil || !handled {
		s.t.Fatalf("%s %q: handled %t, %v", t.Kind, t.Text, handled, err)
	}
	return screen(s.t, t)
}

func (s *scene) say(text string) talk.Screen {
	s.t.Helper()
	return s.send(s.turn(talk.Text, saying(text)))
}

// tap taps the button of a screen that has the label.
func (s *scene) tap(on talk.Screen, label string) talk.Screen {
	s.t.Helper()
	t := s.turn(talk.Tap)
	if err := s.call(s.engine, t, button(s.t, on, label)); err != nil {
		s.t.Fatalf("tap %s: %v", label, err)
	}
	return screen(s.t, t)
}

func (s *scene) call(e *flow.Engine, t *talk.Turn, c talk.Call) error {
	s.t.Helper()
	for _, route := range e.Routes() {
		if route.Do == c.Do {
			return route.Handle(s.t.Context(), t, c.Args)
		}
	}
	s.t.Fatalf("nobody answers %q", c.Do)
	return nil
}

func button(t testing.TB, on talk.Screen, label string) talk.Call {
	t.Helper()
	for _, row := range on.Rows {
		for _, b := range row {
			if strings.Contains(b.Text, label) {
				return b.Call
			}
		}
	}
	t.Fatalf("no button %q on %q %v", label, on.Text, on.Rows)
	return talk.Call{}
}

// screen is the last thing that a turn shows.
func screen(t testing.TB, turn *talk.Turn) talk.Screen {
	t.Helper()
	if len(turn.Outs) == 0 {
		t.Fatalf("%s %q is not answered", turn.Kind, turn.Text)
	}
	for _, out := range turn.Outs {
		if out.Way != talk.Unkey {
			return out.Screen
		}
	}
	return talk.Screen{}
}

// open is the record's open form.
func (s *scene) open() *flow.Filling {
	s.t.Helper()
	r, _, err := s.engine.Open(s.t.Context(), s.turn(talk.Text))
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Open
}

func wantText(t testing.TB, on talk.Screen, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(on.Text, part) {
			t.Errorf("screen says %q, want %q in it", on.Text, part)
		}
	}
}
