package flow_test

import (
	"slices"
	"testing"
	"time"

	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/nats/natstest"
)

// screens is a chat as it looks: which messages have buttons.
type screens struct {
	*scene
	last    int                 // message
	showing map[int]talk.Screen // those with buttons
}

func newScreens(t *testing.T, env *natstest.Env) *screens {
	return &screens{scene: newScene(t, env), last: 1000, showing: map[int]talk.Screen{}}
}

// deliver does with a turn's answers what the speaker does.
func (s *screens) deliver(turn *talk.Turn, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, out := range turn.Outs {
		at := out.Message
		switch {
		case out.Way == talk.Unkey:
			delete(s.showing, at)
			continue
		case out.Way == talk.Toast:
			continue
		case out.Way == talk.Auto && turn.Kind == talk.Tap:
			at = turn.Message
		case out.Way != talk.Edit:
			s.last++
			at = s.last
		}
		if delete(s.showing, at); len(out.Screen.Rows) > 0 {
			s.showing[at] = out.Screen
		}
		if out.Shown != nil {
			out.Shown(at)
		}
	}
}

func (s *screens) opens(form string) {
	s.t.Helper()
	t := s.turn(talk.Command)
	s.deliver(t, s.engine.Begin(s.t.Context(), t, form, flow.Data{Request: form}))
}

func (s *screens) sends(kind talk.Kind, change ...func(*talk.Turn)) *talk.Turn {
	s.t.Helper()
	t := s.turn(kind, change...)
	_, err := s.engine.Handle(s.t.Context(), t)
	s.deliver(t, err)
	return t
}

func (s *screens) writes(text string) *talk.Turn {
	s.t.Helper()
	return s.sends(talk.Text, saying(text))
}

// taps taps a button of the message that shows it; the newest of several.
func (s *screens) taps(label string) {
	s.t.Helper()
	for message := s.last; message > 1000; message-- {
		for _, row := range s.showing[message].Rows {
			for _, b := range row {
				if b.Text == label {
					t := s.turn(talk.Tap, func(t *talk.Turn) { t.Message = message })
					s.deliver(t, s.call(s.engine, t, b.Call))
					return
				}
			}
		}
	}
	s.t.Fatalf("no button %q in %v", label, s.showing)
}

// want holds the messages that have buttons against those there should be.
func (s *screens) want(what string, messages ...int) {
	s.t.Helper()
	var got []int
	for message := range s.showing {
		got = append(got, message)
	}
	slices.Sort(got)
	if !slices.Equal(got, messages) {
		s.t.Errorf("%s: buttons below %v, want them below %v", what, got, messages)
	}
}

// Of a form only the message that asks has buttons.
func onlyTheCurrentStepHasButtons(t *testing.T, env *natstest.Env) {
	s := newScreens(t, env)
	s.opens("sample")
	s.want("the first step", 1001)
	s.writes("what?")
	s.want("after a text that fits nowhere", 1002)
	s.taps("Other")
	s.want("a tap changes the message", 1002)
	said := s.writes("text")
	s.want("after an answer in words", 1003)
	photo := func(t *talk.Turn) { t.Album, t.File = "a", &talk.File{ID: "1", Unique: "u1"} }
	s.sends(talk.Photo, photo)
	s.want("after a photo", 1004)
	s.sends(talk.Photo, photo)
	s.want("after another of the album", 1004)
	again := s.turn(talk.Text, saying("text"), func(t *talk.Turn) { t.Update.ID = said.ID })
	_, err := s.engine.Handle(t.Context(), again)
	s.deliver(again, err)
	s.want("after an update that comes again", 1005)
	s.engine = s.another()
	s.sends(talk.Sticker)
	s.want("after a sticker, at another replica", 1006)
	leave := s.turn(talk.Command)
	s.deliver(leave, s.engine.Leave(t.Context(), leave))
	s.want("a command leaves the form where it is", 1006, 1007)
	s.taps("▶️ Continue")
	s.want("it goes on in the message of the reminder", 1007)
	s.taps("Done")
	s.taps("Send")
	s.want("carried out")
}

// However a form ends, none of its buttons stays behind.
func aFormThatEndsLeavesNoButtons(t *testing.T, env *natstest.Env) {
	for name, tc := range map[string]struct {
		end  func(s *screens)
		want []int
	}{
		"cancelled in words":          {func(s *screens) { s.writes("text"); s.writes("cancel") }, []int{1003}}, // the draft is offered
		"cancelled with nothing said": {func(s *screens) { s.writes("cancel") }, nil},
		"late": {func(s *screens) {
			s.writes("text")
			s.now = s.now.Add(2 * time.Hour)
			s.writes("hello?")
		}, []int{1003}},
		"for another, with nothing said": {func(s *screens) { s.opens("other") }, []int{1002}},
		"for another, as a draft": {func(s *screens) {
			s.writes("text")
			s.opens("other")
		}, []int{1002, 1003}}, // the buttons lead back to it
		"and the draft is taken up in another message": {func(s *screens) {
			s.writes("text")
			s.opens("other")
			s.opens("sample")
			s.taps("▶️ Continue")
		}, []int{1004}},
	} {
		s := newScreens(t, env)
		s.opens("sample")
		s.taps("Other")
		tc.end(s)
		s.want(name, tc.want...)
	}
}

// Whoever cancels in words and is answered twice sees no more buttons than once.
func aFormThatEndsTwiceLeavesNoButtons(t *testing.T, env *natstest.Env) {
	s := newScreens(t, env)
	s.opens("sample")
	s.taps("Other")
	s.writes("text")
	turn := s.turn(talk.Text, saying("cancel"))
	for range 2 { // the first time the process is killed before it answers
		turn.Outs = nil
		if _, err := s.engine.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
	}
	s.deliver(turn, nil)
	s.want("cancelled twice", 1003)
}

// An offer is no step: whoever passes it by goes on where they are.
func anOfferLeavesTheOpenFormItsButtons(t *testing.T, env *natstest.Env) {
	s := newScreens(t, env)
	s.opens("sample")
	s.taps("Other")
	s.writes("text")
	s.opens("other")
	s.opens("sample")
	s.want("the draft is offered", 1002, 1003, 1004)
}

// A tap below an older message is answered there, and takes nothing from the newest.
func theNewestMessageKeepsItsButtons(t *testing.T, env *natstest.Env) {
	s := newScreens(t, env)
	s.opens("sample")
	old := s.showing[1001]
	s.opens("sample") // tapped before it was seen
	tap := s.turn(talk.Tap, func(t *talk.Turn) { t.Message = 1001 })
	s.deliver(tap, s.call(s.engine, tap, button(t, old, "Other")))
	s.want("a form begun twice, and the first tapped", 1001, 1002)
	s.taps("Other")
	wantText(t, s.showing[1002], "text?")
}
