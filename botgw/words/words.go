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
	"maps"
	"reflect"
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
	text, err := b.lookUp(key, count, args)
	if err != nil {
		return key // a test sees to it that none is missing
	}
	return text
}

// find is a text without arguments, if there is one.
func (b Book) find(key string) (string, bool) {
	text, err := b.lookUp(key, nil, nil)
	return text, err == nil
}

func (b Book) lookUp(key string, count any, args Args) (string, error) {
	return localizers[b.Language()].Localize(&i18n.LocalizeConfig{
		MessageID: key, TemplateData: args, PluralCount: count, TemplateParser: textParser{},
	})
}

// merge is all arguments in a map of its own.
func merge(all []Args) Args {
	merged := make(Args, 4)
	for _, args := range all {
		maps.Copy(merged, args)
	}
	return merged
}

// escape makes the arguments fit to stand in HTML. Numbers stay numbers, and
// what is HTML already says so by its type.
func escape(args Args) Args {
	for name, value := range args {
		args[name] = escaped(value)
	}
	return args
}

func escaped(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case HTML:
		return string(v)
	case string:
		return html.EscapeString(v)
	case fmt.Stringer:
		return html.EscapeString(v.String())
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return html.EscapeString(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return escaped(v.Elem().Interface())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return value
	default:
		return html.EscapeString(fmt.Sprint(value))
	}
}
