package talktest

import (
	"slices"
	"strings"
	"testing"

	"ukbot/botgw/talk"
)

// failures counts what a check finds, in place of failing.
type failures struct {
	testing.TB
	n int
}

func (f *failures) Helper()               {}
func (f *failures) Errorf(string, ...any) { f.n++ }

func TestWhatTelegramWouldRefuseIsFound(t *testing.T) {
	button := func(text string, args ...string) [][]talk.Button {
		return [][]talk.Button{{{Text: text, Call: talk.Call{Do: "rv", Args: args}}}}
	}
	for name, tc := range map[string]struct {
		out  talk.Out
		want int
	}{
		"a fair answer":             {talk.Out{Screen: talk.Screen{Text: "<b>Заявка</b> &lt;3", Rows: button("Открыть", "251007-001")}}, 0},
		"an expandable quotation":   {talk.Out{Screen: talk.Screen{Text: "<blockquote expandable>…</blockquote>"}}, 0},
		"buttons that go":           {talk.Out{Way: talk.Unkey}, 0},
		"an empty text":             {talk.Out{}, 1},
		"a heart":                   {talk.Out{Screen: talk.Screen{Text: "I <3 you"}}, 1},
		"a tag that stays open":     {talk.Out{Screen: talk.Screen{Text: "<b>Заявка"}}, 1},
		"4,097 characters":          {talk.Out{Screen: talk.Screen{Text: strings.Repeat("ы", 4097)}}, 1},
		"a long caption":            {talk.Out{Screen: talk.Screen{Text: strings.Repeat("ы", 1025), Photos: []talk.Image{{}}}}, 1},
		"a long toast":              {talk.Out{Way: talk.Toast, Screen: talk.Screen{Text: strings.Repeat("ы", 201)}}, 1},
		"a key in place of words":   {talk.Out{Screen: talk.Screen{Text: "flow.canceled"}}, 1},
		"a value that is not there": {talk.Out{Screen: talk.Screen{Text: "&lt;no value> <no value>"}}, 2},
		"a button without words":    {talk.Out{Screen: talk.Screen{Text: "x", Rows: button("")}}, 1},
		"a button that asks much":   {talk.Out{Screen: talk.Screen{Text: "x", Rows: button("y", strings.Split(strings.Repeat("abcdefgh", 8), "d")...)}}, 1},
		"nine buttons in a row":     {talk.Out{Screen: talk.Screen{Text: "x", Rows: [][]talk.Button{slices.Repeat(button("y")[0], 9)}}}, 1},
		"a hundred and one buttons": {talk.Out{Screen: talk.Screen{Text: "x", Rows: slices.Repeat(button("y"), 101)}}, 1},
		"buttons and a keyboard":    {talk.Out{Screen: talk.Screen{Text: "x", Rows: button("y"), Menu: &talk.Menu{}}}, 1},
		"a long empty field":        {talk.Out{Screen: talk.Screen{Text: "x", Menu: &talk.Menu{Placeholder: strings.Repeat("ы", 65)}}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			found := &failures{TB: t}
			Check(found, tc.out)
			if found.n != tc.want {
				t.Errorf("%d faults, want %d", found.n, tc.want)
			}
		})
	}
}
