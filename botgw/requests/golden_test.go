package requests_test

import (
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
	"unicode/utf16"

	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
)

var update = flag.Bool("update", false, "rewrite golden files")

// said is all that a turn answers, as it is written in golden files.
func said(t *testing.T, turn *talk.Turn) string {
	t.Helper()
	var b strings.Builder
	for _, out := range turn.Outs {
		check(t, out)
		way := map[talk.Way]string{talk.Auto: "SHOW", talk.New: "SAY", talk.Toast: "TOAST", talk.Alert: "ALERT", talk.Edit: "EDIT", talk.Unkey: "UNKEY"}[out.Way]
		b.WriteString(way + "\n" + written(out.Screen) + "\n")
	}
	return b.String()
}

func written(s talk.Screen) string {
	var b strings.Builder
	b.WriteString(s.Text + "\n")
	for _, buttons := range s.Rows {
		for _, button := range buttons {
			fmt.Fprintf(&b, "[%s → %s]", button.Text, masked(strings.TrimSpace(button.Call.Do+" "+strings.Join(button.Call.Args, " "))))
		}
		b.WriteByte('\n')
	}
	for _, photo := range s.Photos {
		fmt.Fprintf(&b, "(photo %s)\n", photo.Name)
	}
	return b.String()
}

var (
	uuids  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	nonces = regexp.MustCompile(`\b(fp|fb|fx|fg|fa|fd) [a-z2-7]{8}\b`)
)

func masked(call string) string {
	return nonces.ReplaceAllString(uuids.ReplaceAllString(call, "ID"), "$1 NONCE")
}

// unsaid is a key that has no words.
var unsaid = regexp.MustCompile(`\b(requests|complete|reassign|act|flow|status|category|urgency|date|month|duration|button|problem)\.[a-z0-9_]+\b`)

// check holds an answer against Telegram's limits, and its text against its HTML.
func check(t *testing.T, out talk.Out) {
	t.Helper()
	s := out.Screen
	plain := out.Way == talk.Toast || out.Way == talk.Alert
	if n := len(utf16.Encode([]rune(s.Text))); plain && n > 200 {
		t.Errorf("a toast of %d units: %s", n, s.Text)
	}
	limit := telegram.TextMax
	if len(s.Photos) > 0 {
		limit = 1024 // of a caption
	}
	if n := telegram.Visible(s.Text); n > limit || n == 0 && out.Way != talk.Unkey {
		t.Errorf("a text of %d units: %s", n, s.Text)
	}
	if err := wellFormed(s.Text); !plain && err != nil {
		t.Errorf("%v in %s", err, s.Text)
	}
	if strings.Contains(s.Text, "<no value>") || unsaid.MatchString(s.Text) {
		t.Errorf("a text that lacks words: %s", s.Text)
	}
	buttons := slices.Concat(s.Rows...)
	if len(buttons) > 100 {
		t.Errorf("%d buttons", len(buttons))
	}
	for _, b := range buttons {
		if data := strings.Join(append([]string{b.Call.Do}, b.Call.Args...), ":"); len(data) > 64 {
			t.Errorf("%d bytes of callback data: %s", len(data), data)
		}
		if b.Text == "" || len([]rune(b.Text)) > 60 || unsaid.MatchString(b.Text) {
			t.Errorf("a button %q", b.Text)
		}
	}
}

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

// golden compares what was said with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.txt")
	if *update {
		must(t, os.MkdirAll(filepath.Dir(file), 0o750))
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s is not what is said now:\n%s", file, got)
	}
}

// has fails unless an answer of this way has the text in it.
func (p *phone) has(way talk.Way, text string) {
	p.t.Helper()
	for _, out := range p.turn.Outs {
		if out.Way == way && strings.Contains(out.Screen.Text, text) {
			return
		}
	}
	p.t.Errorf("%s: nothing of way %d says %q:\n%s", p.person.Name, way, text, said(p.t, p.turn))
}

// lacks fails if a button with these words is on the screen.
func (p *phone) lacks(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if _, there := p.button(text); there {
			p.t.Errorf("%s has the button %q on:\n%s", p.person.Name, text, written(p.screen))
		}
	}
}
