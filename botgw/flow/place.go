package flow

import (
	"context"
	"errors"
	"slices"

	"ukbot/botgw/talk"
)

// place decides where a step is shown: pictures sent as one are counted in one
// message. Of two messages that ask, the older one would only confuse: its buttons
// go. So it is remembered which one it is. The newest keeps its buttons, though an
// older one was tapped and shows the step as well: it is where people look.
func (e *Engine) place(t *talk.Turn, r *Record, screen talk.Screen) {
	at, key, album, menu := *r.Open, Key(t.Update), t.Album, screen.Menu != nil
	out := talk.Out{Way: talk.Auto, Screen: screen}
	switch {
	case menu:
		out.Way = talk.New // an edit cannot bring a keyboard
	case album != "" && at.Album == album && at.Screen != 0:
		out.Way, out.Message = talk.Edit, at.Screen
	}
	out.Shown = func(message int) {
		if menu {
			message = 0 // its keys are no buttons of a message
		}
		if message != at.Screen || album != "" && album != at.Album {
			e.shown(key, at.Data.Nonce, album, message)
		}
	}
	if out.Way == talk.Auto && t.Kind == talk.Tap && t.Message < at.Screen {
		t.Show(screen)
		return
	}
	t.Outs = append(t.Outs, out)
	takeButtons(t, at.Screen, len(t.Outs)-1)
}

// shown remembers which message shows the step of a filling. Where it cannot, the
// next picture of an album is counted in a message of its own, and old buttons
// stay: a tap there is answered with the current step.
func (e *Engine) shown(key, nonce, album string, message int) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	for range attemptsMax {
		r, err := e.store.load(ctx, key)
		if err != nil || r.Open == nil || r.Open.Data.Nonce != nonce {
			return
		}
		r.Open.Album, r.Open.Screen = album, message
		if err := e.store.save(ctx, key, r); !errors.Is(err, errMoved) {
			return
		}
	}
}

// takeButtons takes the buttons away from a message, if what the turn shows since
// mark stands elsewhere.
func takeButtons(t *talk.Turn, message, mark int) {
	in := func(out talk.Out) bool {
		return out.Way == talk.Edit && out.Message == message ||
			out.Way == talk.Auto && t.Kind == talk.Tap && t.Message == message
	}
	speaks := func(out talk.Out) bool {
		return out.Way == talk.Auto || out.Way == talk.New || out.Way == talk.Edit
	}
	said := t.Outs[mark:]
	if message != 0 && slices.ContainsFunc(said, speaks) && !slices.ContainsFunc(said, in) {
		t.Outs = append(t.Outs, talk.Out{Way: talk.Unkey, Message: message})
	}
}

// over is the message that showed the last step of a form which this update ended;
// 0 for none. before is the form that was open when the update came. One that was
// set aside for another keeps its buttons: they lead back to its draft.
func (r *Record) over(before *Filling, update int64) int {
	switch {
	case before != nil && (r.Open == nil || r.Open.Data.Nonce != before.Data.Nonce && r.draft(before.Data.Nonce) == nil):
		return before.Screen
	case before != nil || r.Open != nil:
		return 0
	}
	// The update may have come before, and been answered by a process that was killed.
	if done := r.done(func(d Done) bool { return d.By == update }); done != nil {
		return done.Screen
	}
	for _, draft := range r.Drafts {
		if draft.By == update {
			return draft.Screen
		}
	}
	return 0
}

// keyboard follows whether a form's keyboard stands in place of the letters.
func (e *Engine) keyboard(r *Record, update int64) {
	stands := false
	if r.Open != nil {
		_, step, _ := e.current(r.Open)
		stands = step.Keyboard
	}
	if r.Keyboard && !stands {
		r.Cleared = update
	}
	r.Keyboard = stands
}

// takeKeyboard takes the keyboard away in front of what is said, unless that
// brings another.
func takeKeyboard(t *talk.Turn, r *Record, mark int) {
	another := func(out talk.Out) bool { return out.Screen.Menu != nil }
	if r.Cleared != t.ID || t.ID == 0 || slices.ContainsFunc(t.Outs[mark:], another) {
		return
	}
	away := talk.Out{Way: talk.New, Screen: talk.Screen{Text: t.Book.Text("flow.noted"), Menu: &talk.Menu{}}}
	t.Outs = append(t.Outs[:mark:mark], append([]talk.Out{away}, t.Outs[mark:]...)...)
}
