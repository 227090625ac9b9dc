// Package words is every word the bot says, in Russian, Uzbek (Latin) and
// English: catalogues of go-i18n with CLDR plurals, one file per language and
// subject (ru/requests.toml). Keys are "<subject>.<what>".
//
//	b := words.For("uz")
//	b.Text("request.made", words.Args{"Number": n})  // Telegram's HTML: arguments are escaped
//	b.Plain("button.back")                           // buttons, toasts: nothing is escaped
//	b.Count("request.found", 21, nil)                // plural form by {{.Count}}
//
// Catalogues are compiled in. A key that is missing in one language, or that
// nobody uses, fails a test.
package words

import (
	"fmt"
	"html"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// Languages is what the bot can write in; the first is the default.
var Languages = []string{"ru", "uz", "en"}

// Args is what goes into a text, by name.
type Args map[string]any

// HTML is an argument that is Telegram's HTML already and is not escaped.
type HTML string

// Book is the words of one language. The zero Book is of the default language.
type Book struct{ language string }

// For is the book of a language code, Telegram's included ("ru-RU"); of the
// default language where the bot does not speak it.
func For(code string) Book {
	code, _, _ = strings.Cut(strings.ToLower(code), "-")
	for _, known := range Languages {
		if code == known {
			return Book{known}
		}
	}
	return Book{Languages[0]}
}

// Language is the book's language code.
func (b Book) Language() string {
	if b.language == "" {
		return Languages[0]
	}
	return b.language
}

// Text is a text as Telegram's HTML; strings among the arguments are escaped.
func (b Book) Text(key string, args ...Args) string {
	return b.localize(key, nil, escape(merge(args)))
}

// Plain is a text without markup, for buttons and toasts.
func (b Book) Plain(key string, args ...Args) string {
	return b.localize(key, nil, merge(args))
}

// Count is a text in the plural form of n, which it finds as {{.Count}}; HTML as Text.
func (b Book) Count(key string, n int, args ...Args) string {
	all := escape(merge(args))
	all["Count"] = n
	return b.localize(key, n, all)
}

// CountPlain is Count without escaping.
func (b Book) CountPlain(key string, n int, args ...Args) string {
	all := merge(args)
	all["Count"] = n
	return b.localize(key, n, all)
}

func (b Book) localize(key string, count any, args Args) string {
	text, err := localizers[b.Language()].Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: map[string]any(args), PluralCount: count})
	if err != nil {
		return key // a test sees to it that none is missing
	}
	return text
}

func merge(all []Args) Args {
	merged := Args{}
	for _, args := range all {
		for name, value := range args {
			merged[name] = value
		}
	}
	return merged
}

func escape(args Args) Args {
	for name, value := range args {
		switch v := value.(type) {
		case HTML:
			args[name] = string(v)
		case string:
			args[name] = html.EscapeString(v)
		case fmt.Stringer:
			args[name] = html.EscapeString(v.String())
		}
	}
	return args
}
