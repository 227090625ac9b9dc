package botgw

import (
	"embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

// languages is what the bot can write in.
var languages = words.Languages

//go:embed notices/*.tmpl
var noticeFiles embed.FS

// noticeTexts is the templates by language.
var noticeTexts = parseNotices()

func parseNotices() map[string]*template.Template {
	texts := map[string]*template.Template{}
	for _, language := range languages {
		book := words.For(language)
		funcs := template.FuncMap{
			"text": telegram.Line,
			"address": func(address, apartment string) string {
				return telegram.Line(book.Address(address, apartment), addressMax)
			},
			"money": func(minor int64, code string) string { return money(language, minor, code) },
			"stars": words.Rating,
			// Services may know names that this program does not yet: they are cut like any text.
			"status":   func(name string) string { return telegram.Line(book.Status(name), nameMax) },
			"category": func(name string) string { return telegram.Line(book.Category(name), nameMax) },
			"urgency":  func(name string) string { return telegram.Line(book.Urgency(name), nameMax) },
			"role":     func(name string) string { return telegram.Line(book.Role(name), nameMax) },
			"relation": func(name string) string { return telegram.Line(book.Relation(name), nameMax) },
			"day":      func(at time.Time) string { return day(book, at) },
			"span":     func(from, to time.Time) string { return span(book, from, to) },
		}
		texts[language] = template.Must(template.New(language).Funcs(funcs).ParseFS(noticeFiles, "notices/*."+language+".tmpl"))
	}
	return texts
}

// Bounds of what stands in notices, in UTF-16 units.
const (
	nameMax    = 50 // the name of a status and the like
	addressMax = 300
)

// day is a date that is right whenever it is read: "пн, 24 ноября".
func day(book words.Book, at time.Time) string {
	return book.Weekday(at, at.Location()) + ", " + book.Plain("date.day", words.Args{
		"Day": at.Day(), "Month": book.Plain("month." + strconv.Itoa(int(at.Month()))),
	})
}

func clock(at time.Time) string { return at.Format("15:04") }

// span is "пн, 24 ноября, 20:00–08:00"; from a day on it names its last one too.
func span(book words.Book, from, to time.Time) string {
	begins := day(book, from) + ", " + clock(from)
	if to.Sub(from) < 24*time.Hour {
		return begins + "–" + clock(to)
	}
	return begins + " – " + day(book, to) + ", " + clock(to)
}

// render writes a notice, within Telegram's limit.
func render(name, language string, view any) (string, error) {
	texts, known := noticeTexts[language]
	if !known {
		return "", fmt.Errorf("notice %s: no language %q", name, language)
	}
	var b strings.Builder
	if err := texts.ExecuteTemplate(&b, name, view); err != nil {
		return "", fmt.Errorf("notice %s in %s: %w", name, language, err)
	}
	return telegram.Fit(strings.TrimSpace(b.String()), telegram.TextMax), nil
}
