package flow_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

func timeRunsOut(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	at := s.tap(s.begin(), "Other")
	s.say("leaking <tap>")
	s.now = s.now.Add(time.Hour)
	wantText(t, s.tap(at, "Back"), "photos: 0")
	s.now = s.now.Add(time.Hour + time.Second)
	turn := s.turn(talk.Text, saying("hello?"))
	at = s.send(turn)
	wantText(t, at, "Time ran out", "leaking &lt;tap&gt;")
	turn.Outs = nil
	wantText(t, s.send(turn), "Time ran out")
	if handled, _ := s.engine.Handle(t.Context(), s.turn(talk.Text)); handled {
		t.Error("the draft is offered twice")
	}
	wantText(t, s.begin(), "unfinished", "leaking")
	old := s.tap(at, "Continue")
	wantText(t, old, "photos: 0")
	at = s.tap(s.tap(old, "Done"), "Cancel")
	wantText(t, at, "Cancelled", "leaking")
	wantText(t, s.tap(old, "Done"), "Cancelled") // a button of the draft
	wantText(t, s.tap(at, "Delete"), "deleted")
	wantText(t, s.tap(at, "Continue"), "no longer current")
	wantText(t, s.begin(), "category?")
}

func aDraftLivesForADay(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.tap(s.begin(), "Other")
	s.say("text")
	at := s.say("cancel")
	s.now = s.now.Add(25 * time.Hour)
	s.begin()
	wantText(t, s.tap(at, "Continue"), "category?") // that of the open form
}

func anotherFormSetsTheOpenOneAside(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.tap(s.begin(), "Other")
	at := s.say("text")
	turn := s.turn(talk.Command)
	if err := s.engine.Begin(t.Context(), turn, "other", flow.Data{Request: "1"}); err != nil {
		t.Fatal(err)
	}
	wantText(t, screen(t, turn), "step 1 of 2")
	aside := s.tap(at, "Done")
	wantText(t, aside, "set aside")
	wantText(t, s.tap(aside, "Continue"), "photos: 0")
	offered := s.begin()
	wantText(t, offered, "unfinished")
	wantText(t, s.tap(offered, "anew"), "category?")
	if open := s.open(); open.Data.Text != "" {
		t.Errorf("anew begins with %+v", open.Data)
	}
}

func buttonsOfOtherFormsAndSteps(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	first := s.begin()
	second := s.tap(first, "Other")
	wantText(t, s.tap(first, "Lift"), "text?")
	if s.open().Data.Category != "other" {
		t.Error("a button of an older step counts")
	}
	for _, args := range [][]string{nil, {"x"}, {"x", "y"}, {"", "", "", ""}} {
		turn := s.turn(talk.Tap)
		if err := s.call(s.engine, turn, talk.Call{Do: flow.PickDo, Args: args}); err != nil {
			t.Fatal(err)
		}
		wantText(t, screen(t, turn), "text?")
	}
	s.say("text")
	s.tap(s.tap(s.tap(second, "Back"), "Done"), "Send")
	wantText(t, s.tap(first, "Lift"), "done text")
	turn := s.turn(talk.Tap)
	if err := s.call(s.engine, turn, talk.Call{Do: flow.PickDo, Args: []string{"x", "y"}}); err != nil || turn.Outs[0].Way != talk.Toast || turn.Outs[1].Way != talk.Unkey {
		t.Errorf("a foreign button: %v %+v", err, turn.Outs)
	}
}

func servicesAwayAtTheEnd(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.tap(s.begin(), "Other")
	s.say("text")
	at := s.tap(s.tap(s.begin(), "Continue"), "Done")
	s.away = true
	turn := s.turn(talk.Tap)
	for range 2 {
		if err := s.call(s.engine, turn, button(t, at, "Send")); !errors.Is(err, errAway) || len(turn.Outs) != 0 {
			t.Fatalf("away: %v %+v", err, turn.Outs)
		}
	}
	s.away = false
	if err := s.call(s.engine, turn, button(t, at, "Send")); err != nil || len(s.done) != 1 {
		t.Errorf("the same update, later: %v, %d", err, len(s.done))
	}
}

func roles(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.begin()
	s.person = &talk.Person{ID: "p", Role: api.RoleManager}
	wantText(t, s.begin(), "another role")
	wantText(t, s.say("text"), "another role")
	s.person = nil
	wantText(t, s.begin(), "another role")
}

// aFormIsOfTheRoleItWasBegunIn, though several roles may fill it: its steps are
// not the same for all of them.
func aFormIsOfTheRoleItWasBegunIn(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	begin := func() talk.Screen {
		turn := s.turn(talk.Command)
		if err := s.engine.Begin(t.Context(), turn, "other", flow.Data{}); err != nil {
			t.Fatal(err)
		}
		return screen(t, turn)
	}
	resident, manager := s.person, &talk.Person{ID: "p", Role: api.RoleManager}
	at := s.tap(begin(), "Other")
	s.person = manager
	turn := s.turn(talk.Command)
	if err := s.engine.Leave(t.Context(), turn); err != nil || len(turn.Outs) != 0 {
		t.Errorf("a manager is reminded of a resident's form: %v %+v", err, turn.Outs)
	}
	wantText(t, s.tap(at, "Back"), "another role")
	wantText(t, begin(), "category?")
	s.person = resident
	wantText(t, s.say("text"), "another role")
}

// aDraftIsOfferedToTheRoleItWasBegunIn and to no other.
func aDraftIsOfferedToTheRoleItWasBegunIn(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	resident, manager := s.person, &talk.Person{ID: "p", Role: api.RoleManager}
	begin := func() talk.Screen {
		turn := s.turn(talk.Command)
		if err := s.engine.Begin(t.Context(), turn, "long", flow.Data{}); err != nil {
			t.Fatal(err)
		}
		return screen(t, turn)
	}
	s.tap(begin(), "Other")
	at := s.say("leaking")
	s.person = manager
	wantText(t, s.tap(at, "Done"), "another role")
	wantText(t, begin(), "category?")
	s.person = resident
	offered := begin()
	wantText(t, offered, "unfinished", "leaking")
	s.person = manager
	wantText(t, s.tap(offered, "Continue"), "another role")
	s.person = resident
	wantText(t, s.tap(offered, "Continue"), "photos: 0")
}

func aRecordOfAnotherProgramIsLostPolitely(t *testing.T, env *natstest.Env) {
	bucket, err := env.Conn.JS.KeyValue(t.Context(), nats.BucketFSM)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"a newer schema":      `{"schema":99,"open":{"flow":"sample"}}`,
		"no record":           `]`,
		"a form that is gone": `{"schema":1,"open":{"flow":"gone","step":"x","data":{"nonce":"n"},"touched":"` + monday.Format(time.RFC3339) + `"}}`,
		"a step that is gone": `{"schema":1,"open":{"flow":"sample","step":"x","data":{"nonce":"n"},"touched":"` + monday.Format(time.RFC3339) + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			for how, act := range map[string]func(s *scene) talk.Screen{
				"a text": func(s *scene) talk.Screen { return s.say("x") },
				"a tap": func(s *scene) talk.Screen {
					turn := s.turn(talk.Tap)
					if err := s.call(s.engine, turn, talk.Call{Do: flow.PickDo, Args: []string{"n", "x"}}); err != nil {
						t.Fatal(err)
					}
					return screen(t, turn)
				},
			} {
				s := newScene(t, env)
				if _, err := bucket.Put(t.Context(), flow.Key(s.turn(talk.Text).Update), []byte(raw)); err != nil {
					t.Fatal(err)
				}
				if got := act(s); !strings.Contains(got.Text, "cannot open the old draft") {
					t.Errorf("%s: %q", how, got.Text)
				}
				wantText(t, s.begin(), "category?")
			}
		})
	}
}

func twoReplicasAdvanceAFormOnce(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.tap(s.begin(), "Other")
	engines := []*flow.Engine{s.engine, s.another()}
	var turns []*talk.Turn
	for range 20 {
		turns = append(turns, s.turn(talk.Photo, func(t *talk.Turn) { t.File = &talk.File{ID: "f", Unique: strconv.FormatInt(t.ID%4, 10)} }))
	}
	s.say("text")
	var wg sync.WaitGroup
	for i, turn := range turns {
		wg.Go(func() {
			if _, err := engines[i%2].Handle(t.Context(), turn); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if open := s.open(); len(open.Data.Photos) != 4 {
		t.Errorf("%d photos, want the 4 that were sent", len(open.Data.Photos))
	}
}

// whatAnotherReplicaWroteIsSeen goes on with a replica that remembers an older
// record than the one in the bucket.
func whatAnotherReplicaWroteIsSeen(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	here, there := s.engine, s.another()
	first := s.begin()
	s.engine = there
	s.tap(first, "Other")
	s.engine = here
	wantText(t, s.tap(first, "Lift"), "text?") // would be written, and is not
	photos := s.say("words")
	s.engine = there
	confirm := s.tap(photos, "Done")
	s.engine = here
	photos = s.tap(confirm, "Back") // nothing would be written: of no step that is known here
	wantText(t, photos, "step 3 of 4")
	confirm = s.tap(photos, "Done")
	s.engine = there
	s.tap(confirm, "Cancel")
	s.engine = here
	if s.tap(confirm, "Send"); len(s.done) != 0 {
		t.Error("a form that was cancelled on another replica is carried out")
	}
}
