// Package spelling makes one form of the many ways a name is written here:
// Russian, Uzbek in Cyrillic and in Latin letters, with any apostrophe or none,
// and the usual transliterations. What sounds alike becomes alike, so different
// names may get one form. Only for searching: nothing of it is ever shown.
package spelling

import (
	"strings"
	"unicode"
)

// foldMax is the longest form, in bytes; a name with a phone, or an address, is
// far shorter. What is beyond is not found.
const foldMax = 1000

// Fold is the searchable form of a text: words of lower-case letters and
// digits with one space between. Folding a form again changes nothing.
func Fold(text string) string {
	latin := make([]rune, 0, min(len(text), foldMax)+8)
	for _, r := range text {
		if len(latin) >= 2*foldMax { // rules shorten, hardly ever to less than half
			break
		}
		latin = appendLatin(latin, unicode.ToLower(r))
	}
	return cut(rewrite(whole(latin)))
}

// appendLatin spells one lower-case letter in Latin; a sign becomes one space.
func appendLatin(latin []rune, r rune) []rune {
	if r < unicode.MaxASCII && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
		return append(latin, r)
	}
	if spelled, ok := letters[r]; ok {
		return append(latin, []rune(spelled)...)
	}
	switch {
	case unicode.Is(unicode.Mn, r): // й in two code points, accents
		return latin
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		return append(latin, r)
	case len(latin) > 0 && latin[len(latin)-1] != ' ':
		return append(latin, ' ')
	}
	return latin
}

// whole replaces beginnings of words that no rule on letters gets right.
func whole(latin []rune) []rune {
	text := " " + string(latin)
	for _, exception := range beginnings {
		text = strings.ReplaceAll(text, exception.from, exception.to)
	}
	return []rune(text[1:])
}

// rewrite applies the sounds' rules. After each letter it shortens the end of
// what it has until no rule fits; so the result holds nothing that a rule would
// change, and a second run changes nothing.
func rewrite(latin []rune) string {
	out := make([]rune, 0, len(latin))
	for i := 0; i < len(latin); i++ {
		next := ' '
		if i+1 < len(latin) {
			next = latin[i+1]
		}
		r := latin[i]
		if r == 'y' && next == 'o' && endsInConsonant(out) {
			i++ // Семён, Semyon, Семен
		}
		out = shorten(append(out, sound(r, next)))
	}
	return strings.TrimSpace(string(out))
}

// sound is the letter that stands for all that are mixed up with it.
func sound(r, next rune) rune {
	switch r {
	case 'o', 'u': // Тошкент, Ташкент; O‘ktam, Уктам, Oktam
		return 'a'
	case 'e', 'y':
		return 'i'
	case 'x':
		return 'h'
	case 'q':
		return 'k'
	case 'w':
		return 'v'
	case 'c':
		switch next {
		case 'h':
			return 'c'
		case 'e', 'i', 'y':
			return 's'
		}
		return 'k'
	}
	return r
}

func endsInConsonant(out []rune) bool {
	return len(out) > 0 && out[len(out)-1] >= 'b' && out[len(out)-1] <= 'z' && out[len(out)-1] != 'i'
}

// shorten applies the rules to the end of a word until none fits.
func shorten(out []rune) []rune {
	for again := true; again; {
		again = false
		if n := len(out); n > 1 && out[n-1] == out[n-2] && unicode.IsLetter(out[n-1]) {
			out, again = out[:n-1], true
		}
		for _, ending := range endings {
			if from := []rune(ending.from); endsWith(out, from) {
				out, again = append(out[:len(out)-len(from)], []rune(ending.to)...), true
			}
		}
	}
	return out
}

func endsWith(out, ending []rune) bool {
	return len(out) >= len(ending) && string(out[len(out)-len(ending):]) == string(ending)
}

// cut keeps the bound, between letters, and no half of "ch".
func cut(form string) string {
	if len(form) <= foldMax {
		return form
	}
	at := foldMax
	for form[at]&0xC0 == 0x80 {
		at--
	}
	return strings.TrimRight(form[:at], " c")
}
