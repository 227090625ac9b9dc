package botgw

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/events"
	"ukbot/golden"
	"ukbot/sql/db"
)

// endless is the worst a stranger may put into a field: long, with markup, emoji
// of several characters, both directions and control characters.
var endless = strings.Repeat("Оплата <3 &amp; 👩‍👩‍👧 שלום\u202e\x00 \"café\" 'l'oʻq'\n", 120)

// samples is an ordinary and an extreme event of each kind.
var samples = map[string][2]any{
	"payment": {
		events.PaymentChanged{Kind: "payment", ExternalID: "pi_3QK9", Status: "succeeded", AmountMinor: 125_000_000, Currency: "UZS", Payer: "p-1", Description: "Коммунальные услуги, октябрь", Source: "stripe"},
		events.PaymentChanged{Kind: "payment", ExternalID: endless, ParentID: endless, AmountMinor: -1 << 63, Currency: endless, Payer: endless, Description: endless, Source: endless},
	},
	"refund": {
		events.PaymentChanged{Kind: "refund", ExternalID: "re_1A", ParentID: "pi_3QK9", Status: "succeeded", AmountMinor: 150_050, Currency: "RUB", Payer: "p-1", Source: "stripe"},
		events.PaymentChanged{ExternalID: endless, ParentID: endless, AmountMinor: 1<<63 - 1, Currency: "JPY", Payer: endless, Description: endless},
	},
	"dispute": {
		events.PaymentChanged{Kind: "dispute", ExternalID: "dp_7", ParentID: "pi_3QK9", Status: "won", AmountMinor: 1250, Currency: "USD", Payer: "p-1", Source: "stripe"},
		events.PaymentChanged{ExternalID: endless, ParentID: endless, AmountMinor: 1, Currency: "KWD", Payer: endless, Description: endless},
	},
	"invoice": {
		events.PaymentChanged{Kind: "invoice", ExternalID: "in_42", Status: "open", AmountMinor: 45_000_000, Currency: "UZS", Payer: "p-1", Description: "Лифт и уборка", Source: "stripe"},
		events.PaymentChanged{ExternalID: endless, AmountMinor: 0, Currency: "", Payer: endless, Description: endless},
	},
	"sheets": {
		events.SheetUpdated{Spreadsheet: "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms", Sheet: "Счётчики", Range: "A2:F40", State: "update", Source: "google-sheets"},
		events.SheetUpdated{Spreadsheet: endless, Sheet: endless, Range: endless},
	},
	"geocoding": {
		events.Address{Address: "Ташкент, улица Амира Темура, 15", Building: "b-15", Lat: new(41.311081), Lon: new(69.240562), Source: "yandex-maps"},
		events.Address{Address: endless, Building: endless},
	},
	"generic": {
		events.Generic{Source: "github", Type: "push", EventID: "1", Summary: "Aziza pushed 3 commits to main"},
		events.Generic{Source: endless, Type: endless, EventID: "2", Body: mustJSON(map[string]string{"text": endless})},
	},
}

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// sampleOf is the fact of a sample for a row.
func sampleOf(t *testing.T, row noticeRow, extreme int) fact {
	t.Helper()
	family, _, _ := strings.Cut(row.event, ".")
	var data json.RawMessage
	if family == "housing" {
		data = housingSample(row, extreme)
	} else {
		data = mustJSON(samples[family][extreme])
	}
	f, err := readFact(events.Envelope{
		ID: "e-1", Tenant: "demo", Source: "test", Time: time.Date(2026, 10, 5, 8, 0, 0, 0, time.UTC),
		Type: strings.ReplaceAll(row.event, "*", "x"), Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// templates is the first row of each template.
func templates() (rows []noticeRow) {
	seen := map[string]bool{}
	for _, row := range noticeRows {
		if !seen[row.template] {
			rows = append(rows, row)
		}
		seen[row.template] = true
	}
	return rows
}

func TestNoticeTextsAreGolden(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	tashkent, err := time.LoadLocation(zoneDefault)
	if err != nil {
		t.Fatal(err)
	}
	d := directory{byID: map[string]db.AudienceRow{"p-1": {PersonID: "p-1", Name: "Азиза Каримова"}}, zone: tashkent}
	for _, row := range templates() {
		for _, language := range languages {
			t.Run(row.template+"."+language, func(t *testing.T) {
				page := ""
				for extreme, heading := range []string{"", "\n======== longest\n"} {
					f := sampleOf(t, row, extreme)
					w, err := d.say(row, language, f)
					if err != nil {
						t.Fatal(err)
					}
					if units := telegram.Visible(w.text); units > telegram.TextMax {
						t.Errorf("text has %d UTF-16 units, want at most %d", units, telegram.TextMax)
					}
					out := telegram.Outgoing{ChatID: 7, Text: w.text}
					if len(w.markup) > 0 {
						out.Markup = w.markup
					}
					if _, err := bot.Send(t.Context(), out); err != nil {
						t.Errorf("Telegram refuses it: %v", err)
					}
					shown := sim.Messages(7)
					if got, want := shown[len(shown)-1].Text, strings.TrimSpace(telegram.Plain(w.text)); got != want {
						t.Errorf("Telegram shows %q, want %q", got, want)
					}
					page += heading + w.text + "\n" + buttonsText(t, w.markup)
				}
				golden.Equal(t, "notices/"+row.template+"."+language+".golden.html", page)
			})
		}
	}
}

// buttonsText is buttons as a golden file shows them.
func buttonsText(t *testing.T, markup json.RawMessage) string {
	t.Helper()
	var keys struct {
		Rows [][]inlineKey `json:"inline_keyboard"`
	}
	if len(markup) == 0 {
		return ""
	}
	if err := json.Unmarshal(markup, &keys); err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, row := range keys.Rows {
		for _, key := range row {
			text += "[" + key.Text + " → " + key.Data + "] "
		}
		text = strings.TrimSpace(text) + "\n"
	}
	return text
}

func TestASpanOfADayNamesItsLastOne(t *testing.T) {
	from := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)
	for hours, want := range map[int]string{
		12: "пн, 2 марта, 20:00–08:00",
		24: "пн, 2 марта, 20:00 – вт, 3 марта, 20:00",
	} {
		if got := span(words.For("ru"), from, from.Add(time.Duration(hours)*time.Hour)); got != want {
			t.Errorf("%d hours are %q, want %q", hours, got, want)
		}
	}
}

func TestEveryNoticeHasAText(t *testing.T) {
	for _, row := range noticeRows {
		for _, language := range languages {
			if noticeTexts[language].Lookup(row.template) == nil {
				t.Errorf("notices/*.%s.tmpl have no %q", language, row.template)
			}
		}
		if row.priority != events.PriorityUrgent && row.priority != events.PriorityNormal {
			t.Errorf("%s has priority %q", row.template, row.priority)
		}
		if row.kind != "" && !slices.Contains(events.NoticeKinds, row.kind) {
			t.Errorf("%s is of kind %q, which nobody can switch off", row.template, row.kind)
		}
		if markup, err := noticeMarkup(row.keys, "ru", sampleOf(t, row, 0)); err != nil || (len(markup) > 0) != (len(row.keys) > 0) {
			t.Errorf("%s to %s has buttons %s, %v, want %d", row.event, row.to, markup, err, len(row.keys))
		}
	}
}

func TestEveryTextAndGoldenFileIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, part := range []string{"payer", "purpose", "request", "said", "state", "shift", "why", "because", "apartment", "roles"} {
		used[part] = true
	}
	for _, row := range noticeRows {
		used[row.template] = true
	}
	for _, language := range languages {
		for _, text := range noticeTexts[language].Templates() {
			if name := text.Name(); !used[name] && name != language && !strings.HasSuffix(name, ".tmpl") {
				t.Errorf("notices/*.%s.tmpl: nobody is told %q", language, name)
			}
		}
	}
	files, err := filepath.Glob("testdata/notices/*.golden.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".golden.html")
		if !used[name[:len(name)-len(".ru")]] {
			t.Errorf("%s belongs to no row", file)
		}
	}
}

func TestAnEventFindsItsRows(t *testing.T) {
	for name, tc := range map[string]struct {
		eventType, status string
		want              []string
	}{
		"a payment":                        {"payment.succeeded", "succeeded", []string{"payment.succeeded.payer", "payment.succeeded.manager"}},
		"a payment by its full name":       {"payment.payment.succeeded", "succeeded", []string{"payment.succeeded.payer", "payment.succeeded.manager"}},
		"a failed one":                     {"payment.failed", "requires_payment_method", []string{"payment.failed.payer", "payment.failed.manager"}},
		"one on its way":                   {"payment.processing", "processing", nil},
		"a refund that is done":            {"payment.refund.updated", "succeeded", []string{"refund.succeeded.payer", "refund.succeeded.manager"}},
		"a refund on its way":              {"payment.refund.created", "pending", nil},
		"a refund that failed":             {"payment.refund.failed", "failed", []string{"refund.failed.manager"}},
		"a new dispute":                    {"payment.dispute.created", "needs_response", []string{"dispute.created.manager"}},
		"a lost dispute":                   {"payment.dispute.closed", "lost", []string{"dispute.lost.manager"}},
		"a new invoice":                    {"payment.invoice.created", "draft", []string{"invoice.created.payer"}},
		"a paid invoice":                   {"payment.invoice.paid", "paid", []string{"invoice.paid.payer"}},
		"a spreadsheet":                    {events.TypeSheetUpdated, "", []string{"sheet.updated.manager"}},
		"an address":                       {events.TypeAddressResolved, "", []string{"address.resolved.manager"}},
		"a changed address, not yet known": {events.TypeAddressChanged, "", nil},
		"anything else":                    {events.TypeGeneric, "", []string{"generic.received.subscriber"}},
		"an event of a later version":      {"housing.request.frozen", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := readFact(events.Envelope{ID: "e", Type: tc.eventType, Data: mustJSON(events.PaymentChanged{Status: tc.status})})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range f.rows {
				got = append(got, row.template)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("rows of %s (%s) = %v, want %v", tc.eventType, tc.status, got, tc.want)
			}
		})
	}
}

func TestSubscriptionPatterns(t *testing.T) {
	for name, tc := range map[string]struct {
		pattern, topic string
		want           bool
	}{
		"everything":                  {"*", "shop.orders/create", true},
		"a source":                    {"github.*", "github.pull_request.opened", true},
		"another source":              {"github.*", "gitlab.push", false},
		"the event itself":            {"github.push", "github.push", true},
		"a slash in the type":         {"shop.orders/*", "shop.orders/create", true},
		"one character":               {"crm.lead.v?", "crm.lead.v2", true},
		"what is no pattern":          {"[", "[", false},
		"an empty pattern is nothing": {"", "github.push", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := matches(tc.pattern, tc.topic); got != tc.want {
				t.Errorf("matches(%q, %q) = %v, want %v", tc.pattern, tc.topic, got, tc.want)
			}
		})
	}
}

func TestAChatIsToldOnceOfAnEvent(t *testing.T) {
	boss := db.AudienceRow{PersonID: "boss", ChatID: 7, Role: "manager", Language: "ru"}
	twin := db.AudienceRow{PersonID: "boss-too", ChatID: 7, Role: "manager", Language: "en"}
	other := db.AudienceRow{PersonID: "other", ChatID: 8, Role: "manager", Language: "en"}
	mute := db.AudienceRow{PersonID: "mute", Role: "manager", Language: "en"}
	d := directory{
		byID:   map[string]db.AudienceRow{"boss": boss},
		byRole: map[string][]db.AudienceRow{"manager": {boss, twin, other, mute}},
	}
	f, err := readFact(events.Envelope{ID: "e", Type: "payment.succeeded", Tenant: "demo", Data: mustJSON(events.PaymentChanged{Payer: "boss", Currency: "USD", AmountMinor: 100})})
	if err != nil {
		t.Fatal(err)
	}
	notices, err := d.notices(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range notices {
		got = append(got, n.Template+" to "+chatText(n.ChatID))
	}
	if want := []string{"payment.succeeded.payer to 7", "payment.succeeded.manager to 8"}; !slices.Equal(got, want) {
		t.Errorf("notices %v, want %v", got, want)
	}
}

func chatText(id int64) string { return string(mustJSON(id)) }

func TestANoticeKeepsItsID(t *testing.T) {
	payment := fact{Envelope: events.Envelope{ID: "e-1", Tenant: "demo"}, payment: events.PaymentChanged{Source: "stripe", ExternalID: "re_1"}}
	again, replay := payment, payment
	again.ID, replay.Replay = "e-2", "replay-1"
	each, once := noticeRow{template: "t"}, noticeRow{template: "t", once: true}
	for name, tc := range map[string]struct {
		a, b string
		same bool
	}{
		"another delivery of the event":              {payment.noticeID(each, 7), payment.noticeID(each, 7), true},
		"another chat":                               {payment.noticeID(each, 7), payment.noticeID(each, 8), false},
		"another event":                              {payment.noticeID(each, 7), again.noticeID(each, 7), false},
		"another event that says the same":           {payment.noticeID(once, 7), again.noticeID(once, 7), true},
		"a replay that was asked to tell them again": {payment.noticeID(each, 7), replay.noticeID(each, 7), false},
	} {
		if (tc.a == tc.b) != tc.same {
			t.Errorf("%s: ids %s and %s, want equal %v", name, tc.a, tc.b, tc.same)
		}
	}
}

// newTelegram starts a simulator that Aziza, 7, has started the bot on, and a
// client of it.
func newTelegram(t *testing.T, cfg simulator.Config) (*simulator.Server, *telegram.Bot) {
	t.Helper()
	sim := simulator.New(cfg)
	sim.AddBot(token, "test_bot")
	sim.AddUser(simulator.User{ID: 7, FirstName: "Aziza", LanguageCode: "uz"})
	if err := sim.Start(token, 7); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(sim.Handler())
	bot := telegram.New(token, web.URL, 5*time.Second)
	t.Cleanup(func() { bot.Close(); sim.Close(); web.Close() })
	return sim, bot
}
