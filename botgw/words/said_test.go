package words

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryTextIsUsed(t *testing.T) {
	uses, prefixes := usage(t)
	said := map[string]bool{}
	for _, u := range uses {
		said[u.key] = true
	}
	for _, key := range keys(t, Languages[0]) {
		begun := false
		for prefix := range prefixes {
			begun = begun || strings.HasPrefix(key, prefix)
		}
		if !said[key] && !begun {
			t.Errorf("nothing says %s", key)
		}
	}
}

func TestEveryTextThatIsSaidIsThere(t *testing.T) {
	all := texts(t, Languages[0])
	uses, prefixes := usage(t)
	for _, u := range uses {
		if all[u.key] == nil && u.call != "" {
			t.Errorf("%s says %s, which no catalogue has", u.at, u.key)
		}
	}
	for prefix := range prefixes {
		if !slices.ContainsFunc(keys(t, Languages[0]), func(key string) bool { return strings.HasPrefix(key, prefix) }) {
			t.Errorf("a key is put together from %q, and none begins so", prefix)
		}
	}
}

func TestTextsAreGivenTheirArguments(t *testing.T) {
	all := texts(t, Languages[0])
	uses, _ := usage(t)
	for _, u := range uses {
		if u.call == "" || !u.known || all[u.key] == nil {
			continue
		}
		for _, name := range argumentsOf(all[u.key]) {
			if !slices.Contains(u.args, name) {
				t.Errorf("%s says %s without {{.%s}}", u.at, u.key, name)
			}
		}
		if plural := len(all[u.key]) > 1; plural != strings.HasPrefix(u.call, "Count") {
			t.Errorf("%s says %s with %s: plurals want Count, and nothing else does", u.at, u.key, u.call)
		}
	}
}

// TestMarkupStandsWhereItIsRead: a button shows tags as they are written, and a
// message shows arguments that were not escaped as tags.
func TestMarkupStandsWhereItIsRead(t *testing.T) {
	all := texts(t, Languages[0])
	uses, _ := usage(t)
	for _, u := range uses {
		plain := u.role != message
		switch {
		case plain && (u.call == "Text" || u.call == "Count"):
			t.Errorf("%s says %s in a %s with %s, which is for HTML: want Plain", u.at, u.key, u.role, u.call)
		case !plain && u.inHTML && strings.HasSuffix(u.call, "Plain") && len(argumentsOf(all[u.key])) > 0:
			t.Errorf("%s says %s in HTML with %s: its arguments are not escaped", u.at, u.key, u.call)
		}
		for _, text := range all[u.key] {
			if plain && (tag.MatchString(text) || reference.MatchString(text)) {
				t.Errorf("%s is a %s and cannot have markup: %q", u.key, u.role, text)
			}
		}
	}
}
