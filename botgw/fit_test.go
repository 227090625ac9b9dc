package botgw

import (
	"math"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestMoneyIsWrittenAsItsReadersWriteIt(t *testing.T) {
	for name, tc := range map[string]struct {
		minor    int64
		currency string
		want     [3]string // ru, uz, en; spaces stand for ones that do not break
	}{
		"sums":                      {125_000_000, "UZS", [3]string{"1 250 000 сум", "1 250 000 soʻm", "UZS 1,250,000"}},
		"sums and tiyin":            {125_000_050, "UZS", [3]string{"1 250 000,50 сум", "1 250 000,50 soʻm", "UZS 1,250,000.50"}},
		"roubles":                   {150_000, "RUB", [3]string{"1 500 ₽", "1 500 rubl", "₽1,500"}},
		"roubles and kopecks":       {150_005, "RUB", [3]string{"1 500,05 ₽", "1 500,05 rubl", "₽1,500.05"}},
		"dollars":                   {1200, "usd", [3]string{"12,00 $", "12,00 $", "$12.00"}},
		"less than one":             {5, "USD", [3]string{"0,05 $", "0,05 $", "$0.05"}},
		"nothing":                   {0, "UZS", [3]string{"0 сум", "0 soʻm", "UZS 0"}},
		"a debt":                    {-99_900, "RUB", [3]string{"−999 ₽", "−999 rubl", "−₽999"}},
		"a currency without parts":  {5000, "JPY", [3]string{"5 000 JPY", "5 000 JPY", "JPY 5,000"}},
		"a currency of thousandths": {5001, "KWD", [3]string{"5,001 KWD", "5,001 KWD", "KWD 5.001"}},
		"no currency":               {100, "", [3]string{"1,00", "1,00", "1.00"}},
		"markup for a currency":     {100, "<b>", [3]string{"1,00 <B>", "1,00 <B>", "<B> 1.00"}},
		"the smallest number":       {math.MinInt64, "JPY", [3]string{"−9 223 372 036 854 775 808 JPY", "−9 223 372 036 854 775 808 JPY", "JPY −9,223,372,036,854,775,808"}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, language := range languages {
				if got := strings.ReplaceAll(money(language, tc.minor, tc.currency), "\u00a0", " "); got != tc.want[i] {
					t.Errorf("money(%s, %d, %q) = %q, want %q", language, tc.minor, tc.currency, got, tc.want[i])
				}
			}
		})
	}
}

func TestWhatOthersWroteIsMadeFit(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"short text stays":                    {"Квартира 5", 100, "Квартира 5"},
		"markup stays, escaping is for later": {"<3 & <b>", 100, "<3 & <b>"},
		"lines become one":                    {" a\r\n\tb\u0085c ", 100, "a b c"},
		"control characters go":               {"a\x00b\x1bc", 100, "a b c"},
		"broken bytes are shown as such":      {"a\xffb", 100, "a\ufffdb"},
		"direction overrides go":              {"a\u202eb\u2067c", 100, "abc"},
		"right to left is kept apart":         {"שלום", 100, "\u2068שלום\u2069"},
		"exactly the limit":                   {"12345", 5, "12345"},
		"one over the limit":                  {"123456", 5, "1234…"},
		"a surrogate pair is not cut":         {"abc😀d", 5, "abc…"},
		"a joined emoji loses its joiner":     {"ab👩‍👩", 5, "ab👩…"}, // the pair is two units, the joiner one
		"no room for words ends in no space":  {"ab cd", 4, "ab…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := text(tc.in, tc.limit); got != tc.want {
				t.Errorf("text(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func TestAMessageIsCutBetweenTags(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"it fits":                       {"<b>abc</b>", 3, "<b>abc</b>"},
		"an open tag is closed":         {"<b>abcd</b>", 3, "<b>ab…</b>"},
		"two open tags":                 {`<b>a<a href="x">bcd</a></b>`, 3, `<b>a<a href="x">b…</a></b>`},
		"a closed tag stays closed":     {"<b>a</b>bcde", 3, "<b>a</b>b…"},
		"a reference is one character":  {"&lt;&lt;&lt;", 3, "&lt;&lt;&lt;"},
		"a reference is not cut":        {"&lt;&amp;&#34;x", 3, "&lt;&amp;…"},
		"a reference to a pair is two":  {"&#128512;&#128512;", 3, "&#128512;…"},
		"an emoji counts two":           {"😀😀", 3, "😀…"},
		"tags count nothing at the end": {"ab<b>c</b>", 3, "ab<b>c</b>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fit(tc.in, tc.limit); got != tc.want {
				t.Errorf("fit(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func TestPlainTextIsWhatWouldHaveBeenSeen(t *testing.T) {
	if got, want := plain(`<b>5 &lt; 6</b> &amp; <a href="x">l&#39;oʻq</a>`), "5 < 6 & l'oʻq"; got != want {
		t.Errorf("plain = %q, want %q", got, want)
	}
}

func FuzzText(f *testing.F) {
	f.Add(endless, 700)
	f.Add("👩‍👩‍👧\xff<b>", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + max(0, limit%5000)
		got := text(s, limit)
		if units := len(utf16.Encode([]rune(got))); units > limit+2 || !utf8.ValidString(got) { // two marks of direction
			t.Errorf("text(%q, %d) = %q with %d units", s, limit, got, units)
		}
		body, err := render("generic.received.subscriber", "uz", genericView{Raw: s})
		if err != nil || visible(body) > textMax {
			t.Errorf("notice of %q: %d units, %v", s, visible(body), err)
		}
	})
}
