package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// Notices is whom the event told.
type Notices struct {
	Total int      `json:"total"`
	List  []Notice `json:"list"` // the first noticesMax of them
}

// noticesMax is how many notices a story lists: each costs a look into a bucket.
const noticesMax = 100

// Notice is one message to one chat.
type Notice struct {
	ID       string    `json:"id"`
	EventID  string    `json:"event_id"` // the derived event
	Chat     string    `json:"chat"`     // masked but for its last three digits
	Template string    `json:"template"`
	Language string    `json:"language"`
	At       time.Time `json:"created_at"`
	// Delivery is the outcome that the sender noted ("sent"…), "pending" while it
	// noted none (or has forgotten it after a month), "unknown" with the streams away.
	Delivery  string     `json:"delivery"`
	MessageID int64      `json:"message_id,omitempty"` // Telegram's
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

// Position is where the event's message stands in the stream.
type Position struct {
	Stream   string `json:"stream"`
	Sequence int64  `json:"sequence"`
	Stored   string `json:"stored"` // "yes", "no" (expired or purged), "unknown" with the streams away
}

const (
	answerYes     = "yes"
	answerNo      = "no"
	answerUnknown = "unknown"
	answerPending = "pending"
)

// streamsTimeout is how long a story waits for what the streams know.
const streamsTimeout = 2 * time.Second

func notices(ctx context.Context, deps Deps, row db.WebhookEvent) (Notices, error) {
	rows, err := deps.queries().Notices(ctx, row.TenantID, row.ID)
	if err != nil {
		return Notices{}, fmt.Errorf("notices of %s: %w", row.ID, err)
	}
	all := Notices{Total: len(rows), List: make([]Notice, 0, min(len(rows), noticesMax))}
	for _, r := range rows[:min(len(rows), noticesMax)] {
		all.List = append(all.List, Notice{
			ID: r.ID.String(), EventID: r.EventID.String(), Chat: maskChat(r.ChatID),
			Template: r.Template, Language: r.Language, At: r.CreatedAt.UTC(), Delivery: answerUnknown,
		})
	}
	if len(all.List) > 0 {
		all.lookUp(ctx, deps)
	}
	return all, nil
}

// maskChat keeps the last three digits: enough to tell two people apart.
func maskChat(id int64) string {
	digits := strconv.FormatInt(id, 10)
	if len(digits) <= 3 {
		return "***"
	}
	return "***" + digits[len(digits)-3:]
}

// lookUp adds what the sender noted about each notice.
func (n *Notices) lookUp(ctx context.Context, deps Deps) {
	ctx, cancel := context.WithTimeout(ctx, streamsTimeout)
	defer cancel()
	once, err := deps.NATS.JS.KeyValue(ctx, nats.BucketOnce)
	if err != nil {
		return
	}
	for i := range n.List {
		notice := &n.List[i]
		entry, err := once.Get(ctx, notice.ID)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
			notice.Delivery = answerPending
		case err != nil:
			return // the rest stays unknown
		default:
			notice.delivered(entry.Value())
		}
	}
}

// delivered reads the sender's note.
func (n *Notice) delivered(note []byte) {
	var sent struct {
		MessageID int64      `json:"message_id"`
		SentAt    *time.Time `json:"sent_at"`
		Outcome   string     `json:"outcome"`
	}
	if json.Unmarshal(note, &sent) != nil || sent.Outcome == "" {
		return
	}
	n.Delivery, n.MessageID, n.SentAt = sent.Outcome, sent.MessageID, utc(sent.SentAt)
}

// position asks whether the record's message is still in its stream.
func position(ctx context.Context, deps Deps, row db.WebhookEvent) Position {
	p := Position{Stream: nats.StreamWebhooks, Sequence: row.StreamSequence, Stored: answerUnknown}
	_, err := storedMessage(ctx, deps, row)
	switch {
	case err == nil:
		p.Stored = answerYes
	case errors.Is(err, ErrNotFound):
		p.Stored = answerNo
	}
	return p
}

// storedMessage is the message that the record was made of. A stream that was
// made anew counts from one again: another event under the sequence is not it.
func storedMessage(ctx context.Context, deps Deps, row db.WebhookEvent) (events.Webhook, error) {
	ctx, cancel := context.WithTimeout(ctx, streamsTimeout)
	defer cancel()
	stream, err := deps.NATS.JS.Stream(ctx, nats.StreamWebhooks)
	if err != nil {
		return events.Webhook{}, fmt.Errorf("%w: stream %s: %w", errStream, nats.StreamWebhooks, err)
	}
	raw, err := stream.GetMsg(ctx, uint64(row.StreamSequence))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return events.Webhook{}, ErrNotFound
	}
	if err != nil {
		return events.Webhook{}, fmt.Errorf("%w: message %d: %w", errStream, row.StreamSequence, err)
	}
	w, err := events.DecodeWebhook(raw.Header, raw.Data)
	if err != nil || w.ID != row.EventID || w.Tenant != row.TenantID || w.Source != row.Source {
		return events.Webhook{}, ErrNotFound
	}
	return w, nil
}

// Where a dead letter is looked for: it is stored right after the record says
// "failed", by another clock. The number bounds the search in a flood.
const (
	deadBefore = time.Minute
	deadAfter  = 10 * time.Minute
	deadSearch = 20_000
)

// deadLetter finds the event's dead letter; nil where there is none, or it is
// not found in time: the record has the cause as well.
func deadLetter(ctx context.Context, deps Deps, row db.WebhookEvent) *nats.DeadLetter {
	ctx, cancel := context.WithTimeout(ctx, streamsTimeout)
	defer cancel()
	failed := row.UpdatedAt
	if row.ProcessedAt != nil {
		failed = *row.ProcessedAt
	}
	var found *nats.DeadLetter
	seen := 0
	err := nats.Read(ctx, deps.NATS.JS, nats.ReadRange{
		Stream:  nats.StreamDead,
		Subject: events.DeadSubject(nats.StreamWebhooks, row.TenantID, nats.HookDurable(row.TenantID, row.Source)),
		Since:   failed.Add(-deadBefore), Until: failed.Add(deadAfter),
	}, func(m *nats.Message) error {
		if seen++; seen > deadSearch {
			return nats.ErrStop
		}
		if !isCopyOf(m, row) {
			return nil
		}
		letter, err := nats.Dead(ctx, deps.NATS.JS, m.Sequence)
		if err != nil {
			return err
		}
		found = &letter
		return nats.ErrStop
	})
	if err != nil {
		deps.Log.Warn().Err(err).Str("event_id", row.ID.String()).Msg("dead letter not looked up")
		return nil
	}
	return found
}

// isCopyOf says whether a message carries the record's event.
func isCopyOf(m *nats.Message, row db.WebhookEvent) bool {
	e, err := events.Decode(m.Header, m.Data)
	return err == nil && e.ID == row.EventID && strings.EqualFold(e.Tenant, row.TenantID) && e.Source == row.Source
}
