package requests

import (
	"testing"

	"ukbot/api"
	"ukbot/botgw/words"
)

func TestAnAddressIsSpokenInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	flat := &api.RequestPlace{Name: "12"}
	for name, tc := range map[string]struct {
		address   string
		apartment *api.RequestPlace
		language  string
		want      string
	}{
		"a Russian address in Uzbek":            {"Чиланзар, дом 1, кв. 12", flat, "uz", "Чиланзар, дом 1, 12-xonadon"},
		"an Uzbek one in Russian":               {"Chilonzor 5, 12-xonadon", flat, "ru", "Chilonzor 5, кв. 12"},
		"an English one in its own language":    {"Chilanzar 5, apt. 12", flat, "en", "Chilanzar 5, apt. 12"},
		"a house alone":                         {"Чиланзар, дом 1", nil, "uz", "Чиланзар, дом 1"},
		"an apartment that has another number":  {"Чиланзар, дом 1, кв. 112", flat, "uz", "Чиланзар, дом 1, кв. 112"},
		"words of another program stay as made": {"Чиланзар, дом 1 (12)", flat, "uz", "Чиланзар, дом 1 (12)"},
	} {
		if got := spoken(words.For(tc.language), api.Request{Address: tc.address, Apartment: tc.apartment}); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
