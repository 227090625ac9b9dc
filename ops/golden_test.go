package ops

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/golden"
	"ukbot/nats"
	"ukbot/sql/db"
)

// wireForm compares v as JSON with a golden file.
func wireForm(t *testing.T, name string, v any) {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	must(t, err)
	golden.Equal(t, name, string(text)+"\n")
}

func TestStoryWireForm(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 5, 42_000_000, time.UTC)
	ip, took, id := netip.MustParseAddr("192.0.2.7"), float32(1.5), uuid.MustParse("0195512e-7a2a-7000-8000-000000000000")
	some := func(s string) *string { return &s }
	record := db.WebhookEvent{
		ID: id, TenantID: "acme", Source: "stripe", EventID: "evt_1", EventType: "payment_intent.succeeded", Subject: "integration.webhook.acme.stripe.payment_intent.succeeded",
		StreamSequence: 17, WebhookConfigID: &id, Status: StatusFailed, Payload: []byte(`{"id":"evt_1","note":"оплачено 🏠"}`), PayloadBytes: 41,
		ContentType: "application/json", Headers: []byte(`{"Stripe-Version":"2026-01-01","X-Auth-Token":"hunter2"}`), Signature: some("t=1,v1=ab"), SignatureScheme: "stripe", SignatureValid: true,
		RemoteIp: &ip, UserAgent: some("Stripe/1.0"), RequestID: "req-1", TraceID: some("4bf92f3577b34da6a3ce929d0e0e4736"), RetryCount: 5, MaxRetries: 5,
		NextRetryAt: &at, LastError: some("bank said no"), ErrorKind: some("exhausted"), DuplicateCount: 19,
		ReceivedAt: at, ProcessingStartedAt: &at, ProcessedAt: &at, DurationMs: &took, ReplayOf: some("retry-7"), CreatedAt: at, UpdatedAt: at,
	}
	wireForm(t, "story.golden.json", Story{
		Event: eventOf(record), Request: requestOf(record), Payload: payloadBytes(record.Payload, 41),
		Attempts: []Attempt{{6, at, "failed", "bank said no", 1.5, "retry-7"}},
		Effects: Effects{
			Payments: []Payment{{"pi_1", "payment", "succeeded", 2_500_000, "UZS", "p-1", "", "", at, true}},
			Events:   []Derived{{"e-1", "payment.succeeded", "integration.payment.acme.succeeded", true}},
		},
		Notices: Notices{1, []Notice{{"n-1", "e-1", "***300", "payment", "ru", at, "sent", 77, &at}}},
		Stream:  Position{nats.StreamWebhooks, 17, answerYes},
		Dead:    &nats.DeadLetter{Sequence: 3, At: at, Stream: nats.StreamWebhooks, Origin: 17, Tenant: "acme", EventID: "evt_1", Error: "bank said no", Deliveries: 1},
	})
}

func TestProblemWireForm(t *testing.T) {
	wireForm(t, "problem.golden.json", explain(AmbiguousError{[]Candidate{
		{"0195512e-7a2a-7000-8000-000000000000", "stripe", time.Unix(0, 0).UTC()},
		{"0195512e-7a2b-7000-8000-000000000000", "github", time.Unix(1, 0).UTC()},
	}}))
}
