package spelling_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"ukbot/housing/spelling"
)

func TestSpellingsOfOneNameAreOne(t *testing.T) {
	for name, spellings := range map[string][]string{
		"a district, Russian and Uzbek":         {"Чиланзар", "Чилонзор", "Chilonzor", "Chilanzar", "ЧИЛАНЗАР", "  chilanzar, "},
		"ў in all its ways":                     {"Ўктам", "O‘ktam", "O'ktam", "Oʻktam", "O`ktam", "Uktam", "Oktam", "Уктам"},
		"х, ҳ, h, x and kh":                     {"Хасанов", "Ҳасанов", "Hasanov", "Xasanov", "Khasanov"},
		"ш and х":                               {"Шухрат", "Шуҳрат", "Shuxrat", "Shuhrat", "Shukhrat"},
		"ё and қ at the beginning":              {"Ёқуб", "Yoqub", "Yakub", "Якуб", "Yaqub"},
		"ж, дж, j, zh and dj":                   {"Жамшид", "Джамшид", "Jamshid", "Zhamshid", "Djamshid", "Dzhamshid"},
		"ғ, g‘ and gh":                          {"Ғулом", "G‘ulom", "G'ulom", "Gulom", "Ghulom", "Гулам"},
		"ё or е in Russian":                     {"Семён", "Семен", "Semyon", "Semen"},
		"ё after a soft sign":                   {"Соловьёв", "Соловьев", "Solovyov", "Soloviev"},
		"ю":                                     {"Юнусабад", "Yunusobod", "Юнусобод", "Yunusabad"},
		"я and doubled letters":                 {"Яккасарай", "Yakkasaroy", "Яккасарой", "Yakasaray"},
		"a hyphen or a space":                   {"Мирзо-Улугбек", "Mirzo Ulug‘bek", "Мирзо Улуғбек", "MIRZO  ULUGBEK"},
		"щ":                                     {"Щербаков", "Shcherbakov", "Scherbakov", "Sherbakov"},
		"ц":                                     {"Цой", "Tsoy", "Tsoi"},
		"e or ye":                               {"Эргашев", "Ergashev", "Yergashev", "Эргашеw"},
		"endings in й":                          {"Юрий", "Yuriy", "Yuri", "Юри"},
		"x where it is ks":                      {"Александр", "Aleksandr", "Alexandr"},
		"й in two code points":                  {"Алексей", "Алексей", "Aleksey", "Alexei"},
		"ъ, a sign or an apostrophe or nothing": {"Маъмура", "Ma'mura", "Ma’mura", "Mamura"},
		"и or ы":                                {"Рысбек", "Rysbek", "Рисбек", "Risbek"},
		"a house number with a letter":          {"Навои, 12А", "Navoiy 12a", "навоий 12-а"[:len("навоий 12")] + "А"},
	} {
		t.Run(name, func(t *testing.T) {
			want := spelling.Fold(spellings[0])
			for _, s := range spellings[1:] {
				if got := spelling.Fold(s); got != want {
					t.Errorf("Fold(%q) = %q, Fold(%q) = %q", s, got, spellings[0], want)
				}
			}
		})
	}
}

func TestNearSpellingsAreNear(t *testing.T) {
	for name, pair := range map[string][2]string{
		"Temur and Timur":   {"Темурбек", "Тимурбек"},
		"a missing letter":  {"Рахимов", "Raximo"},
		"Daria":             {"Дарья", "Daria"},
		"a letter too many": {"Навоий", "Навоии"},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := spelling.Fold(pair[0]), spelling.Fold(pair[1])
			if s := similarity(a, b); s < 0.5 {
				t.Errorf("%q and %q: %q and %q are %.2f alike", pair[0], pair[1], a, b, s)
			}
		})
	}
}

func TestDifferentNamesStayApart(t *testing.T) {
	for _, pair := range [][2]string{{"Каримов", "Рахимова"}, {"Шухрат", "Сухроб"}, {"дом 1", "дом 11"}, {"Чехов", "Жуков"}} {
		if a, b := spelling.Fold(pair[0]), spelling.Fold(pair[1]); a == b {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], a)
		}
	}
}

func TestFormsAreWordsAndDigits(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		" … ":               "",
		"+998 90 123-45-67": "998 90 123 45 67",
		"ул. Шота Руставели, д. 11/2": "al shata rastavili d 11 2",
		"'":                "",
		"<b>x</b>\x00":     "b h b",
		"王 小明":             "王 小明",
		"12\u00a0\u202e34": "12 34",
	} {
		if got := spelling.Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	for name, text := range map[string]string{
		"one word":     strings.Repeat("ч", 5000),
		"alternating":  strings.Repeat("чя", 5000),
		"other script": strings.Repeat("王小", 5000),
		"all shorten":  strings.Repeat("щц", 5000),
		"spaces":       strings.Repeat(" ", 5000) + "a",
	} {
		form := spelling.Fold(text)
		if len(form) > 1000 || spelling.Fold(form) != form {
			t.Errorf("%s: %d bytes, %.40q…", name, len(form), form)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, text := range []string{"Ўктам O‘ktam", "shchtchskhzhdzh", "tsts cc ch c", "12А", "İıſK", "alexalex maxim", "\xff\xfe", "zkh pkh kkh"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form := spelling.Fold(text)
		if again := spelling.Fold(form); again != form {
			t.Errorf("Fold(%q) = %q, again %q", text, form, again)
		}
		if !utf8.ValidString(form) || strings.Contains(form, "  ") || strings.TrimSpace(form) != form || len(form) > 1000 {
			t.Errorf("Fold(%q) = %q", text, form)
		}
	})
}

// similarity is pg_trgm's: the share of trigrams that two texts have in common.
func similarity(a, b string) float64 {
	x, y := trigrams(a), trigrams(b)
	both := 0
	for g := range x {
		if y[g] {
			both++
		}
	}
	return float64(both) / float64(len(x)+len(y)-both)
}

func trigrams(text string) map[string]bool {
	grams := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		padded := []rune("  " + word + " ")
		for i := range len(padded) - 2 {
			grams[string(padded[i:i+3])] = true
		}
	}
	return grams
}
