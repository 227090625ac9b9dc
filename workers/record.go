package workers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// Statuses of a record (webhook_events.status).
const (
	statusCompleted = "completed"
	statusFailed    = "failed"
	statusRetrying  = "retrying"
)

// defaultRetries is what a configuration that sets none gets: with 2^n minutes
// between, the last comes about an hour after the first.
const defaultRetries = 5

// verdict is what an attempt means for the record and for the stream.
type verdict struct {
	status string
	kind   string // error_kind; "" when completed
	next   time.Time
	answer error
}

// judge decides by the handler's error and the attempts left.
func (it *item) judge() verdict {
	switch {
	case it.failure == nil:
		return verdict{status: statusCompleted}
	case nats.IsPermanent(it.failure):
		return verdict{status: statusFailed, kind: "permanent", answer: it.failure}
	case it.attempt > it.retries():
		return verdict{status: statusFailed, kind: "exhausted", answer: nats.Permanent(it.failure)}
	}
	delay, given := nats.RetryDelay(it.failure)
	if !given {
		delay = nats.Backoff(it.attempt)
	}
	return verdict{
		status: statusRetrying, kind: "transient", next: time.Now().Add(delay).UTC(),
		answer: nats.RetryAfter(delay, it.failure),
	}
}

// retries is how many attempts may follow the first.
func (it *item) retries() int { return cmp.Or(it.webhook.Request.MaxRetries, defaultRetries) }

// effect is how the record remembers one thing that the event became.
type effect struct {
	Kind    string `json:"kind"` // "payment" or "event"
	Key     string `json:"key,omitempty"`
	ID      string `json:"id,omitempty"`
	Type    string `json:"type,omitempty"`
	Subject string `json:"subject,omitempty"`
}

// write turns an attempt into rows of the batch.
func (b *batch) write(it *item) error {
	v := it.judge()
	it.answer = v.answer
	var effects json.RawMessage // null: as they were
	if v.status == statusCompleted {
		made, err := b.effects(it)
		if err != nil {
			return err
		}
		if effects, err = json.Marshal(made); err != nil {
			return err
		}
	}
	if it.known == nil {
		row, err := b.row(it, v, effects)
		if err != nil {
			return err
		}
		b.rows = append(b.rows, row)
	} else {
		b.updates = append(b.updates, outcome(it, v, effects))
	}
	if it.attempt > 1 || it.webhook.Replay != "" || v.status != statusCompleted {
		return b.remember(it, v)
	}
	return nil
}

// effects queues payments and announcements. Events that a first handling
// makes have ids of the record alone, whichever attempt succeeds. Once there
// are such events, a replay's have ids of its own.
func (b *batch) effects(it *item) ([]effect, error) {
	made := []effect{}
	for _, payment := range it.effects.Payments {
		b.payments = append(b.payments, payment)
		made = append(made, effect{Kind: "payment", Key: payment.ExternalID})
	}
	cause := it.row()
	if it.known != nil && it.known.Announced {
		cause += "/" + cmp.Or(it.webhook.Replay, orEmpty(it.known.ReplayOf))
	}
	for _, derived := range it.effects.Derived {
		data, err := json.Marshal(derived.Data)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", derived.Type, err)
		}
		w := it.webhook
		e := events.Envelope{
			ID: events.DeriveID(cause, derived.Name), Type: derived.Type, Tenant: w.Tenant, Source: w.Source, Time: w.Time,
			Causation: it.row(), Correlation: it.row(), Trace: w.Trace, Replay: w.Replay, Quiet: w.Quiet,
			ContentType: "application/json",
		}
		headers, err := json.Marshal(e.Header())
		if err != nil {
			return nil, err
		}
		b.outbox = append(b.outbox, db.InsertOutboxParams{
			TenantID: w.Tenant, Subject: derived.Subject, MessageID: e.ID, Headers: headers, Data: data,
		})
		made = append(made, effect{Kind: "event", ID: e.ID, Type: e.Type, Subject: derived.Subject})
	}
	return made, nil
}

// row is the id of the item's record: that of the first message, whatever
// time a copy of it carries.
func (it *item) row() string {
	if it.known != nil {
		return it.known.ID.String()
	}
	return it.webhook.Row()
}

func (b *batch) row(it *item, v verdict, effects json.RawMessage) (db.InsertWebhooksParams, error) {
	w, request := it.webhook, it.webhook.Request
	id, err := uuid.Parse(w.Row())
	if err != nil {
		return db.InsertWebhooksParams{}, err
	}
	headers, err := json.Marshal(storableMap(request.Headers))
	if err != nil {
		return db.InsertWebhooksParams{}, err
	}
	if effects == nil {
		effects = json.RawMessage("[]")
	}
	row := db.InsertWebhooksParams{
		ID: id, TenantID: w.Tenant, Source: w.Source, EventID: w.ID, EventType: w.Type, Subject: storable(it.message.Subject),
		StreamSequence: int64(it.message.Sequence), Status: v.status,
		Payload: w.Data, PayloadBytes: int32(len(w.Data)), ContentType: w.ContentType,
		Headers: headers, Signature: optional(request.Signature), SignatureScheme: request.Scheme,
		SignatureValid: request.Scheme != events.SchemeNone, UserAgent: optional(request.UserAgent), RequestID: request.RequestID,
		TraceID: optional(events.TraceID(w.Trace)), RetryCount: int32(it.attempt - 1), MaxRetries: int32(it.retries()),
		NextRetryAt: optionalTime(v.next), LastError: optional(errorText(it.failure)), ErrorKind: optional(v.kind),
		Effects: effects, ReceivedAt: w.Time, ProcessingStartedAt: &it.began, DurationMs: it.milliseconds(), ReplayOf: optional(w.Replay),
	}
	if row.Payload == nil {
		row.Payload = []byte{}
	}
	if hook, err := uuid.Parse(request.HookID); err == nil {
		row.WebhookConfigID = &hook
	}
	if ip, err := netip.ParseAddr(request.RemoteIP); err == nil {
		row.RemoteIp = &ip
	}
	if v.status != statusRetrying {
		done := it.began.Add(it.took)
		row.ProcessedAt = &done
	}
	if b.care == whole && fitsJSONB(w.Data) {
		row.PayloadJson = w.Data
	}
	return row, nil
}

// outcome is the change of a record that was there already.
func outcome(it *item, v verdict, effects json.RawMessage) db.UpdateWebhookParams {
	update := db.UpdateWebhookParams{
		Status: v.status, RetryCount: int32(it.attempt - 1), NextRetryAt: optionalTime(v.next),
		LastError: optional(errorText(it.failure)), ErrorKind: optional(v.kind), Effects: effects,
		ProcessingStartedAt: &it.began, DurationMs: it.milliseconds(), ReplayOf: it.known.ReplayOf,
		TenantID: it.known.TenantID, ID: it.known.ID, ReceivedAt: it.known.ReceivedAt,
	}
	if it.webhook.Replay != "" {
		update.ReplayOf = &it.webhook.Replay
	}
	if v.status != statusRetrying {
		done := it.began.Add(it.took)
		update.ProcessedAt = &done
	}
	return update
}

// remember keeps the attempt for the event's story.
func (b *batch) remember(it *item, v verdict) error {
	id, err := uuid.Parse(it.row())
	if err != nil {
		return err
	}
	b.attempts = append(b.attempts, db.InsertAttemptsParams{
		TenantID: it.webhook.Tenant, WebhookID: id, Attempt: int32(it.attempt), At: it.began,
		Outcome: v.status, Error: optional(errorText(it.failure)), DurationMs: *it.milliseconds(), Replay: optional(it.webhook.Replay),
	})
	return nil
}

func (it *item) milliseconds() *float32 {
	ms := float32(it.took.Seconds() * 1000)
	return &ms
}

// errorMax bounds what a record keeps of an error, in bytes.
const errorMax = 1000

func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := strings.ReplaceAll(err.Error(), "\x00", "")
	if len(text) > errorMax {
		text = text[:errorMax]
	}
	return strings.ToValidUTF8(text, "?")
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
