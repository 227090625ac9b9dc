package telegram

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// TextMax is Telegram's limit for one message, in UTF-16 code units after markup
// is parsed (core.telegram.org/bots/api#sendmessage). Longer text is refused with 400.
const TextMax = 4096

// CaptionMax is that of a caption, ToastMax of the answer to a tap, which is plain.
const (
	CaptionMax = 1024
	ToastMax   = 200
)

const ellipsis = "…"

// Line makes what somebody else wrote fit to stand in a message: one line of
// valid characters, at most limit UTF-16 units, unable to turn the direction of what
// stands around it. It is not escaped: the template does that.
func Line(s string, limit int) string {
	rightToLeft := false
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embeddings, overrides, isolates
			return -1
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko):
			rightToLeft = true
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = Cut(strings.Join(strings.Fields(s), " "), limit)
	if rightToLeft {
		return "\u2068" + s + "\u2069" // first strong isolate … pop
	}
	return s
}

// Cut shortens a text to limit UTF-16 units, the ellipsis included.
func Cut(s string, limit int) string {
	units, end := 0, 0 // end: where the text must stop if it turns out too long
	for i, r := range s {
		if units <= limit-1 {
			end = i
		}
		if units += utf16.RuneLen(r); units > limit {
			// Half of a joined emoji is another emoji; a dangling joiner is a box.
			return strings.TrimRight(s[:end], " \u200d\ufe0f") + ellipsis
		}
	}
	return s
}

// Fit shortens a message of Telegram's HTML to limit UTF-16 units of visible
// text. Tags stay whole and what is open at the cut is closed. Every "<" must
// begin a tag and every "&" a reference, as html/template writes them.
func Fit(markup string, limit int) string {
	if Visible(markup) <= limit {
		return markup
	}
	var b strings.Builder
	var open []string
	for units := 0; markup != ""; {
		piece, width := nextPiece(markup)
		if units += width; units > limit-1 {
			break
		}
		open = nest(open, piece)
		b.WriteString(piece)
		markup = markup[len(piece):]
	}
	b.WriteString(ellipsis)
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteString("</" + open[i] + ">")
	}
	return b.String()
}

// nest follows which tags are open after piece.
func nest(open []string, piece string) []string {
	switch {
	case strings.HasPrefix(piece, "</") && len(open) > 0:
		return open[:len(open)-1]
	case strings.HasPrefix(piece, "<") && !strings.HasPrefix(piece, "</"):
		name, _, _ := strings.Cut(strings.Trim(piece, "<>"), " ")
		return append(open, name)
	}
	return open
}

// nextPiece is the first tag, reference or character of markup and how many UTF-16
// units of it are seen.
func nextPiece(markup string) (piece string, width int) {
	switch markup[0] {
	case '<':
		if end := strings.IndexByte(markup, '>'); end > 0 {
			return markup[:end+1], 0
		}
	case '&':
		if end := strings.IndexByte(markup, ';'); end > 0 {
			return markup[:end+1], len(utf16.Encode([]rune(html.UnescapeString(markup[:end+1]))))
		}
	}
	for i, r := range markup {
		if i > 0 {
			return markup[:i], width
		}
		width = max(1, utf16.RuneLen(r))
	}
	return markup, width
}

// Visible is how many UTF-16 units of a message Telegram counts.
func Visible(markup string) (units int) {
	for markup != "" {
		piece, width := nextPiece(markup)
		units, markup = units+width, markup[len(piece):]
	}
	return units
}

// tag is what looks like one of Telegram's tags.
var tag = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)

// Plain is the message without its markup: what is sent when Telegram cannot read
// that. What is no tag stays, even a "<" that should have been escaped.
func Plain(markup string) string {
	return html.UnescapeString(tag.ReplaceAllString(markup, ""))
}
