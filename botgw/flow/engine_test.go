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

// TestEngine shares one server: each scene is of another chat.
func TestEngine(t *testing.T) {
	env := natstest.Start(t)
	for name, test := range map[string]func(*testing.T, *natstest.Env){
		"a form is walked through":                     aFormIsWalkedThrough,
		"a command replies while a form is open":       aCommandRepliesWhileAFormIsOpen,
		"what is written can cancel and go back":       whatIsWrittenCanCancelAndGoBack,
		"answers that do not fit":                      answersThatDoNotFit,
		"an update that comes again":                   anUpdateThatComesAgain,
		"what becomes of an answer":                    whatBecomesOfAnAnswer,
		"albums are counted in one message":            albumsAreCountedInOneMessage,
		"time runs out":                                timeRunsOut,
		"a draft lives for a day":                      aDraftLivesForADay,
		"another form sets the open one aside":         anotherFormSetsTheOpenOneAside,
		"buttons of other forms and steps":             buttonsOfOtherFormsAndSteps,
		"services away at the end":                     servicesAwayAtTheEnd,
		"roles":                                        roles,
		"a record of another program is lost politely": aRecordOfAnotherProgramIsLostPolitely,
		"two replicas advance a form once":             twoReplicasAdvanceAFormOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, env) })
	}
}

func aFormIsWalkedThrough(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	at := s.begin()
	wantText(t, at, "step 1 of 4", "category?")
	at = s.tap(at, "Lift")
	wantText(t, at, "step 2 of 5", "text?")
	at = s.say("  <3 шум\nв лифте ")
	wantText(t, at, "step 3 of 5", "which lift?")
	at = s.tap(s.tap(s.tap(at, "Left"), "Done"), "Back")
	wantText(t, at, "step 4 of 5", "photos: 0")
	at = s.tap(s.tap(at, "Done"), "Send")
	if wantText(t, at, "done"); len(s.done) != 1 || s.done[0].Text != "<3 шум\nв лифте" || s.done[0].Category != "lift" {
		t.Errorf("finished with %+v", s.done)
	}
	if s.open() != nil {
		t.Error("the form is open after it was carried out")
	}
	if handled, err := s.engine.Handle(t.Context(), s.turn(talk.Text, saying("more"))); handled || err != nil {
		t.Errorf("a text without a form: handled %t, %v", handled, err)
	}
}

func aCommandRepliesWhileAFormIsOpen(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	at := s.tap(s.begin(), "Other")
	turn := s.turn(talk.Command)
	if err := s.engine.Leave(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	wantText(t, screen(t, turn), "Not finished", "New request")
	wantText(t, s.tap(screen(t, turn), "Continue"), "text?")
	s.say("something")
	if s.tap(at, "Cancel"); s.open() == nil {
		t.Error("cancel of an older step cancels")
	}
}

func whatIsWrittenCanCancelAndGoBack(t *testing.T, env *natstest.Env) {
	for _, text := range []string{"❌ Отмена", "отмена", "Bekor qilish", "❌ Bekor qilish", "Cancel", "CANCEL"} {
		s := newScene(t, env)
		s.tap(s.begin(), "Other")
		if wantText(t, s.say(text), "Cancelled"); s.open() != nil {
			t.Errorf("%q leaves the form open with %+v", text, s.open())
		}
	}
	for _, text := range []string{"← Назад", "orqaga", "Back"} {
		s := newScene(t, env)
		s.tap(s.begin(), "Other")
		wantText(t, s.say(text), "category?")
	}
}

func answersThatDoNotFit(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.begin()
	for kind, want := range map[talk.Kind]string{
		talk.Text: "choose with the buttons", talk.Photo: "No photo", talk.Voice: "voice", talk.Sticker: "sticker", talk.Contact: "contact",
		talk.Location: "location", talk.Document: "file", talk.Video: "videos", talk.Command: "/cancel", talk.Other: "does not fit",
	} {
		wantText(t, s.send(s.turn(kind, saying("x"))), want, "category?")
	}
	wantText(t, s.say("lift"), "text?") // the label, written
	wantText(t, s.say(strings.Repeat("ы", flow.TextMax+1)), "by 1 character.", "text?")
	wantText(t, s.say(strings.Repeat("😀", 5000)), "by 3000 characters.")
	wantText(t, s.say(" \u200b\n "), "empty")
	if open := s.open(); open.Data.Text != "" || open.Step != "text" {
		t.Errorf("kept %+v", open)
	}
	if wantText(t, s.say(strings.Repeat("ы", flow.TextMax)), "which lift?"); s.open().Data.Text != strings.Repeat("ы", flow.TextMax) {
		t.Error("a text of the longest length is not kept as it was")
	}
}

func anUpdateThatComesAgain(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.tap(s.begin(), "Other")
	turn := s.turn(talk.Text, saying("a text"))
	s.send(turn)
	turn.Outs = nil
	wantText(t, s.send(turn), "photos: 0")
	photo := s.turn(talk.Photo, func(t *talk.Turn) { t.File = &talk.File{ID: "1", Unique: "u1"} })
	s.send(photo)
	photo.Outs = nil
	at := s.send(photo)
	wantText(t, at, "photos: 1")
	at = s.tap(at, "Done")
	send := s.turn(talk.Tap)
	call := button(t, at, "Send")
	for range 3 {
		send.Outs = nil
		if err := s.call(s.engine, send, call); err != nil {
			t.Fatal(err)
		}
		wantText(t, screen(t, send), "done a text")
	}
	wantText(t, s.tap(at, "Send"), "done a text") // a double tap is another update
	if len(s.done) != 1 {
		t.Errorf("carried out %d times", len(s.done))
	}
}

// The figures tell where people stop and why.
func whatBecomesOfAnAnswer(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	want := func(step, outcome string) {
		t.Helper()
		if s.last.Step != step || s.last.Outcome != outcome {
			t.Errorf("step %q, outcome %q, want %q, %q", s.last.Step, s.last.Outcome, step, outcome)
		}
	}
	first := s.begin()
	want("sample/category", "begun")
	s.say("what?")
	want("sample/category", "unfit")
	s.tap(first, "Other")
	want("sample/text", "")
	s.say(" ")
	want("sample/text", "complaint")
	s.tap(first, "Lift")
	want("sample/text", "stale")
	at := s.tap(s.tap(s.say("text"), "Back"), "Cancel")
	want("sample/text", "cancelled")
	at = s.tap(at, "Continue")
	s.say("text")
	s.now = s.now.Add(2 * time.Hour)
	s.tap(at, "Back")
	want("sample/photos", "late")
}

func albumsAreCountedInOneMessage(t *testing.T, env *natstest.Env) {
	s := newScene(t, env)
	s.tap(s.begin(), "Other")
	s.say("text")
	for i := range 7 {
		turn := s.turn(talk.Photo, func(t *talk.Turn) { t.Album, t.File = "a", &talk.File{ID: strconv.Itoa(i), Unique: strconv.Itoa(i)} })
		s.send(turn)
		out := turn.Outs[0]
		switch {
		case i == 0:
			out.Shown(4711)
		case out.Way != talk.Edit || out.Message != 4711:
			t.Errorf("picture %d is answered by %+v", i, out)
		}
		want := "photos: " + strconv.Itoa(min(i+1, flow.PhotosMax))
		if wantText(t, out.Screen, want); i >= flow.PhotosMax {
			wantText(t, out.Screen, "At most 5 photos")
		}
	}
}

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
