package flow

import (
	"strings"
	"unicode"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// asksToCancel recognises the command, and the button's words in any language,
// with its mark or without.
func asksToCancel(t *talk.Turn) bool {
	return t.Kind == talk.Command && t.Command == "cancel" || t.Kind == talk.Text && says(t.Text, "button.cancel")
}

func asksBack(t *talk.Turn) bool { return t.Kind == talk.Text && says(t.Text, "button.back") }

// says whether a text is that of a button, in whatever language.
func says(text, button string) bool {
	text = bare(text)
	for _, language := range words.Languages {
		if text == bare(words.For(language).Plain(button)) {
			return true
		}
	}
	return false
}

// bare is a text without marks, in lower case: what people write of a button.
func bare(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("ʻʼ'`‘’", r):
			return '\''
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
