package requests_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ukbot/botgw/talk"
	"ukbot/botgw/talk/talktest"
)

// said is all that a turn answers, as it is written in golden files.
func said(t *testing.T, turn *talk.Turn) string {
	t.Helper()
	var b strings.Builder
	for _, out := range turn.Outs {
		talktest.Check(t, out)
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
