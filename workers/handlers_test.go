package workers

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ukbot/events"
	"ukbot/nats"
)

// hook is a webhook as the ingress stores it.
func hook(preset, eventType, body string) events.Webhook {
	return events.Webhook{
		Envelope: events.Envelope{
			ID: "evt_1", Type: eventType, Tenant: "acme", Source: preset,
			Time: time.Date(2026, 3, 1, 12, 30, 5, 42_000_000, time.UTC), Data: []byte(body),
		},
		Request: events.Request{Preset: preset},
	}
}

// shown is what a golden file keeps of effects.
func shown(t *testing.T, effects Effects) string {
	t.Helper()
	text, err := json.MarshalIndent(effects, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// handled runs the handler that the table has for a webhook.
func handled(t *testing.T, w events.Webhook) Effects {
	t.Helper()
	effects, err := Handlers.For(w)(w)
	if err != nil {
		t.Fatalf("%s %s: %v", w.Request.Preset, w.Type, err)
	}
	return effects
}

// refused says whether the handler refuses a webhook for ever, with these
// words and without a word of the body.
func refused(t *testing.T, w events.Webhook, words string) {
	t.Helper()
	effects, err := Handlers.For(w)(w)
	switch {
	case err == nil || !nats.IsPermanent(err):
		t.Errorf("%s of %s gives %v, want a permanent error", w.Type, w.Data, err)
	case !strings.Contains(err.Error(), words):
		t.Errorf("%s of %s gives %q, want %q in it", w.Type, w.Data, err, words)
	case strings.Contains(err.Error(), secretWord):
		t.Errorf("%q tells of the body", err)
	case len(effects.Payments)+len(effects.Derived) > 0:
		t.Errorf("%s of %s is refused and has effects: %+v", w.Type, w.Data, effects)
	}
}

// secretWord stands in bodies where errors may not repeat it.
const secretWord = "sesame"

func name(h Handler) string {
	for name, known := range map[string]Handler{"stripe": Stripe, "sheet": Sheet, "address": Address, "generic": Generic, "nothing": nothing} {
		if reflect.ValueOf(h).Pointer() == reflect.ValueOf(known).Pointer() {
			return name
		}
	}
	return "unknown"
}

func TestTheTableFindsTheHandler(t *testing.T) {
	for sentence, tc := range map[string]struct{ preset, eventType, want string }{
		"a payment of Stripe":                      {"stripe", "payment_intent.succeeded", "stripe"},
		"a dispute of Stripe, two dots deep":       {"stripe", "charge.dispute.created", "stripe"},
		"a refund of Stripe":                       {"stripe", "refund.updated", "stripe"},
		"an invoice of Stripe":                     {"stripe", "invoice.paid", "stripe"},
		"an event of Stripe that no row names":     {"stripe", "customer.created", "generic"},
		"a family of Stripe that begins the same":  {"stripe", "invoiceitem.created", "generic"},
		"a payment that another preset speaks of":  {"github", "payment_intent.succeeded", "generic"},
		"Google's update":                          {"google", "update", "sheet"},
		"Yandex with any type":                     {"yandex", "unknown", "address"},
		"a type with a slash, as Shopify has them": {"shopify", "orders/create", "generic"},
		"no preset and no type":                    {"", "", "generic"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := name(Handlers.For(hook(tc.preset, tc.eventType, ""))); got != tc.want {
				t.Errorf("%q %q goes to %s, want %s", tc.preset, tc.eventType, got, tc.want)
			}
		})
	}
}

func TestAWebhookThatNoRowTakesBecomesNothing(t *testing.T) {
	for sentence, table := range map[string]Table{
		"an empty table":      {},
		"another preset":      {{"stripe", "*", Stripe}},
		"another type":        {{"*", "a.*", Stripe}},
		"a malformed pattern": {{"*", "[", Stripe}},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := hook("github", "push", "{}")
			if got := name(table.For(w)); got != "nothing" {
				t.Errorf("For = %s, want nothing", got)
			}
			if effects, err := table.For(w)(w); err != nil || effects.Payments != nil || effects.Derived != nil {
				t.Errorf("nothing gives %+v, %v", effects, err)
			}
		})
	}
}

func TestTheFirstRowThatMatchesIsTheOne(t *testing.T) {
	table := Table{{"*", "a.*", Sheet}, {"*", "*", Generic}}
	if got := name(table.For(hook("x", "a.b", ""))); got != "sheet" {
		t.Errorf("For = %s, want sheet", got)
	}
}

func TestEveryPatternOfTheTableIsOne(t *testing.T) {
	for _, route := range Handlers {
		if _, err := path.Match(route.Events, ""); err != nil || route.Preset == "" || route.Handle == nil {
			t.Errorf("row %q %q: %v", route.Preset, route.Events, err)
		}
	}
	for eventType := range stripeEvents {
		if got := name(Handlers.For(hook("stripe", eventType, ""))); got != "stripe" {
			t.Errorf("%s is in Stripe's table and goes to %s", eventType, got)
		}
	}
}

func TestTheSameWebhookTwiceHasEqualEffects(t *testing.T) {
	for _, w := range samples(t) {
		first, again := handled(t, w), handled(t, w)
		if !reflect.DeepEqual(first, again) {
			t.Errorf("%s became %+v and then %+v", w.Type, first, again)
		}
	}
}

// samples is one webhook of every kind that has effects.
func samples(t testing.TB) []events.Webhook {
	t.Helper()
	all := []events.Webhook{
		hook("yandex", "a", `{"address":"Навои, 12","building_id":7,"lat":41.3,"lon":69.2}`),
		hook("google", "unknown", `{"spreadsheetId":"1AbC","sheetName":"Счётчики","range":"A1:B2"}`),
		hook("google", "update", ""),
		hook("github", "push", `{"message":"три\nстроки"}`),
	}
	all[2].Request.Headers = map[string]string{googState: "update", googResourceURI: "https://www.googleapis.com/drive/v3/files/1AbC?alt=json"}
	files, err := filepath.Glob("testdata/stripe/*.json")
	if err != nil || len(files) < len(stripeEvents) {
		t.Fatalf("%d payloads of Stripe, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event struct{ Type string }
		if err := json.Unmarshal(body, &event); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, hook("stripe", event.Type, string(body)))
	}
	return all
}

func FuzzHandlers(f *testing.F) {
	for _, w := range samples(f) {
		f.Add(w.Request.Preset, w.Type, w.Request.Headers[googState], w.Request.Headers[googResourceURI], w.Data)
	}
	f.Add("*", "orders/create", "sync", "%zz", []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, preset, eventType, state, uri string, body []byte) {
		w := hook(preset, events.CapType(eventType), string(body))
		w.Request.Headers = map[string]string{googState: state, googResourceURI: uri}
		checkEffects(t, w)
	})
}

// checkEffects asks of any webhook what must hold whatever it brings.
func checkEffects(t *testing.T, w events.Webhook) {
	t.Helper()
	effects, err := Handlers.For(w)(w)
	again, errAgain := Handlers.For(w)(w)
	if !reflect.DeepEqual(effects, again) || (err == nil) != (errAgain == nil) {
		t.Fatalf("two runs differ: %+v, %v and %+v, %v", effects, err, again, errAgain)
	}
	if err != nil && (!nats.IsPermanent(err) || len(effects.Payments)+len(effects.Derived) > 0) {
		t.Fatalf("%+v, %v: want a permanent error and no effects", effects, err)
	}
	for _, p := range effects.Payments {
		checkPayment(t, w, p)
	}
	names := map[string]bool{}
	for _, d := range effects.Derived {
		if names[d.Name] || d.Name == "" || d.Type == "" || len(d.Subject) >= 480 || events.SubjectTenant(d.Subject) != w.Tenant {
			t.Errorf("derived %+v", d)
		}
		names[d.Name] = true
		if _, err := json.Marshal(d.Data); err != nil {
			t.Errorf("data of %+v: %v", d, err)
		}
	}
}

// checkPayment asks what the table payments asks, and what text PostgreSQL takes.
func checkPayment(t *testing.T, w events.Webhook, p Payment) {
	t.Helper()
	if !strings.Contains(" payment refund dispute invoice ", " "+p.Kind+" ") || p.Status == "" || p.ExternalID == "" || p.AmountMinor < 0 ||
		p.Tenant != w.Tenant || p.Source != w.Source || p.Webhook.String() != w.Row() || p.ProviderTime.Year() < 1970 || p.ProviderTime.Year() > 9999 {
		t.Errorf("payment %+v", p)
	}
	for _, text := range []string{p.ExternalID, p.Status, p.Currency, p.Payer, p.ParentID, p.Description} {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) || utf8.RuneCountInString(text) > textMax {
			t.Errorf("text %q of payment %+v", text, p)
		}
	}
}
