package ingress

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// delivery is one provider's request: how it is made and what must be stored of it.
type delivery struct {
	path      string // under /api/v1/webhooks
	source    string
	body      string
	kind      string // content type; "-" for none
	headers   map[string]string
	id, event string // expected
}

// deliveries are requests as the providers send them, by preset.
var deliveries = map[string]delivery{
	"stripe": {
		path: "/stripe", source: "stripe", kind: "application/json; charset=utf-8",
		body:    "{\n  \"id\": \"evt_1\",\n  \"object\": \"event\", \"amount\": 1.50, \"note\": \"Квартира 12 🏠\",\n  \"type\": \"payment_intent.succeeded\"\n}",
		headers: map[string]string{"User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"},
		id:      "evt_1", event: "payment_intent.succeeded",
	},
	"google": {
		path: "/google/sheets", source: "google-sheets", kind: "-", headers: map[string]string{"User-Agent": "APIs-Google"},
		id: "channel-1:42", event: "update",
	},
	"yandex": {
		path: "/yandex/maps", source: "yandex-maps", kind: "application/json", body: yandexBody, id: "channel-1:42", event: "review",
	},
	"standard": {
		path: "/generic/std", source: "std", kind: "application/json", body: `{"type":"user.created","data":{}}`, id: "channel-1:42", event: "user.created",
	},
	"github": {
		path: "/generic/github", source: "github", kind: "application/x-www-form-urlencoded",
		body:    "payload=%7B%22zen%22%3A%22Design+for+failure.%22%7D",
		headers: map[string]string{"X-GitHub-Event": "push", "X-GitHub-Hook-ID": "292430182", "User-Agent": "GitHub-Hookshot/044aadd"},
		id:      "channel-1:42", event: "push",
	},
	"shopify": {
		path: "/generic/shop", source: "shop", kind: "application/json", body: shopifyBody,
		headers: map[string]string{"X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": "other"}, id: "channel-1:42", event: "orders/create",
	},
	"slack": {
		path: "/generic/slack", source: "slack", kind: "application/json",
		body: `{"token":"t","event_id":"Ev1","type":"event_callback","event":{"type":"app_mention"}}`, id: "Ev1", event: "app_mention",
	},
	"telegram": {
		path: "/generic/tg", source: "tg", kind: "application/json", body: `{"update_id":10000,"message":{"text":"привет"}}`, id: "10000", event: "unknown",
	},
	"generic": {
		path: "/generic/crm", source: "crm", kind: "application/json", body: genericBody, id: "channel-1:42", event: "lead.new",
	},
}

func (d delivery) lines(h events.Hook) []string {
	headers := Sign(h, secret.Text(presetSecret(h.Preset)), "channel-1:42", []byte(d.body), time.Now())
	maps.Copy(headers, d.headers)
	if d.kind != "-" {
		headers["Content-Type"] = d.kind
	}
	return headerLines(headers)
}

func TestEveryProviderIsTakenInAndAnsweredOnce(t *testing.T) {
	w := serve(t, AppConfig{})
	for preset := range Presets {
		t.Run(preset, func(t *testing.T) {
			d := deliveries[preset]
			h := w.hook(preset, "acme", d.source)
			first := w.raw(typed("/api/v1/webhooks"+d.path, d.body, d.lines(h)...), 1)[0]
			if first.status != 202 || first.Status != "accepted" || first.ID != d.id {
				t.Fatalf("answer %d %s, want 202 accepted %s", first.status, first.body, d.id)
			}
			all := w.webhooks()
			m := all[len(all)-1]
			if want := events.WebhookSubject("acme", d.source, d.event); m.Subject != want || string(m.Data) != d.body {
				t.Errorf("stored %q under %s, want %q under %s", m.Data, m.Subject, d.body, want)
			}
			if got := m.Header.Get(jetstream.MsgIDHeader); got != "acme/"+d.source+"/"+d.id {
				t.Errorf("message id %q", got)
			}
			for name, want := range map[string]string{"ce-specversion": "1.0", "ce-id": d.id, "ce-type": d.event, "ce-source": d.source, "ce-tenant": "acme"} {
				if got := m.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			w.checkEvent(t, w.decode(m), h, d)
			again := w.raw(typed("/api/v1/t/acme/webhooks"+d.path, d.body, d.lines(h)...), 1)[0]
			if again.status != 200 || again.Status != "duplicate" || again.ID != d.id {
				t.Errorf("the repeat is answered %d %s", again.status, again.body)
			}
			if now := w.webhooks(); len(now) != len(all) {
				t.Errorf("the repeat made %d messages of %d", len(now), len(all))
			}
			if a, d := w.counted("acme", d.source, accepted), w.counted("acme", d.source, duplicate); a != 1 || d != 1 {
				t.Errorf("counted %d accepted and %d duplicate, want 1 and 1", a, d)
			}
		})
	}
}

// checkEvent compares what workers will read.
func (w *wire) checkEvent(t *testing.T, got events.Webhook, h events.Hook, d delivery) {
	t.Helper()
	kind := d.kind
	if kind == "-" {
		kind = ""
	}
	r := got.Request
	if r.HookID != h.ID || r.Preset != h.Preset || r.Scheme != h.Scheme || r.RemoteIP != "127.0.0.1" || r.MaxRetries != defaultMaxRetries ||
		r.UserAgent != d.headers["User-Agent"] || len(r.RequestID) != 16 || got.ContentType != kind {
		t.Errorf("the record's request is %+v, content type %q", r, got.ContentType)
	}
	if got.Correlation != got.Row() || !events.WellFormedTrace(got.Trace) || time.Since(got.Time) > time.Minute {
		t.Errorf("correlation %s of row %s, trace %s, at %s", got.Correlation, got.Row(), got.Trace, got.Time)
	}
	if signs[h.Scheme] != (r.Signature != "") {
		t.Errorf("scheme %s keeps the signature %q", h.Scheme, r.Signature)
	}
	for name, value := range r.Headers {
		if strings.Contains(value, presetSecret(h.Preset)) || strings.EqualFold(name, h.Header) {
			t.Errorf("the record keeps %s: %s", name, value)
		}
	}
	if want := d.headers["X-GitHub-Hook-ID"]; r.Headers["x-github-hook-id"] != want {
		t.Errorf("x-github-hook-id is %q, want %q; all: %v", r.Headers["x-github-hook-id"], want, r.Headers)
	}
}

func TestWhatIsNotForRecordsIsAnsweredAndNotStored(t *testing.T) {
	w := serve(t, AppConfig{})
	google := w.hook("google", "acme", "google-sheets")
	slack := w.hook("slack", "acme", "slack")
	w.hook("generic", "acme", "crm", func(h *events.Hook) { h.Events = []string{"lead.*", "заявка.*"} })

	sync := Sign(google, secret.Text(presetSecret("google")), "channel-1:1", nil, time.Now())
	sync[googleState] = "sync"
	if a := w.post("/api/v1/webhooks/google/sheets", sync, ""); a.status != 200 || a.Status != "sync" {
		t.Errorf("sync is answered %d %s", a.status, a.body)
	}
	hello := `{"token":"x","challenge":"3eZbrw1aB\u00e4","type":"url_verification"}`
	a := w.post("/api/v1/webhooks/generic/slack", Sign(slack, secret.Text(presetSecret("slack")), "", []byte(hello), time.Now()), hello)
	var challenge struct{ Challenge string }
	if err := json.Unmarshal([]byte(a.body), &challenge); err != nil || a.status != 200 || challenge.Challenge != "3eZbrw1aBä" {
		t.Errorf("the handshake is answered %d %s", a.status, a.body)
	}
	if a := w.crm("", `{"type":"deal.won"}`); a.status != 200 || a.Status != "ignored" {
		t.Errorf("what the filter leaves out is answered %d %s", a.status, a.body)
	}
	if all := w.webhooks(); len(all) != 0 {
		t.Errorf("%d messages are stored, want none", len(all))
	}
	for body, want := range map[string]int{`{"type":"lead.new"}`: 202, `{"type":"заявка.новая"}`: 202} {
		if a := w.crm("", body); a.status != want {
			t.Errorf("%s is answered %d %s", body, a.status, a.body)
		}
	}
	if n := w.counted("acme", "crm", ignored) + w.counted("acme", "google-sheets", synced) + w.counted("acme", "slack", synced); n != 3 {
		t.Errorf("%d of 3 are counted", n)
	}
}

// crm posts to acme's generic source, signed as its preset wants; id may be empty.
func (w *wire) crm(id, body string, more ...string) answer {
	w.t.Helper()
	return w.raw(typed("/api/v1/webhooks/generic/crm", body, append(w.crmLines(id, body), more...)...), 1)[0]
}

func (w *wire) crmLines(id, body string) []string {
	headers := Sign(w.current("acme", "crm").Hook, secret.Text(presetSecret("generic")), id, []byte(body), time.Now())
	return headerLines(headers, "Content-Type: application/json")
}

func TestEventTypesOfAnyForm(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	long := strings.Repeat("очень.длинный ", 400)
	for name, kind := range map[string]string{
		"newline": "a\nb", "CRLF and a header": "a\r\nce-tenant: evil\r\n\r\nx", "10 KB": long, "Cyrillic": "заявка.создана", "emoji": "дом.🏠",
		"wildcards": "a.*.>", "a wildcard alone": ">", "dots": "..a..", "spaces": "  a b  ", "NUL": "a\x00b", "control": "\x1b[31m", "empty": "", "next line": "a\u0085b\u2028c",
		"quotes": `a"b\c<d>&e`,
	} {
		t.Run(name, func(t *testing.T) {
			body, _ := json.Marshal(map[string]string{"type": kind, "n": name})
			if a := w.crm("", string(body)); a.status != 202 {
				t.Fatalf("answer %d %s", a.status, a.body)
			}
			all := w.webhooks()
			m := all[len(all)-1]
			event := w.decode(m)
			if event.Type != events.CapType(kind) || event.Tenant != "acme" || event.Source != "crm" || string(event.Data) != string(body) {
				t.Errorf("stored type %q of tenant %q: %q, want %q", event.Type, event.Tenant, event.Data, events.CapType(kind))
			}
			if len(m.Header["ce-tenant"]) != 1 || events.SubjectTenant(m.Subject) != "acme" || strings.ContainsAny(m.Subject, "*>\r\n ") {
				t.Errorf("subject %q, headers %v", m.Subject, m.Header)
			}
		})
	}
}

// Whatever a sender writes into a header must stay inside the value it went to.
func TestHeadersCannotAddHeaders(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	evil := []string{
		"\xff\xfe", "a\x01b", "a\tb", "\"}\\", "é", "<&>", "a\r\n folded", "a\r\n\tce-tenant: evil", "a\u2028b", strings.Repeat("ы", 600), "a\x7fb",
	}
	names := []string{"X-Event-ID", "X-Event-Type", "Content-Type", "User-Agent", "X-Request-ID", "traceparent", "X-Other", "X-Tenant-ID", "X-Forwarded-For"}
	for i, value := range evil {
		for _, name := range names {
			body := fmt.Sprintf(`{"type":"t","n":"%d %s"}`, i, name)
			lines := w.crmLines("", body)
			if name == "Content-Type" {
				lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, name) })
				value = "application/json;x=" + value
			}
			a := w.raw(typed("/api/v1/webhooks/generic/crm", body, append(lines, name+": "+value)...), 1)[0]
			if a.err != nil || a.status >= 500 || a.status == 202 && len(a.header["Ce-Tenant"]) > 0 {
				t.Errorf("%s: %q is answered %d %s, %v", name, value, a.status, a.body, a.err)
			}
			if a.status != 202 {
				if name != "X-Tenant-ID" && a.status != 400 {
					t.Errorf("%s: %q is answered %d %s", name, value, a.status, a.body)
				}
				continue
			}
			all := w.webhooks()
			m := all[len(all)-1]
			event := w.decode(m)
			if event.Tenant != "acme" || string(event.Data) != body || event.ID != a.ID || len(m.Header) != len(w.plainHeader()) {
				t.Errorf("%s: %q is stored as %v", name, value, m.Header)
			}
		}
	}
}

// plainHeader names what every stored webhook with a content type carries.
func (w *wire) plainHeader() []string {
	return []string{
		"ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-tenant", "ce-correlationid", "traceparent", "content-type", "ukbot-request", "Nats-Msg-Id", "Nats-Trace-Dest",
	}
}

func TestRequestIDAndTraceAreKeptOrMade(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, tc := range map[string]struct {
		id, trace string
		kept      bool
	}{
		"good ones are kept":     {"req-1", trace, true},
		"none are made":          {"", "", false},
		"an id with a space":     {"a b", "00-" + trace, false},
		"an id of 65 bytes":      {strings.Repeat("a", 65), strings.ToUpper(trace), false},
		"a Cyrillic one":         {"запрос", strings.Repeat("-", len(trace)), false},
		"a trace of zeros":       {"ы", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
		"a parent of zeros":      {"ы", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
		"a version that is none": {"ы", "ff" + trace[2:], false},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.crm(rand.Text(), "{}", "X-Request-ID: "+tc.id, "traceparent: "+tc.trace)
			event := w.last()
			if a.status != 202 || event.Request.RequestID != a.header.Get("X-Request-ID") || event.Request.RequestID == "" {
				t.Errorf("answer %d with id %q, stored %q", a.status, a.header.Get("X-Request-ID"), event.Request.RequestID)
			}
			if tc.kept != (event.Request.RequestID == tc.id) || tc.kept != (event.Trace == tc.trace) || !events.WellFormedTrace(event.Trace) {
				t.Errorf("stored id %q, trace %q", event.Request.RequestID, event.Trace)
			}
		})
	}
	if a := w.post("/api/v1/webhooks/generic/none", map[string]string{"X-Request-ID": "req-2"}, "{}"); a.status != 404 || a.header.Get("X-Request-ID") != "req-2" {
		t.Errorf("a refusal is answered %d with id %q", a.status, a.header.Get("X-Request-ID"))
	}
	if line := w.lines.String(); !strings.Contains(line, `"request_id":"req-2"`) {
		t.Errorf("the refusal's line has no id: %s", line)
	}
}

func TestRepeatsAreReported(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	for i := range 5 {
		for n := range i + 1 {
			if a := w.crm("id-"+strconv.Itoa(i), "{}"); a.status != 202 && n == 0 || a.status != 200 && n > 0 {
				t.Fatalf("answer %d %s to request %d of event %d", a.status, a.body, n, i)
			}
		}
	}
	natstest.Wait(t, "all repeats to be reported", func() bool { return w.repeats()["id-4"] == 4 })
	if got := w.repeats(); got["id-0"] != 0 || got["id-1"] != 1 || got["id-2"] != 2 || got["id-3"] != 3 || len(got) != 4 {
		t.Errorf("reported %v", got)
	}
}

// repeats is the sum of all reports.
func (w *wire) repeats() events.Repeats {
	w.t.Helper()
	sum := events.Repeats{}
	for _, m := range w.read(events.RepeatSubjects) {
		var counts events.Repeats
		if err := json.Unmarshal(m.Data, &counts); err != nil {
			w.t.Fatal(err)
		}
		for id, n := range counts {
			sum[id] += n
		}
	}
	return sum
}
