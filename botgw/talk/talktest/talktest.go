// Package talktest holds what the bot answers against Telegram's limits. It is
// for tests only.
package talktest

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
)

// Telegram's limits (core.telegram.org/bots/api); beyond them a message is
// refused. Of a button's text nothing is published: longer ones are cut on a phone.
const (
	toastMax       = 200
	captionMax     = 1024
	buttonsMax     = 100
	rowMax         = 8
	labelMax       = 64
	dataMax        = 64 // bytes
	placeholderMax = 64
)

// unsaid is a key that has no words.
var unsaid = regexp.MustCompile(`\b(act|admin|button|cancel|category|comment|complete|create|date|duration|flow|gate|gateway|help|hint|hooks?|menu|month|number|person|problem|reassign|register|relation|requests|role|settings|shifts?|stats|status|urgency|weekday)\.[a-z0-9_]+\b`)

// Check fails where an answer is beyond Telegram's limits, is no HTML, or lacks words.
func Check(t testing.TB, out talk.Out) {
	t.Helper()
	if out.Way == talk.Unkey || out.Way == talk.Typing {
		return // they say nothing
	}
	text(t, out)
	for _, row := range out.Screen.Rows {
		if len(row) > rowMax {
			t.Errorf("%d buttons in a row", len(row))
		}
	}
	all := slices.Concat(out.Screen.Rows...)
	if len(all) > buttonsMax {
		t.Errorf("%d buttons", len(all))
	}
	for _, b := range all {
		if label(b.Text) || packed(b.Call) > dataMax {
			t.Errorf("a button %q of %d bytes of data: %+v", b.Text, packed(b.Call), b.Call)
		}
	}
	if menu := out.Screen.Menu; menu != nil {
		keys(t, out.Screen)
	}
}

func text(t testing.TB, out talk.Out) {
	t.Helper()
	s := out.Screen.Text
	if strings.Contains(s, "<no value>") || unsaid.MatchString(s) {
		t.Errorf("a text that lacks words: %s", s)
	}
	if out.Way == talk.Toast || out.Way == talk.Alert { // plain
		if n := len(utf16.Encode([]rune(s))); n == 0 || n > toastMax {
			t.Errorf("a toast of %d units: %s", n, s)
		}
		return
	}
	limit := telegram.TextMax
	if len(out.Screen.Photos) > 0 {
		limit = captionMax
	}
	if n := telegram.Visible(s); n == 0 || n > limit {
		t.Errorf("a text of %d units: %s", n, s)
	}
	if err := wellFormed(s); err != nil {
		t.Errorf("%v in %s", err, s)
	}
}

func keys(t testing.TB, s talk.Screen) {
	t.Helper()
	if len(s.Rows) > 0 {
		t.Errorf("a keyboard and buttons below one message: %s", s.Text)
	}
	if n := len([]rune(s.Menu.Placeholder)); n > placeholderMax {
		t.Errorf("a placeholder of %d characters: %s", n, s.Menu.Placeholder)
	}
	for _, key := range slices.Concat(s.Menu.Rows...) {
		if label(key.Text) {
			t.Errorf("a key %q", key.Text)
		}
	}
}

// label says whether a button's text is none.
func label(text string) bool {
	return text == "" || len([]rune(text)) > labelMax || unsaid.MatchString(text)
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	cursors = regexp.MustCompile(`[A-Za-z0-9_-]{25,}`)
)

// packed is how long a call's callback data is: an id takes 24 bytes there, and
// what goes on a list waits in a bucket behind a token.
func packed(c talk.Call) int {
	data := strings.Join(append([]string{c.Do}, c.Args...), ":")
	return len(cursors.ReplaceAllString(uuids.ReplaceAllString(data, strings.Repeat("i", 24)), ""))
}

// wellFormed says what is wrong with Telegram's HTML.
func wellFormed(markup string) error {
	markup = strings.ReplaceAll(markup, "<blockquote expandable>", "<blockquote>")
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
