package desk_test

import (
	"testing"

	"ukbot/api"
	"ukbot/botgw/desk"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

func TestAKeyIsRecognisedInEveryLanguage(t *testing.T) {
	t.Parallel()
	d := desk.New(desk.Config{})
	for _, role := range []api.Role{api.RoleApplicant, api.RoleExecutor, api.RoleManager, api.RoleAdmin} {
		labels := map[string]string{} // by place, in the first language
		for _, language := range words.Languages {
			turn := &talk.Turn{Book: words.For(language), Person: &talk.Person{Role: role, Roles: []api.Role{role, "other"}}}
			for i, keys := range d.Menu(t.Context(), turn).Rows {
				for j, key := range keys {
					order, ok := desk.Label(key.Text)
					if !ok {
						t.Errorf("%s, %s: nobody knows %q", role, language, key.Text)
					}
					place := string(rune('a'+i)) + string(rune('a'+j))
					if first := labels[place]; first != "" && first != order {
						t.Errorf("%s, %s: %q orders %s, in another language %s", role, language, key.Text, order, first)
					}
					labels[place] = order
				}
			}
		}
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, order string }{
		"a phone that leaves the picture's mark out": {"⚙ Настройки", "settings"},
		"another apostrophe":                         {"➕ Ariza yaratish", "new"},
		"a keyboard of an earlier version":           {"📅 Mening smenalarim", "shifts"},
		"spaces around it":                           {"  ❓ Помощь ", "help"},
		"a word in a sentence is no key":             {"Помощь", ""},
		"nothing":                                    {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := desk.Label(tc.text); got != tc.order || ok != (tc.order != "") {
				t.Errorf("Label(%q) = %q, %t, want %q", tc.text, got, ok, tc.order)
			}
		})
	}
}

func TestWhoHasNoSessionHasNoMenu(t *testing.T) {
	t.Parallel()
	if menu := desk.New(desk.Config{}).Menu(t.Context(), &talk.Turn{}); len(menu.Rows) != 0 {
		t.Errorf("a stranger's menu is %v", menu.Rows)
	}
}

func TestButtonsHaveOneAnswerEach(t *testing.T) {
	t.Parallel()
	met := map[string]bool{}
	for _, route := range desk.New(desk.Config{}).Routes() {
		if met[route.Do] || len(route.Do) < 2 || len(route.Do) > 4 {
			t.Errorf("route %q", route.Do)
		}
		met[route.Do] = true
	}
}
