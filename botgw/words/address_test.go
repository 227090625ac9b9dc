package words_test

import (
	"testing"

	"ukbot/botgw/words"
)

func TestAnAddressIsSpokenInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		address   string
		apartment string
		language  string
		want      string
	}{
		"a Russian address in Uzbek":            {"Чиланзар, дом 1, кв. 12", "12", "uz", "Чиланзар, дом 1, 12-xonadon"},
		"an Uzbek one in Russian":               {"Chilonzor 5, 12-xonadon", "12", "ru", "Chilonzor 5, кв. 12"},
		"an English one in its own language":    {"Chilanzar 5, apt. 12", "12", "en", "Chilanzar 5, apt. 12"},
		"a house alone":                         {"Чиланзар, дом 1", "", "uz", "Чиланзар, дом 1"},
		"an apartment that has another number":  {"Чиланзар, дом 1, кв. 112", "12", "uz", "Чиланзар, дом 1, кв. 112"},
		"words of another program stay as made": {"Чиланзар, дом 1 (12)", "12", "uz", "Чиланзар, дом 1 (12)"},
	} {
		if got := words.For(tc.language).Address(tc.address, tc.apartment); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
