package words

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// textParser reads texts for go-i18n. Nearly all of them are words with {{.Name}} in
// between; those are put together without text/template, in a third of the time:
// every reply is a dozen texts. What does more ({{if}}) goes through it.
type textParser struct{}

// Cacheable says that a text is read once.
func (textParser) Cacheable() bool { return true }

// placeholder is an argument's place in a text.
var placeholder = regexp.MustCompile(`\{\{\s*\.([A-Za-z]+)\s*\}\}`)

// Parse reads a text.
func (textParser) Parse(source, left, right string) (template.ParsedTemplate, error) {
	var text plainText
	rest := source
	for {
		at := placeholder.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		text.words = append(text.words, rest[:at[0]])
		text.names = append(text.names, rest[at[2]:at[3]])
		rest = rest[at[1]:]
	}
	text.words = append(text.words, rest)
	if strings.Contains(strings.Join(text.words, ""), "{{") {
		return (&template.TextParser{Option: "missingkey=error"}).Parse(source, left, right)
	}
	return text, nil
}

// plainText is words, and the names of the arguments between them.
type plainText struct {
	words []string // one more than names
	names []string
}

// Execute puts a text together.
func (t plainText) Execute(data any) (string, error) {
	if len(t.names) == 0 {
		return t.words[0], nil
	}
	args, ok := data.(Args)
	if !ok {
		return "", fmt.Errorf("arguments are a %T, want Args", data)
	}
	var b strings.Builder
	for i, name := range t.names {
		b.WriteString(t.words[i])
		switch value := args[name].(type) {
		case string:
			b.WriteString(value)
		case nil:
			b.WriteString("…") // a mistake of ours, but the rest is worth saying
		default:
			fmt.Fprint(&b, value)
		}
	}
	b.WriteString(t.words[len(t.names)])
	return b.String(), nil
}
