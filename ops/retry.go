package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// Retried says what a retry put into the stream.
type Retried struct {
	RetryID   string `json:"retry_id"`
	ID        string `json:"id"` // of the record
	EventID   string `json:"event_id"`
	Sequence  uint64 `json:"stream_sequence"` // of the copy
	Duplicate bool   `json:"duplicate"`       // somebody retried this failure just before; that copy stands
}

// RetryEvent puts a failed or retrying event of a tenant into its stream again,
// as a copy named by the retry: the workers handle it at once, and who was not
// told is told. A completed event is refused with ErrCompleted. Two retries of
// the same failure are one: a double tap tells nobody twice.
func RetryEvent(ctx context.Context, deps Deps, tenant, id, source string) (Retried, error) {
	row, err := find(ctx, deps, tenant, id, source)
	if err != nil {
		return Retried{}, err
	}
	if err := retryable(row.Status); err != nil {
		return Retried{}, err
	}
	c := copier{deps: deps, hooks: map[string]*events.Hook{}}
	msg, err := c.copyOf(ctx, row)
	if err != nil {
		return Retried{}, err
	}
	ack, err := deps.Publisher.Publish(ctx, msg)
	if err != nil {
		return Retried{}, fmt.Errorf("retry event %s: %w", row.ID, err)
	}
	return Retried{retryID(row), row.ID.String(), row.EventID, ack.Sequence, ack.Duplicate}, nil
}

// retryID names the retry of a record as it stands: computed from its last
// attempt, so that the stream, and after the duplicate window the worker, know
// a second retry of the same failure for what it is.
func retryID(row db.WebhookEvent) string {
	attempt := fmt.Sprint(row.RetryCount, text(row.ReplayOf))
	if row.ProcessingStartedAt != nil {
		attempt += row.ProcessingStartedAt.UTC().Format(time.RFC3339Nano)
	}
	return events.RetryPrefix + events.DeriveID(row.ID.String(), attempt)
}

// retryable says why an event of this status cannot be retried.
func retryable(status string) error {
	switch status {
	case StatusFailed, StatusRetrying:
		return nil
	case StatusCompleted:
		return ErrCompleted
	default:
		return ErrInProgress
	}
}

// copier makes messages of records. It remembers configurations: one serves
// one call.
type copier struct {
	deps  Deps
	hooks map[string]*events.Hook // by tenant and source; nil: there is none any more
}

// copyOf is the message that handles the record again. It is made of the
// record, because the stream forgets after a month.
func (c *copier) copyOf(ctx context.Context, row db.WebhookEvent) (*natsgo.Msg, error) {
	w := events.Webhook{
		Envelope: events.Envelope{
			ID: row.EventID, Type: row.EventType, Tenant: row.TenantID, Source: row.Source, Time: row.ReceivedAt,
			Correlation: row.ID.String(), Trace: traceparent(text(row.TraceID)), ContentType: row.ContentType, Data: row.Payload,
		},
		Request: events.Request{
			Scheme: row.SignatureScheme, Signature: text(row.Signature), UserAgent: text(row.UserAgent),
			RequestID: row.RequestID, MaxRetries: int(row.MaxRetries), Headers: headersOf(row),
		},
	}
	if row.RemoteIp != nil {
		w.Request.RemoteIP = row.RemoteIp.String()
	}
	if err := c.addHook(ctx, row, &w.Request); err != nil {
		return nil, err
	}
	msg := natsgo.NewMsg(cmp.Or(row.Subject, events.WebhookSubject(row.TenantID, row.Source, row.EventType)))
	msg.Header, msg.Data = natsgo.Header(w.Header()), row.Payload
	retry := retryID(row)
	events.MarkReplay(msg.Header, retry, true)
	msg.Header.Set(jetstream.MsgIDHeader, "replay/"+retry+"/"+events.MessageID(row.TenantID, row.Source, row.EventID))
	return msg, nil
}

// addHook adds what chooses the handler, which the record does not hold: from
// the configuration, or from the first message where that is gone.
func (c *copier) addHook(ctx context.Context, row db.WebhookEvent, request *events.Request) error {
	hook, err := c.hook(ctx, row.TenantID, row.Source)
	if err != nil {
		return err
	}
	if hook != nil {
		request.Preset, request.HookID = hook.Preset, hook.ID
	} else {
		first, err := storedMessage(ctx, c.deps, row)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("event %s: %w", row.ID, ErrGone)
		}
		if err != nil {
			return err
		}
		request.Preset, request.HookID = first.Request.Preset, first.Request.HookID
	}
	if row.WebhookConfigID != nil {
		request.HookID = row.WebhookConfigID.String()
	}
	return nil
}

func (c *copier) hook(ctx context.Context, tenant, source string) (*events.Hook, error) {
	key := events.HookKey(tenant, source)
	if hook, known := c.hooks[key]; known {
		return hook, nil
	}
	row, err := c.deps.queries().Hook(ctx, tenant, source)
	if errors.Is(err, pgx.ErrNoRows) {
		c.hooks[key] = nil
		return nil, nil //nolint:nilnil // none is an answer, and remembered
	}
	if err != nil {
		return nil, fmt.Errorf("webhook configuration %s: %w", key, err)
	}
	hook := &events.Hook{}
	if err := json.Unmarshal(row.Config, hook); err != nil {
		return nil, fmt.Errorf("webhook configuration %s: %w", key, err)
	}
	c.hooks[key] = hook
	return hook, nil
}

// traceparent makes a W3C traceparent of what the record kept of it: the whole,
// or the trace's id, which then is its own parent.
func traceparent(kept string) string {
	const traceDigits, spanDigits = 32, 16
	if len(kept) == traceDigits && !strings.Contains(kept, "-") {
		return "00-" + kept + "-" + kept[:spanDigits] + "-01"
	}
	return kept
}

// resultOf is the first error of a chunk, and how many messages were stored before it.
func resultOf(acks []nats.Ack, errs []error) (stored, duplicates int, err error) {
	for i, err := range errs {
		if err != nil {
			return stored, duplicates, err
		}
		stored++
		if acks[i].Duplicate {
			duplicates++
		}
	}
	return stored, duplicates, nil
}
