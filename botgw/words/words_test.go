package words

import (
	"strings"
	"testing"
	"time"
)

type kind string

type place struct{}

func (place) String() string { return "<i>" }

func TestArgumentsAreEscapedWhateverTheirType(t *testing.T) {
	pointed := "<b>&\""
	var none *string
	for name, tc := range map[string]struct {
		value any
		want  string
	}{
		"a string":                   {"<b>&\"", "&lt;b&gt;&amp;&#34;"},
		"a string of another type":   {kind("<b>"), "&lt;b&gt;"},
		"what can say what it is":    {place{}, "&lt;i&gt;"},
		"a pointer":                  {&pointed, "&lt;b&gt;&amp;&#34;"},
		"a pointer to nothing":       {none, ""},
		"a list":                     {[]string{"<", ">"}, "[&lt; &gt;]"},
		"a number":                   {42, "42"},
		"a fraction":                 {4.5, "4.5"},
		"HTML is HTML":               {HTML("<b>x</b>"), "<b>x</b>"},
		"nothing at all shows a gap": {nil, "…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := For("ru").Text("number.percent", Args{"Number": tc.value}), tc.want+" %"; got != want {
				t.Errorf("Text with %#v = %q, want %q", tc.value, got, want)
			}
		})
	}
	if got := For("ru").Plain("number.percent", Args{"Number": "<b>&"}); got != "<b>& %" {
		t.Errorf("Plain = %q: it is no HTML", got)
	}
}

func TestArgumentsStayTheCallersOwn(t *testing.T) {
	args := Args{"Number": "<"}
	For("ru").Text("number.percent", args)
	if args["Number"] != "<" {
		t.Errorf("the caller's argument became %q", args["Number"])
	}
}

func TestLanguagesAreFoundByTheirCodes(t *testing.T) {
	for code, want := range map[string]string{"ru": "ru", "uz": "uz", "EN": "en", "en-GB": "en", "ru-RU": "ru", "": "ru", "de": "ru", "uz-Cyrl": "uz"} {
		if got := For(code).Language(); got != want {
			t.Errorf("For(%q) speaks %q, want %q", code, got, want)
		}
	}
	if (Book{}).Language() != "ru" || (Book{}).Plain("button.done") != "✅ Готово" {
		t.Error("the zero Book is not of the default language")
	}
}

func TestNamesHaveMarksAndSurviveNewValues(t *testing.T) {
	uz := For("uz")
	for got, want := range map[string]string{
		uz.Status("in_progress"):       "🛠 Ishda",
		uz.Category("other"):           "🧩 Boshqa",
		uz.Urgency("critical"):         "🔴 Favqulodda",
		uz.Role("executor"):            "👷 Ijrochi",
		uz.Shift("open"):               "🟢 Davom etmoqda",
		uz.Relation("family"):          "Oila aʼzosi",
		uz.Standing("blocked"):         "Bloklangan",
		uz.LanguageName("ru"):          "🇷🇺 Русский",
		uz.Status("teleported"):        "teleported",
		uz.Problem("already_taken"):    uz.Plain("problem.already_taken"),
		uz.Problem("never_heard_of"):   uz.Plain("problem.internal"),
		Rating(4):                      "★★★★☆",
		Rating(-3) + Rating(9):         "☆☆☆☆☆★★★★★",
		Mark("status.new") + Mark("x"): "🆕",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for key := range marks {
		if _, known := For("ru").find(key); !known {
			t.Errorf("mark of %s, which nothing is called", key)
		}
	}
	for _, key := range keys(t, "ru") {
		subject, _, _ := strings.Cut(key, ".")
		if strings.Contains(" status category urgency role shift language ", " "+subject+" ") && marks[key] == "" {
			t.Errorf("%s has no mark", key)
		}
	}
}

func TestMomentsAreSaidAsPeopleSayThem(t *testing.T) {
	tashkent := time.FixedZone("+05", 5*60*60)
	now := time.Date(2025, 10, 7, 0, 30, 0, 0, tashkent)
	at := func(s string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", s, tashkent)
		if err != nil {
			t.Fatal(err)
		}
		return moment.UTC()
	}
	for name, tc := range map[string]struct {
		at   string
		want [3]string
	}{
		"today":              {"2025-10-07 14:05", [3]string{"сегодня, 14:05", "bugun, 14:05", "today, 14:05"}},
		"half an hour ago":   {"2025-10-06 23:59", [3]string{"вчера, 23:59", "kecha, 23:59", "yesterday, 23:59"}},
		"tomorrow":           {"2025-10-08 00:00", [3]string{"завтра, 00:00", "ertaga, 00:00", "tomorrow, 00:00"}},
		"this year":          {"2025-03-01 09:30", [3]string{"1 марта, 09:30", "1-mart, 09:30", "1 March, 09:30"}},
		"another year":       {"2024-12-31 23:00", [3]string{"31 декабря 2024, 23:00", "2024-yil 31-dekabr, 23:00", "31 December 2024, 23:00"}},
		"next year, in days": {"2026-01-02 10:00", [3]string{"2 января 2026, 10:00", "2026-yil 2-yanvar, 10:00", "2 January 2026, 10:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, language := range Languages {
				if got := For(language).Moment(at(tc.at), now, tashkent); got != tc.want[i] {
					t.Errorf("%s: %q, want %q", language, got, tc.want[i])
				}
			}
		})
	}
	if got := For("ru").Weekday(now.UTC(), tashkent) + For("en").Weekday(now.Add(5*24*time.Hour), tashkent); got != "втSun" {
		t.Errorf("weekdays %q", got)
	}
}

func TestDurationsAndNumbers(t *testing.T) {
	ru, en := For("ru"), For("en")
	for got, want := range map[string]string{
		ru.Duration(2*time.Hour + 15*time.Minute):               "2 ч 15 мин",
		ru.Duration(26*time.Hour + 15*time.Minute):              "1 д 2 ч",
		ru.Duration(24*time.Hour + 15*time.Minute):              "1 д",
		ru.Duration(-45 * time.Minute):                          "45 мин",
		ru.Duration(3 * time.Hour):                              "3 ч",
		ru.Duration(10 * time.Second):                           "меньше минуты",
		ru.Duration(59*time.Minute + 40*time.Second):            "1 ч",
		For("uz").Duration(49*time.Hour + 20*time.Minute):       "2 kun 1 soat",
		en.Duration(90 * time.Second):                           "2 min",
		ru.Percent(0.8749):                                      "87 %",
		en.Percent(1):                                           "100%",
		strings.ReplaceAll(ru.Number(1234567), "\u00a0", "_"):   "1_234_567",
		en.Number(-12480) + " " + en.Number(999) + en.Number(0): "−12,480 9990",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestATextInWantOfMoreThanPlaceholdersIsATemplate(t *testing.T) {
	parsed, err := textParser{}.Parse("{{if .A}}{{.A}}!{{end}} {{.B}}", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parsed.Execute(Args{"A": "", "B": 2}); got != " 2" || err != nil {
		t.Errorf("Execute = %q, %v", got, err)
	}
}

func BenchmarkPlain(b *testing.B) {
	b.ReportAllocs()
	for book := For("ru"); b.Loop(); {
		book.Plain("status.new")
	}
}

func BenchmarkText(b *testing.B) {
	b.ReportAllocs()
	for book := For("ru"); b.Loop(); {
		book.Text("date.full", Args{"Day": 3, "Month": "<x>", "Year": 2025})
	}
}
