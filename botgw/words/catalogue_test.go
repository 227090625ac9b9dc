package words

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// forms are the plural forms that each language has and a plural must give
// (CLDR; Uzbek and English know one and more).
var forms = map[string][]string{"ru": {"one", "few", "many", "other"}, "uz": {"one", "other"}, "en": {"one", "other"}}

// texts is a language's texts by key, each in its forms; "other" is the only
// form of one that is no plural.
func texts(t *testing.T, language string) map[string]map[string]string {
	t.Helper()
	messages, err := catalogue(language)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for _, m := range messages {
		if all[m.ID] != nil {
			t.Errorf("%s: %s stands in two files", language, m.ID)
		}
		all[m.ID] = formsOf(m)
	}
	return all
}

func formsOf(m *i18n.Message) map[string]string {
	given := map[string]string{"one": m.One, "few": m.Few, "many": m.Many, "other": m.Other}
	maps.DeleteFunc(given, func(_, text string) bool { return text == "" })
	return given
}

func keys(t *testing.T, language string) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(texts(t, language)))
}

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	first := texts(t, Languages[0])
	for _, language := range Languages[1:] {
		other := texts(t, language)
		for key := range first {
			if other[key] == nil {
				t.Errorf("%s is missing in %s", key, language)
			}
		}
		for key := range other {
			if first[key] == nil {
				t.Errorf("%s is missing in %s", key, Languages[0])
			}
		}
	}
}

func TestPluralsHaveTheFormsOfTheirLanguage(t *testing.T) {
	first := texts(t, Languages[0])
	for _, language := range Languages {
		for key, given := range texts(t, language) {
			plural := len(given) > 1
			for _, form := range forms[language] {
				if plural && given[form] == "" {
					t.Errorf("%s %s has no form %q", language, key, form)
				}
			}
			for form := range given {
				if !slices.Contains(forms[language], form) {
					t.Errorf("%s %s has the form %q, which the language has not", language, key, form)
				}
			}
			if plural != (len(first[key]) > 1) {
				t.Errorf("%s is a plural in one language only", key)
			}
		}
	}
}

func TestPluralsFollowCLDR(t *testing.T) {
	// All languages together, so that the rules are seen and no catalogue is needed.
	for language, want := range map[string]map[int]string{
		"ru": {0: "many", 1: "one", 2: "few", 4: "few", 5: "many", 11: "many", 12: "many", 21: "one", 22: "few", 25: "many", 101: "one", 111: "many"},
		"uz": {0: "other", 1: "one", 2: "other", 21: "other"},
		"en": {0: "other", 1: "one", 2: "other", 21: "other"},
	} {
		localizer, err := localizer(language, []*i18n.Message{{ID: "x", One: "one", Few: "few", Many: "many", Other: "other"}})
		if err != nil {
			t.Fatal(err)
		}
		for n, form := range want {
			got, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: "x", PluralCount: n, TemplateParser: textParser{}})
			if got != form || err != nil {
				t.Errorf("%s: the form for %d is %q (%v), want %q", language, n, got, err, form)
			}
		}
	}
}

// argument is any use of an argument, in placeholders and conditions.
var argument = regexp.MustCompile(`\{\{[^}]*?\.([A-Za-z]+)[^}]*\}\}`)

func argumentsOf(given map[string]string) []string {
	names := map[string]bool{}
	for _, text := range given {
		for _, at := range argument.FindAllStringSubmatch(text, -1) {
			names[at[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func TestAllLanguagesNameTheSameArguments(t *testing.T) {
	first := texts(t, Languages[0])
	for _, language := range Languages[1:] {
		for key, given := range texts(t, language) {
			want, got := argumentsOf(first[key]), argumentsOf(given)
			if !slices.Equal(got, want) {
				t.Errorf("%s names %v in %s and %v in %s", key, got, language, want, Languages[0])
			}
		}
	}
}

// tags are Telegram's, of the HTML style (core.telegram.org/bots/api#html-style).
var tags = []string{"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "tg-spoiler", "blockquote"}

var (
	tag       = regexp.MustCompile(`<(/?)([a-z-]+)((?: [a-z]+="[^"<>]*"| expandable)*)>`)
	reference = regexp.MustCompile(`&(lt|gt|amp|quot|#\d+);`)
)

// htmlFault says what is wrong with a text as Telegram's HTML; "" for nothing.
func htmlFault(text string) string {
	var open []string
	for _, at := range tag.FindAllStringSubmatch(text, -1) {
		closes, name := at[1] != "", at[2]
		switch {
		case !slices.Contains(tags, name):
			return "Telegram has no tag " + at[0]
		case !closes:
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return at[0] + " closes nothing"
		default:
			open = open[:len(open)-1]
		}
	}
	rest := reference.ReplaceAllString(tag.ReplaceAllString(text, ""), "")
	switch {
	case len(open) > 0:
		return "<" + open[len(open)-1] + "> is not closed"
	case strings.ContainsAny(rest, "<>&"):
		return "an unescaped <, > or &"
	}
	return ""
}

func TestEveryTextIsTelegramsHTML(t *testing.T) {
	for _, language := range Languages {
		for key, given := range texts(t, language) {
			for _, text := range given {
				if fault := htmlFault(text); fault != "" {
					t.Errorf("%s %s: %s in %q", language, key, fault, text)
				}
			}
		}
	}
}

// foreignWords are the texts that speak of another language in that language.
var foreignWords = []string{"language.ru", "language.uz", "language.en", "settings.language_ask"}

func TestEveryTextIsInItsAlphabet(t *testing.T) {
	for _, language := range Languages {
		for key, given := range texts(t, language) {
			if slices.Contains(foreignWords, key) {
				continue
			}
			for _, text := range given {
				if fault := alphabetFault(language, bare(text)); fault != "" {
					t.Errorf("%s %s: %s in %q", language, key, fault, text)
				}
			}
		}
	}
}

// bare is a text without what is not for reading.
func bare(text string) string {
	text = regexp.MustCompile(`\{\{.*?\}\}`).ReplaceAllString(text, " ")
	return html.UnescapeString(tag.ReplaceAllString(text, " "))
}

// alphabetFault finds letters that only look right, which searches and screen
// readers stumble over, and the wrong apostrophes of Uzbek: oʻ and gʻ have
// U+02BB, the tutuq belgisi is U+02BC.
func alphabetFault(language, text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune("ʻʼ'’‘`", r) }) {
		cyrillic, latin := false, false
		for _, r := range word {
			cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, r)
			latin = latin || unicode.Is(unicode.Latin, r)
		}
		switch {
		case cyrillic && latin:
			return "letters of two alphabets in " + word
		case cyrillic && language != "ru":
			return "Cyrillic in " + word
		case language == "uz" && strings.ContainsAny(word, "'’‘`"):
			return "an apostrophe that is no ʻ or ʼ in " + word
		}
		if i := strings.IndexRune(word, 'ʻ'); language == "uz" && i >= 0 && (i == 0 || !strings.ContainsRune("oOgG", rune(word[i-1]))) {
			return "ʻ after neither o nor g in " + word
		}
	}
	return ""
}

func TestFaultsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"<b>ok</b> &amp; <a href=\"https://x\">y</a>": "",
		"<b>":         "<b> is not closed",
		"</b>":        "</b> closes nothing",
		"<b><i></b>":  "</b> closes nothing",
		"<p>x</p>":    "Telegram has no tag <p>",
		"5 < 6":       "an unescaped <, > or &",
		"Tom & Jerry": "an unescaped <, > or &",
	} {
		if got := htmlFault(text); got != want {
			t.Errorf("htmlFault(%q) = %q, want %q", text, got, want)
		}
	}
	for text, language := range map[string]string{"Cтатус": "ru", "слово": "uz", "o'zbek": "uz", "o’zbek": "uz", "maʻno": "uz", "Стaтус": "en"} {
		if alphabetFault(language, text) == "" {
			t.Errorf("nothing found in %s %q", language, text)
		}
	}
	for text, language := range map[string]string{"Файл PDF": "ru", "oʻzbek gʻalaba maʼno": "uz", "don't": "en"} {
		if fault := alphabetFault(language, text); fault != "" {
			t.Errorf("%s %q: %s", language, text, fault)
		}
	}
}
