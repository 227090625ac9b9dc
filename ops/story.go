package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"ukbot/nats"
	"ukbot/sql/db"
)

// Story is all that is known of one event: what came, what was tried, what it
// became, whom it told, where its message stands.
type Story struct {
	Event
	Request  Request          `json:"request"`
	Payload  Payload          `json:"payload"`
	Attempts []Attempt        `json:"attempts"` // all but a first one that succeeded; at most 200
	Effects  Effects          `json:"effects"`
	Notices  Notices          `json:"notices"`
	Stream   Position         `json:"stream"`
	Dead     *nats.DeadLetter `json:"dead_letter,omitempty"`
}

// Request is what the record kept of the HTTP request, and its clocks. The
// signature itself is left out: within its tolerance it opens the door again.
type Request struct {
	ConfigID            string            `json:"webhook_config_id,omitempty"`
	ContentType         string            `json:"content_type"`
	Headers             map[string]string `json:"headers"`
	SignatureScheme     string            `json:"signature_scheme"`
	SignatureValid      bool              `json:"signature_valid"`
	RemoteIP            string            `json:"remote_ip,omitempty"`
	UserAgent           string            `json:"user_agent,omitempty"`
	RequestID           string            `json:"request_id"`
	TraceID             string            `json:"trace_id,omitempty"`
	ProcessingStartedAt *time.Time        `json:"processing_started_at,omitempty"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

// Payload is the body: JSON as it is, anything else as base64.
type Payload struct {
	JSON      json.RawMessage `json:"json,omitempty"`
	Base64    []byte          `json:"base64,omitempty"`
	Bytes     int             `json:"bytes"`     // of the whole
	Truncated bool            `json:"truncated"` // base64 holds its beginning only
}

// payloadMax is how much of a payload a story carries, in bytes.
const payloadMax = 256 << 10

// Attempt is one run of the event's handler.
type Attempt struct {
	Number     int32     `json:"number"`
	At         time.Time `json:"at"`
	Outcome    string    `json:"outcome"`
	Error      string    `json:"error,omitempty"`
	DurationMS float32   `json:"duration_ms"`
	Replay     string    `json:"replay,omitempty"`
}

// ShowEvent tells the story of one event of a tenant. id is the record's or the
// provider's; source may be empty where the id alone is clear. What the streams
// know is left "unknown" while they are away; the records are needed.
func ShowEvent(ctx context.Context, deps Deps, tenant, id, source string) (Story, error) {
	row, err := find(ctx, deps, tenant, id, source)
	if err != nil {
		return Story{}, err
	}
	story := Story{Event: eventOf(row), Request: requestOf(row), Payload: payloadBytes(row.Payload, int(row.PayloadBytes))}
	if story.Attempts, err = attempts(ctx, deps, row); err != nil {
		return Story{}, err
	}
	if story.Effects, err = effects(ctx, deps, row); err != nil {
		return Story{}, err
	}
	if story.Notices, err = notices(ctx, deps, row); err != nil {
		return Story{}, err
	}
	story.Stream = position(ctx, deps, row)
	if row.Status == StatusFailed {
		story.Dead = deadLetter(ctx, deps, row)
	}
	return story, nil
}

func eventOf(row db.WebhookEvent) Event {
	return Event{
		ID: row.ID.String(), Tenant: row.TenantID, Source: row.Source, EventID: row.EventID, Type: row.EventType,
		Subject: row.Subject, StreamSequence: row.StreamSequence, Status: row.Status, PayloadBytes: row.PayloadBytes,
		RetryCount: row.RetryCount, MaxRetries: row.MaxRetries, NextRetryAt: utc(row.NextRetryAt),
		LastError: text(row.LastError), ErrorKind: text(row.ErrorKind), DuplicateCount: row.DuplicateCount,
		ReceivedAt: row.ReceivedAt.UTC(), ProcessedAt: utc(row.ProcessedAt), DurationMS: row.DurationMs, ReplayOf: text(row.ReplayOf),
	}
}

func requestOf(row db.WebhookEvent) Request {
	r := Request{
		ContentType: row.ContentType, Headers: map[string]string{}, SignatureScheme: row.SignatureScheme, SignatureValid: row.SignatureValid,
		UserAgent: text(row.UserAgent), RequestID: row.RequestID, TraceID: text(row.TraceID),
		ProcessingStartedAt: utc(row.ProcessingStartedAt), CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(),
	}
	if row.WebhookConfigID != nil {
		r.ConfigID = row.WebhookConfigID.String()
	}
	if row.RemoteIp != nil {
		r.RemoteIP = row.RemoteIp.String()
	}
	for name, value := range headersOf(row) {
		if telltale(name) {
			value = "***"
		}
		r.Headers[name] = value
	}
	return r
}

// headersOf are the headers the record kept; none where they are of another form.
func headersOf(row db.WebhookEvent) map[string]string {
	headers := map[string]string{}
	_ = json.Unmarshal(row.Headers, &headers)
	return headers
}

// telltale says whether a header may let somebody in. The ingress keeps none
// such; this is the second lock.
func telltale(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"auth", "cookie", "secret", "token", "signature", "api-key", "apikey", "hmac", "password"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func payloadBytes(body []byte, whole int) Payload {
	p := Payload{Bytes: whole}
	switch {
	case len(body) > payloadMax:
		p.Base64, p.Truncated = body[:payloadMax], true
	case utf8.Valid(body) && json.Valid(body):
		p.JSON = body
	default:
		p.Base64 = body
	}
	return p
}

func attempts(ctx context.Context, deps Deps, row db.WebhookEvent) ([]Attempt, error) {
	rows, err := deps.queries().WebhookAttempts(ctx, row.TenantID, row.ID)
	if err != nil {
		return nil, fmt.Errorf("attempts of %s: %w", row.ID, err)
	}
	all := make([]Attempt, 0, len(rows))
	for _, r := range rows {
		all = append(all, Attempt{r.Attempt, r.At.UTC(), r.Outcome, text(r.Error), r.DurationMs, text(r.Replay)})
	}
	return all, nil
}
