package words

import (
	"embed"
	"fmt"
	"path"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed */*.toml
var files embed.FS

// pluralForms are the words by which a table is one text in several forms, and
// not a subject with texts of its own.
var pluralForms = []string{"one", "few", "many", "other"}

var localizers = load()

func load() map[string]*i18n.Localizer {
	all := map[string]*i18n.Localizer{}
	for _, code := range Languages {
		messages, err := catalogue(code)
		if err == nil {
			all[code], err = localizer(code, messages)
		}
		if err != nil {
			panic(fmt.Errorf("words: %w", err)) // compiled in: every test meets it
		}
	}
	return all
}

// localizer is go-i18n with the texts of one language: each stands alone, and
// none falls back on another's.
func localizer(code string, messages []*i18n.Message) (*i18n.Localizer, error) {
	tag := language.Make(code)
	bundle := i18n.NewBundle(tag)
	if err := bundle.AddMessages(tag, messages...); err != nil {
		return nil, err
	}
	return i18n.NewLocalizer(bundle, code), nil
}

// catalogue is every text of a language.
func catalogue(code string) ([]*i18n.Message, error) {
	entries, err := files.ReadDir(code)
	if err != nil {
		return nil, err
	}
	var messages []*i18n.Message
	for _, entry := range entries {
		raw, err := files.ReadFile(path.Join(code, entry.Name()))
		if err != nil {
			return nil, err
		}
		var subjects map[string]any
		if err := toml.Unmarshal(raw, &subjects); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", code, entry.Name(), err)
		}
		if messages, err = flatten(messages, "", subjects); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", code, entry.Name(), err)
		}
	}
	return messages, nil
}

// flatten adds the texts of a table, keys joined by dots. go-i18n reads files too,
// but takes every table with a key "other" for a plural, and a category is called so.
func flatten(messages []*i18n.Message, prefix string, table map[string]any) ([]*i18n.Message, error) {
	for name, value := range table {
		key := prefix + name
		var err error
		switch v := value.(type) {
		case string:
			messages = append(messages, &i18n.Message{ID: key, Other: v})
		case map[string]any:
			if isPlural(v) {
				messages = append(messages, plural(key, v))
				continue
			}
			messages, err = flatten(messages, key+".", v)
		default:
			err = fmt.Errorf("%s is a %T, want a text", key, value)
		}
		if err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// isPlural says whether a table holds the plural forms of one text: it has
// "other" and one more, and nothing else.
func isPlural(table map[string]any) bool {
	for name, value := range table {
		if _, text := value.(string); !text || !slices.Contains(pluralForms, name) {
			return false
		}
	}
	return table["other"] != nil && len(table) > 1
}

func plural(key string, forms map[string]any) *i18n.Message {
	form := func(name string) string { s, _ := forms[name].(string); return s }
	return &i18n.Message{ID: key, One: form("one"), Few: form("few"), Many: form("many"), Other: form("other")}
}
