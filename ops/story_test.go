package ops

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

func containsText(s, word string) bool { return strings.Contains(s, word) }

func TestStoryTellsEverythingButSecrets(t *testing.T) {
	f := start(t)
	q, ctx := db.New(f.deps.Pool), t.Context()
	w := webhook("acme", "stripe", "evt_1", "payment_intent.succeeded")
	record := row(w, StatusCompleted, f.publish(w))
	queued, published := events.DeriveID(w.Row(), "queued"), events.DeriveID(w.Row(), "published")
	record.Effects = []byte(fmt.Sprintf(`[{"kind":"payment","key":"pi_1"},{"kind":"event","id":%q,"type":"payment.succeeded","subject":"s.1"},
		{"kind":"event","id":%q,"type":"generic.received","subject":"s.2"},{"kind":"later","key":"x"}]`, queued, published))
	f.store(record)
	must(t, q.SetPerson(ctx, db.SetPersonParams{TenantID: "acme", PersonID: "p", ChatID: 1, Name: "n", Role: "manager", Language: "ru"}))
	_, err := q.SettlePayments(ctx, db.Columns([]db.SettlePayment{{
		Tenant: "acme", Source: "stripe", ExternalID: "pi_1", Kind: "payment", Status: "succeeded", AmountMinor: 25_000_00, Currency: "UZS",
		ProviderTime: received, Webhook: record.ID,
	}}))
	must(t, err)
	_, err = q.InsertOutbox(ctx, []db.InsertOutboxParams{
		{TenantID: "acme", Subject: "s.1", MessageID: queued, Headers: []byte("{}"), Data: []byte("{}")},
		{TenantID: "other", Subject: "s.2", MessageID: published, Headers: []byte("{}"), Data: []byte("{}")},
	})
	must(t, err)
	_, err = q.InsertAttempts(ctx, []db.InsertAttemptsParams{
		{TenantID: "acme", WebhookID: record.ID, Attempt: 1, At: received, Outcome: "retrying", DurationMs: 2},
		{TenantID: "other", WebhookID: record.ID, Attempt: 9, At: received, Outcome: "failed", DurationMs: 2},
	})
	must(t, err)
	sent, waiting := uuid.New(), uuid.New()
	must(t, q.InsertNotices(ctx, db.InsertNoticesParams{
		TenantIds: []string{"acme", "acme"}, Ids: []uuid.UUID{sent, waiting}, Correlations: []uuid.UUID{record.ID, record.ID},
		EventIds: []uuid.UUID{uuid.New(), uuid.New()}, ChatIds: []int64{100200300, -100987654321}, Templates: []string{"payment", "payment"}, Languages: []string{"ru", "uz"},
	}))
	once, err := f.deps.NATS.JS.KeyValue(ctx, nats.BucketOnce)
	must(t, err)
	_, err = once.Put(ctx, sent.String(), []byte(`{"message_id":77,"sent_at":"2026-03-01T12:00:00Z","outcome":"sent","chat_id":100200300}`))
	must(t, err)

	for _, id := range []string{w.ID, w.Row(), strings.ToUpper(w.Row())} {
		status, _, body := f.call(http.MethodGet, "/api/v1/webhooks/events/"+id, "acme", "")
		s := decode[Story](t, body)
		if status != 200 || s.ID != w.Row() || s.EventID != "evt_1" {
			t.Fatalf("show %s = %d %s", id, status, body)
		}
		for _, word := range []string{"c0ffee", "hunter2", "100200300", "100987654321"} {
			if containsText(body, word) {
				t.Errorf("the story shows %q: %s", word, body)
			}
		}
		if s.Stream.Stored != "yes" || s.Stream.Sequence != record.StreamSequence || len(s.Attempts) != 1 || s.Dead != nil {
			t.Errorf("stream %+v, attempts %+v, dead %v", s.Stream, s.Attempts, s.Dead)
		}
		if len(s.Effects.Payments) != 1 || s.Effects.Payments[0].AmountMinor != 25_000_00 || !s.Effects.Payments[0].Newest {
			t.Errorf("payments %+v", s.Effects.Payments)
		}
		if e := s.Effects.Events; len(e) != 2 || !e[0].Queued || e[1].Queued || e[1].Type != "generic.received" {
			t.Errorf("derived events %+v", e)
		}
		byID := map[string]Notice{}
		for _, n := range s.Notices.List {
			byID[n.ID] = n
		}
		if n := byID[sent.String()]; s.Notices.Total != 2 || n.Delivery != "sent" || n.MessageID != 77 || n.Chat != "***300" || n.SentAt == nil {
			t.Errorf("sent notice %+v of %d", n, s.Notices.Total)
		}
		if n := byID[waiting.String()]; n.Delivery != "pending" || n.Chat != "***321" {
			t.Errorf("waiting notice %+v", n)
		}
		if !json.Valid(s.Payload.JSON) || !containsText(string(s.Payload.JSON), "дом 🏠") {
			t.Errorf("payload %s", s.Payload.JSON)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPayloadIsShownInTheFormThatLosesNothing(t *testing.T) {
	f := start(t)
	for name, tc := range map[string]struct {
		body      []byte
		json, cut bool
	}{
		"json":                {[]byte(`{"a":[1,2]}`), true, false},
		"json with a NUL":     {[]byte(`{"a":"\u0000"}`), true, false},
		"form":                {[]byte(`a=1&b=2`), false, false},
		"bytes":               {[]byte{0, 0xff, 1}, false, false},
		"json of broken text": {[]byte("{\"a\":\"\xff\"}"), false, false},
		"nothing":             {[]byte{}, false, false},
		"very much":           {[]byte(`"` + strings.Repeat("x", payloadMax) + `"`), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := webhook("acme", "stripe", "evt_"+strings.ReplaceAll(name, " ", "_"), "a.b")
			w.Data = tc.body
			r := row(w, StatusCompleted, 1)
			r.PayloadJson = nil
			f.store(r)
			p := get[Story](f, "/api/v1/webhooks/events/"+w.ID, "acme").Payload
			if (p.JSON != nil) != tc.json || p.Truncated != tc.cut || p.Bytes != len(tc.body) || !tc.json && !tc.cut && string(p.Base64) != string(tc.body) {
				t.Errorf("payload of %q = json %q, base64 %d bytes, truncated %v, %d bytes", name, p.JSON, len(p.Base64), p.Truncated, p.Bytes)
			}
		})
	}
}

func TestIDOfSeveralSourcesAsksForTheSource(t *testing.T) {
	f := start(t)
	a, b := webhook("acme", "stripe", "same", "a.b"), webhook("acme", "github", "same", "a.b")
	f.store(row(a, StatusFailed, 1), row(b, StatusFailed, 2))
	status, _, body := f.call(http.MethodGet, "/api/v1/webhooks/events/same", "acme", "")
	if p := decode[problem](t, body); status != 409 || p.Code != "ambiguous_id" || len(p.Candidates) != 2 {
		t.Errorf("show = %d %s", status, body)
	}
	if s := get[Story](f, "/api/v1/webhooks/events/same?source=github", "acme"); s.ID != b.Row() {
		t.Errorf("show of github = %+v", s.Event)
	}
	f.expect(http.MethodGet, "/api/v1/webhooks/events/"+a.Row()+"?source=github", "acme", "", 404, "not_found")
	f.expect(http.MethodPost, "/api/v1/webhooks/events/same/retry", "acme", "", 409, "ambiguous_id")
}

func TestIDsOfProvidersAreFoundInWhateverFormTheyHave(t *testing.T) {
	f := start(t)
	for i, id := range []string{
		"a/b?c=d%20e", uuid.NewString(), "0195512e-7a2a-7000-8000-000000000000", strings.Repeat("long", 100), "дом 🏠", "..", "-", "retry",
	} {
		w := webhook("acme", "stripe", events.CapID(id), "a.b")
		f.store(row(w, StatusCompleted, uint64(i+1)))
		if s := get[Story](f, "/api/v1/webhooks/events/"+url.PathEscape(id), "acme"); id != ".." && s.ID != w.Row() {
			t.Errorf("show %q = %q", id, s.EventID)
		}
	}
}

func TestStoryWithoutStreamsIsStillTold(t *testing.T) {
	f := start(t)
	w := webhook("acme", "stripe", "evt_1", "a.b")
	r := row(w, StatusFailed, f.publish(w))
	f.store(r)
	must(t, db.New(f.deps.Pool).InsertNotices(t.Context(), db.InsertNoticesParams{
		TenantIds: []string{"acme"}, Ids: []uuid.UUID{uuid.New()}, Correlations: []uuid.UUID{r.ID}, EventIds: []uuid.UUID{uuid.New()},
		ChatIds: []int64{12}, Templates: []string{"x"}, Languages: []string{"ru"},
	}))
	f.nats.Stop()
	s := get[Story](f, "/api/v1/webhooks/events/evt_1", "acme")
	if s.Stream.Stored != "unknown" || s.Notices.List[0].Delivery != "unknown" || s.Notices.List[0].Chat != "***" {
		t.Errorf("stream %+v, notices %+v", s.Stream, s.Notices)
	}
	f.hook("acme", "stripe", "stripe")
	f.expect(http.MethodPost, "/api/v1/webhooks/events/evt_1/retry", "acme", "", 503, "stream_unavailable")
}

func TestExpiredMessageIsSaidToBeGone(t *testing.T) {
	f := start(t)
	first, second := webhook("acme", "stripe", "evt_1", "a.b"), webhook("acme", "stripe", "evt_2", "a.b")
	f.store(row(first, StatusCompleted, f.publish(second)), row(second, StatusCompleted, 99))
	for _, id := range []string{"evt_1", "evt_2"} { // another event stands there; nothing does
		if s := get[Story](f, "/api/v1/webhooks/events/"+id, "acme"); s.Stream.Stored != "no" {
			t.Errorf("stream of %s = %+v", id, s.Stream)
		}
	}
}

// bury makes a consumer of the webhook's configuration give its message up.
func (f *fixture) bury(w events.Webhook, cause string) {
	f.t.Helper()
	id := fmt.Sprintf("dead/%s/%s", nats.HookDurable(w.Tenant, w.Source), w.ID)
	msg := natsgo.NewMsg(events.DeadSubject(nats.StreamWebhooks, w.Tenant, nats.HookDurable(w.Tenant, w.Source)))
	msg.Header, msg.Data = w.Header(), w.Data
	for name, value := range map[string]string{
		"Ukbot-Dead-Stream": nats.StreamWebhooks, "Ukbot-Dead-Subject": events.WebhookSubject(w.Tenant, w.Source, w.Type),
		"Ukbot-Dead-Consumer": nats.HookDurable(w.Tenant, w.Source), "Ukbot-Dead-Error": cause, "Ukbot-Dead-Sequence": "1",
		jetstream.MsgIDHeader: id,
	} {
		msg.Header.Set(name, value)
	}
	if _, err := f.deps.Publisher.Publish(f.t.Context(), msg); err != nil {
		f.t.Fatal(err)
	}
}

func TestFailedEventHasItsDeadLetterInTheStory(t *testing.T) {
	f := start(t)
	for i := range 20 {
		w := webhook("acme", "stripe", eventID(i), "a.b")
		r := row(w, StatusFailed, uint64(i+1))
		now := time.Now()
		r.ProcessedAt = &now
		f.store(r)
		f.bury(w, fmt.Sprintf("cause %d", i))
	}
	s := get[Story](f, "/api/v1/webhooks/events/"+eventID(13), "acme")
	if s.Dead == nil || s.Dead.Error != "cause 13" || s.Dead.EventID != eventID(13) {
		t.Errorf("dead letter = %+v", s.Dead)
	}
}
