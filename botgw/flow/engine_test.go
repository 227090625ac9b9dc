package flow_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
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
		"a form is of the role it was begun in":        aFormIsOfTheRoleItWasBegunIn,
		"a draft is offered to that role alone":        aDraftIsOfferedToTheRoleItWasBegunIn,
		"a record of another program is lost politely": aRecordOfAnotherProgramIsLostPolitely,
		"two replicas advance a form once":             twoReplicasAdvanceAFormOnce,
		"what another replica wrote is seen":           whatAnotherReplicaWroteIsSeen,
		"only the current step has buttons":            onlyTheCurrentStepHasButtons,
		"a form that ends leaves no buttons":           aFormThatEndsLeavesNoButtons,
		"the newest message keeps its buttons":         theNewestMessageKeepsItsButtons,
		"a form that ends twice leaves no buttons":     aFormThatEndsTwiceLeavesNoButtons,
		"an offer leaves the open form its buttons":    anOfferLeavesTheOpenFormItsButtons,
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
