package speak

import (
	"html"
	"slices"
	"strings"

	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
)

const (
	captionMax = 1024 // UTF-16 units of visible text (core.telegram.org/bots/api#sendphoto)
	toastMax   = 200  // core.telegram.org/bots/api#answercallbackquery
)

// act is what a step does.
type act int

const (
	send act = iota
	edit
	photos
	unkey
	typing
)

// step is one message or change of one: what an Out comes to.
type step struct {
	act     act
	message int    // to edit or to take the keys from
	text    string // HTML, within Telegram's limit for what it goes into
	rows    [][]talk.Button
	menu    *talk.Menu
	images  []talk.Image
	shown   func(message int)
}

// name is the step's for the log.
func (s step) name() string {
	return [...]string{send: "send", edit: "edit", photos: "photos", unkey: "unkey", typing: "typing"}[s.act]
}

// plan is the steps of a turn's answers, in their order, and then the buttons that
// go: no answer waits for those. Words that answer a tap are not among them: see
// toast.
func plan(u talk.Update, outs []talk.Out) (steps []step) {
	var tidying []step
	tapped := 0 // the message that the next Auto edits
	if u.Kind == talk.Tap {
		tapped = u.Message
	}
	for _, out := range outs {
		switch out.Way {
		case talk.Toast, talk.Alert:
			if u.Query == "" {
				steps = append(steps, screen(0, talk.Screen{Text: html.EscapeString(out.Screen.Text)}, out.Shown)...)
			}
		case talk.Typing:
			steps = append(steps, step{act: typing})
		case talk.Unkey:
			tidying = append(tidying, step{act: unkey, message: out.Message})
		case talk.Edit:
			steps = append(steps, screen(out.Message, out.Screen, out.Shown)...)
		case talk.Auto:
			steps = append(steps, screen(tapped, out.Screen, out.Shown)...)
			if tapped != 0 && out.Screen.Menu != nil {
				// The screen came out as another message: the keys of the old one lead nowhere.
				tidying = append(tidying, step{act: unkey, message: tapped})
			}
			tapped = 0
		default:
			steps = append(steps, screen(0, out.Screen, out.Shown)...)
		}
	}
	return append(steps, tidying...)
}

// screen is the steps that show a screen, in the message with this id if it can
// be there: neither photos nor a reply keyboard can be edited in.
func screen(message int, s talk.Screen, shown func(int)) []step {
	words := step{act: send, text: telegram.Fit(s.Text, telegram.TextMax), rows: s.Rows, menu: s.Menu, shown: shown}
	switch {
	case len(s.Photos) > 0:
		return album(s.Photos, words)
	case message != 0 && s.Menu == nil:
		words.act, words.message = edit, message
	}
	return []step{words}
}

// album is photos with words: below the first if they fit there and need no
// keys that several photos cannot have, else as a message of its own after them.
func album(images []talk.Image, words step) (steps []step) {
	for some := range slices.Chunk(images, telegram.AlbumMax) {
		steps = append(steps, step{act: photos, images: some})
	}
	keys := len(words.rows) > 0 || words.menu != nil
	if telegram.Visible(words.text) > captionMax || keys && len(images) > 1 {
		return append(steps, words)
	}
	steps[0].text, steps[0].rows, steps[0].menu, steps[0].shown = words.text, words.rows, words.menu, words.shown
	return steps
}

// toast is the words that answer a tap, all of the turn in one, and whether the
// person is to close them.
func toast(outs []talk.Out) (text string, alert bool) {
	var words []string
	for _, out := range outs {
		if out.Way == talk.Toast || out.Way == talk.Alert {
			words = append(words, out.Screen.Text)
			alert = alert || out.Way == talk.Alert
		}
	}
	return telegram.Cut(strings.Join(words, "\n"), toastMax), alert
}
