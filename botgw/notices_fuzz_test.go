package botgw

import (
	"testing"

	"ukbot/botgw/telegram"
)

func FuzzNotice(f *testing.F) {
	f.Add(endless)
	f.Add("👩‍👩‍👧\xff<b>")
	f.Fuzz(func(t *testing.T, s string) {
		body, err := render("generic.received.subscriber", "uz", genericView{Raw: s})
		if err != nil || telegram.Visible(body) > telegram.TextMax {
			t.Errorf("notice of %q: %d units, %v", s, telegram.Visible(body), err)
		}
	})
}
