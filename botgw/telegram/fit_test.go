package telegram

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestWhatOthersWroteIsMadeFit(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"short text stays":                    {"Квартира 5", 100, "Квартира 5"},
		"markup stays, escaping is for later": {"<3 & <b>", 100, "<3 & <b>"},
		"lines become one":                    {" a\r\n\tb\u0085c ", 100, "a b c"},
		"control characters go":               {"a\x00b\x1bc", 100, "a b c"},
		"broken bytes are shown as such":      {"a\xffb", 100, "a\ufffdb"},
		"direction overrides go":              {"a\u202eb\u2067c", 100, "abc"},
		"right to left is kept apart":         {"שלום", 100, "\u2068שלום\u2069"},
		"exactly the limit":                   {"12345", 5, "12345"},
		"one over the limit":                  {"123456", 5, "1234…"},
		"a surrogate pair is not cut":         {"abc😀d", 5, "abc…"},
		"a joined emoji loses its joiner":     {"ab👩‍👩", 5, "ab👩…"}, // the pair is two units, the joiner one
		"no room for words ends in no space":  {"ab cd", 4, "ab…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Line(tc.in, tc.limit); got != tc.want {
				t.Errorf("Line(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func TestAMessageIsCutBetweenTags(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"it fits":                       {"<b>abc</b>", 3, "<b>abc</b>"},
		"an open tag is closed":         {"<b>abcd</b>", 3, "<b>ab…</b>"},
		"two open tags":                 {`<b>a<a href="x">bcd</a></b>`, 3, `<b>a<a href="x">b…</a></b>`},
		"a closed tag stays closed":     {"<b>a</b>bcde", 3, "<b>a</b>b…"},
		"a reference is one character":  {"&lt;&lt;&lt;", 3, "&lt;&lt;&lt;"},
		"a reference is not cut":        {"&lt;&amp;&#34;x", 3, "&lt;&amp;…"},
		"a reference to a pair is two":  {"&#128512;&#128512;", 3, "&#128512;…"},
		"an emoji counts two":           {"😀😀", 3, "😀…"},
		"tags count nothing at the end": {"ab<b>c</b>", 3, "ab<b>c</b>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Fit(tc.in, tc.limit); got != tc.want {
				t.Errorf("Fit(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func TestPlainTextIsWhatWouldHaveBeenSeen(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"tags and references":  {`<b>5 &lt; 6</b> &amp; <a href="x">l&#39;oʻq</a>`, "5 < 6 & l'oʻq"},
		"what is no tag stays": {"5 < 6 <b>7 & <3", "5 < 6 7 & <3"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Plain(tc.in); got != tc.want {
				t.Errorf("Plain(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add(strings.Repeat("щ ", 4000), 700)
	f.Add("👩‍👩‍👧\xff<b>", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + max(0, limit%5000)
		got := Line(s, limit)
		if units := len(utf16.Encode([]rune(got))); units > limit+2 || !utf8.ValidString(got) { // two marks of direction
			t.Errorf("Line(%q, %d) = %q with %d units", s, limit, got, units)
		}
	})
}
