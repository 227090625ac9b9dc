package words

import (
	"html"
	"strings"
	"testing"
	"unicode/utf16"
)

// limits are Telegram's, in UTF-16 units of visible text; of buttons, what a
// phone can show.
var limits = map[role]int{message: 4096, toast: 200, button: 64, emptyField: 64, description: 256}

// subjectRoles are subjects whose texts are always the same thing, wherever
// their keys are put together.
var subjectRoles = map[string]role{"button": button, "problem": toast, "command": description, "status": button, "category": button, "urgency": button, "role": button}

// longest is the longest plausible value of arguments by name; of any other
// name, a long line. What people write is bounded by the housing services.
var longest = map[string]string{
	"Text": strings.Repeat("Щ", 2000), "Description": strings.Repeat("Щ", 2000), "Comment": strings.Repeat("Щ", 2000),
	"Reason": strings.Repeat("Щ", 1000), "Answer": strings.Repeat("Щ", 2000),
	"Count": "99999", "Page": "999", "Pages": "999", "Number": "251007-10000", "N": "99", "Of": "99", "Step": "99", "Steps": "99",
	"Day": "31", "Year": "2026", "Month": "сентября", "Time": "23:59", "Percent": "100 %",
}

// longLine is the length of such a line; on a button it is cut to what is left.
var longLine = map[role]int{message: 100, toast: 60, button: 30, emptyField: 30, description: 30}

func longestOf(name string, r role) string {
	if value, known := longest[name]; known {
		return value
	}
	return strings.Repeat("Щ", longLine[r])
}

// longForm is a text with the longest arguments, as it is seen.
func longForm(text string, r role) string {
	text = argument.ReplaceAllStringFunc(text, func(at string) string { return longestOf(argument.FindStringSubmatch(at)[1], r) })
	return html.UnescapeString(tag.ReplaceAllString(text, ""))
}

func TestEveryTextFitsWithTheLongestData(t *testing.T) {
	uses, _ := usage(t)
	roles := map[string]map[role]bool{}
	be := func(key string, r role) {
		if roles[key] == nil {
			roles[key] = map[role]bool{}
		}
		roles[key][r] = true
	}
	for _, u := range uses {
		be(u.key, u.role)
	}
	for _, key := range keys(t, Languages[0]) {
		subject, _, _ := strings.Cut(key, ".")
		if r, all := subjectRoles[subject]; all {
			be(key, r)
		}
		be(key, message)
	}
	for _, language := range Languages {
		for key, given := range texts(t, language) {
			for _, text := range given {
				for r := range roles[key] {
					if units := len(utf16.Encode([]rune(longForm(text, r)))); units > limits[r] {
						t.Errorf("%s %s has %d characters with the longest data, a %s has at most %d", language, key, units, r, limits[r])
					}
				}
			}
		}
	}
}
