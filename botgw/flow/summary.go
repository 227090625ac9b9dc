package flow

import (
	"strings"
	"unicode/utf8"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// quoteMax is how many characters of somebody's text a summary shows. With
// twenty lines around it a message stays below Telegram's 4,096 units even if
// each of them is an emoji of two.
const quoteMax = 1000

// Summary is what a form holds so far, line by line, as Telegram's HTML.
func Summary(t *talk.Turn, d *Data) string {
	b := t.Book
	line := func(key, value string) string {
		if value == "" {
			return ""
		}
		return b.Text(key, words.Args{"Value": value})
	}
	named := func(subject, value string) string {
		if value == "" {
			return ""
		}
		return b.Plain(subject + "." + value)
	}
	lines := filled(
		line("flow.sum_request", d.Request),
		line("flow.sum_category", named("category", d.Category)),
		line("flow.sum_place", Place(b, d)),
		line("flow.sum_applicant", d.ApplicantName),
		line("flow.sum_urgency", named("urgency", d.Urgency)),
		line("flow.sum_executor", d.ExecutorName),
		line("flow.sum_name", d.Name),
		line("flow.sum_phone", d.Phone),
		line("flow.sum_text", Quote(d.Text)),
	)
	if n := len(d.Photos); n > 0 {
		lines = append(lines, b.Count("flow.photos", n))
	}
	return strings.Join(lines, "\n")
}

// Place is where a form is about, in words; "" where that is not chosen.
func Place(b words.Book, d *Data) string {
	switch {
	case d.BuildingName == "":
		return ""
	case d.Common:
		return b.Plain("flow.place_common", words.Args{"Address": d.BuildingName})
	case d.ApartmentName == "":
		return d.BuildingName
	}
	return b.Plain("flow.place_apartment", words.Args{"Address": d.BuildingName, "Number": d.ApartmentName})
}

// Quote is somebody's text, cut where it is long.
func Quote(text string) string {
	if utf8.RuneCountInString(text) <= quoteMax {
		return text
	}
	runes := []rune(text)
	return strings.TrimRight(string(runes[:quoteMax]), " \u200d\ufe0f") + "…"
}
