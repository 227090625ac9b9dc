package workers

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestNewEventBecomesARecordAPaymentAndAnAnnouncement(t *testing.T) {
	r := newRig(t)
	r.configure("acme", "stripe")
	r.work(nil)
	w := sample("evt_1")
	r.publish("", w)
	row := r.until("evt_1", "completed", completed)
	hook, ip := uuid.MustParse(w.Request.HookID), netip.MustParseAddr("192.0.2.7")
	agent, signature, trace := "Stripe/1.0", "t=1,v1=ab", "4bf92f3577b34da6a3ce929d0e0e4736"
	want := db.WebhookEvent{
		ID: uuid.MustParse(w.Row()), TenantID: "acme", Source: "stripe", EventID: "evt_1", EventType: "payment_intent.succeeded",
		Subject: "integration.webhook.acme.stripe.payment_intent.succeeded", StreamSequence: 1, WebhookConfigID: &hook, Status: "completed",
		Payload: w.Data, PayloadJson: row.PayloadJson, PayloadBytes: int32(len(w.Data)), ContentType: "application/json",
		Headers: []byte(`{"Stripe-Version": "2026-01-01"}`), Signature: &signature, SignatureScheme: "stripe", SignatureValid: true,
		RemoteIp: &ip, UserAgent: &agent, RequestID: "req-1", TraceID: &trace, MaxRetries: 3, Effects: row.Effects, ReceivedAt: w.Time,
		ProcessingStartedAt: row.ProcessingStartedAt, ProcessedAt: row.ProcessedAt, DurationMs: row.DurationMs,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	row.ReceivedAt = row.ReceivedAt.UTC()
	if !reflect.DeepEqual(row, want) {
		t.Errorf("record\n%+v, want\n%+v", row, want)
	}
	if n := number(t, r.pool, "SELECT count(*) FROM webhook_events WHERE payload_json->>'id' = 'evt_1'"); n != 1 {
		t.Error("the payload is not there as jsonb")
	}
	switch {
	case row.ProcessingStartedAt == nil || row.ProcessedAt == nil || row.ProcessedAt.Before(*row.ProcessingStartedAt):
		t.Errorf("processed from %v to %v", row.ProcessingStartedAt, row.ProcessedAt)
	case row.DurationMs == nil || *row.DurationMs < 0 || row.CreatedAt.IsZero() || row.UpdatedAt.IsZero():
		t.Errorf("times %v, created %v, updated %v", row.DurationMs, row.CreatedAt, row.UpdatedAt)
	}
	payments, err := db.New(r.pool).Payments(t.Context(), db.PaymentsParams{TenantID: "acme", Source: "stripe", ExternalIds: []string{"pi_evt_1"}})
	must(t, err)
	if len(payments) != 1 || payments[0].Status != "succeeded" || payments[0].AmountMinor != 100 || payments[0].WebhookID != row.ID {
		t.Errorf("payments %+v", payments)
	}
	r.untilCount("outbox", 0)
	announced := r.published(nats.StreamEvents)
	if len(announced) != 1 {
		t.Fatalf("%d events announced, want 1", len(announced))
	}
	e, err := events.Decode(announced[0].Header, announced[0].Data)
	must(t, err)
	if e.Causation != w.Row() || e.Correlation != w.Row() || e.Trace != w.Trace || e.Tenant != "acme" || e.Replay != "" || e.Quiet ||
		announced[0].Header.Get("Nats-Msg-Id") != e.ID || e.ID != events.DeriveID(w.Row(), handled(t, w).Derived[0].Name) {
		t.Errorf("announced %+v under %q", e, announced[0].Header.Get("Nats-Msg-Id"))
	}
}

func TestVerdictFollowsTheErrorAndTheAttemptsLeft(t *testing.T) {
	flaky := errors.New("bank is slow")
	for name, tc := range map[string]struct {
		failure  error
		attempt  int
		retries  int
		status   string
		kind     string
		from, to time.Duration // until the next attempt
	}{
		"no error completes":                       {nil, 1, 3, "completed", "", 0, 0},
		"a permanent error fails at once":          {nats.Permanent(flaky), 1, 3, "failed", "permanent", 0, 0},
		"the first failure waits about 2 minutes":  {flaky, 1, 3, "retrying", "transient", 108 * time.Second, 132 * time.Second},
		"the second failure waits about 4 minutes": {flaky, 2, 3, "retrying", "transient", 216 * time.Second, 264 * time.Second},
		"the third failure waits about 8 minutes":  {flaky, 3, 3, "retrying", "transient", 432 * time.Second, 528 * time.Second},
		"after the last retry it is exhausted":     {flaky, 4, 3, "failed", "exhausted", 0, 0},
		"one retry is one":                         {flaky, 2, 1, "failed", "exhausted", 0, 0},
		"no setting means five":                    {flaky, 5, 0, "retrying", "transient", 28 * time.Minute, 36 * time.Minute},
		"and no more":                              {flaky, 6, 0, "failed", "exhausted", 0, 0},
		"a wait that the handler names is kept":    {nats.RetryAfter(time.Hour, flaky), 1, 3, "retrying", "transient", 59 * time.Minute, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			it := &item{failure: tc.failure, attempt: tc.attempt, webhook: events.Webhook{Request: events.Request{MaxRetries: tc.retries}}}
			v := it.judge()
			if v.status != tc.status || v.kind != tc.kind || nats.IsPermanent(v.answer) != (tc.status == "failed") {
				t.Errorf("verdict %+v, want %s %s", v, tc.status, tc.kind)
			}
			if wait := time.Until(v.next); tc.to > 0 && (wait < tc.from-time.Second || wait > tc.to) {
				t.Errorf("next attempt in %s, want %s to %s", wait, tc.from, tc.to)
			}
		})
	}
}

func TestForeignMessageIsRefusedWithoutARow(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	good := delivery(sample("evt_1"), 1, 1)
	other := delivery(sample("evt_2"), 2, 1)
	other.Subject = "integration.webhook.other.stripe.x"
	bad := delivery(sample("evt_3"), 3, 1)
	bad.Header.Del("ce-id")
	answers := d.handle(t.Context(), []*nats.Message{other, bad, good})
	if !nats.IsPermanent(answers[0]) || !nats.IsPermanent(answers[1]) || answers[2] != nil {
		t.Errorf("answers %v", answers)
	}
	d.count("webhook_events", 1)
	d.count("outbox", 1)
}

func TestProvidersOwnTypeIsNoCountOfRepeats(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	w := sample("evt_1")
	w.Type = events.TypeRepeats
	if err := d.hand(delivery(w, 1, 1)); err != nil {
		t.Errorf("answer %v", err)
	}
	if row := d.record("evt_1"); row.Status != statusCompleted {
		t.Errorf("status %s", row.Status)
	}
}
