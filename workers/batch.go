package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// batch is one transaction over some items.
type batch struct {
	*db.Queries
	worker *worker
	bare   bool // without effects and jsonb: for what PostgreSQL refused before

	rows     []db.InsertWebhooksParams
	updates  []db.UpdateWebhookParams
	attempts []db.InsertAttemptsParams
	payments []db.SettlePayment
	outbox   []db.InsertOutboxParams
	repeated []*item
}

// key is what makes an event one event.
type key struct{ tenant, source, id string }

func (it *item) key() key { return key{it.webhook.Tenant, it.webhook.Source, it.webhook.ID} }

func (b *batch) run(ctx context.Context, items []*item) error {
	todo, err := b.sort(ctx, items)
	if err != nil {
		return err
	}
	for _, it := range todo {
		b.attempt(it)
		if err := b.write(it); err != nil {
			return err
		}
	}
	return b.store(ctx)
}

// sort finds out which items are to be handled: new events, further attempts
// and replays. The others get their answer here.
func (b *batch) sort(ctx context.Context, items []*item) (todo []*item, err error) {
	fresh, err := b.claim(ctx, items)
	if err != nil {
		return nil, err
	}
	var old []*item
	firsts := map[key]bool{}
	for _, it := range items {
		if it.known = nil; fresh[it.message.Sequence] {
			it.attempt = 1
			todo, firsts[it.key()] = append(todo, it), true
		} else {
			old = append(old, it)
		}
	}
	known, err := b.lookup(ctx, old)
	if err != nil {
		return nil, err
	}
	for _, it := range old {
		switch it.known = known[it.key()]; {
		case firsts[it.key()] && it.webhook.Replay != "":
			it.answer = nats.RetryAfter(time.Second, errors.New("replay came with its event"))
		case firsts[it.key()]:
			b.repeated = append(b.repeated, it)
		case it.known == nil:
			it.answer = nil // retention took the record; the event was handled long ago
		case b.again(it):
			todo = append(todo, it)
		}
	}
	return todo, nil
}

// claim takes the idempotency keys and says, by stream sequence, who got one.
func (b *batch) claim(ctx context.Context, items []*item) (map[uint64]bool, error) {
	var p db.ClaimWebhooksParams
	for _, it := range items {
		id, err := uuid.Parse(it.webhook.Row())
		if err != nil {
			return nil, err
		}
		p.TenantIds, p.Sources = append(p.TenantIds, it.webhook.Tenant), append(p.Sources, it.webhook.Source)
		p.EventIds, p.Ids = append(p.EventIds, it.webhook.ID), append(p.Ids, id)
		p.ReceivedAts = append(p.ReceivedAts, it.webhook.Time)
		p.StreamSequences = append(p.StreamSequences, int64(it.message.Sequence)) //nolint:gosec // far below 2^63
	}
	sequences, err := claimKeys(ctx, b.Queries, p)
	if err != nil {
		return nil, fmt.Errorf("claim events: %w", err)
	}
	fresh := make(map[uint64]bool, len(sequences))
	for _, sequence := range sequences {
		fresh[uint64(sequence)] = true //nolint:gosec // it was one
	}
	return fresh, nil
}

// lookup locks and reads the records of events that were seen before.
func (b *batch) lookup(ctx context.Context, old []*item) (map[key]*db.KnownWebhooksRow, error) {
	if len(old) == 0 {
		return nil, nil
	}
	var p db.KnownWebhooksParams
	for _, it := range old {
		p.TenantIds, p.Sources = append(p.TenantIds, it.webhook.Tenant), append(p.Sources, it.webhook.Source)
		p.EventIds = append(p.EventIds, it.webhook.ID)
	}
	rows, err := b.KnownWebhooks(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("look events up: %w", err)
	}
	known := make(map[key]*db.KnownWebhooksRow, len(rows))
	for i := range rows {
		known[key{rows[i].TenantID, rows[i].Source, rows[i].EventID}] = &rows[i]
	}
	return known, nil
}

// again says whether a known event is to be handled once more; if not, the item
// gets its answer.
func (b *batch) again(it *item) bool {
	row := it.known
	it.attempt = int(row.RetryCount) + 2
	same := row.StreamSequence == int64(it.message.Sequence) || it.message.Scheduled() //nolint:gosec // far below 2^63
	switch {
	case it.webhook.Replay != "":
		return row.ReplayOf == nil || *row.ReplayOf != it.webhook.Replay || row.Status == statusRetrying
	case !same:
		b.repeated = append(b.repeated, it)
	case row.Status == statusFailed: // the crash fell between record and dead letter
		it.answer = nats.Permanent(fmt.Errorf("failed before: %s", orEmpty(row.LastError)))
	case row.Status != statusRetrying:
		it.answer = nil // the crash fell between record and ack
	case row.NextRetryAt != nil && time.Until(*row.NextRetryAt) > earlyMax:
		it.answer = nats.RetryAfter(time.Until(*row.NextRetryAt), errors.New("delivered before its retry was due"))
	default:
		return true
	}
	return false
}

// earlyMax is how early a retry may run: clocks and jitter.
const earlyMax = 2 * time.Second

// attempt runs the handler of an item. A panic is the event's failure alone.
func (b *batch) attempt(it *item) {
	it.began = time.Now()
	defer func() {
		if cause := recover(); cause != nil {
			it.failure = fmt.Errorf("handler panicked: %v", cause)
		}
		it.took = time.Since(it.began)
	}()
	if b.bare { // the failure is known already
		it.effects = Effects{}
		return
	}
	it.effects, it.failure = b.worker.handlers.For(it.webhook)(it.webhook)
}

// store writes what the items came to, each table at once.
func (b *batch) store(ctx context.Context) error {
	for _, step := range []struct {
		what string
		rows int
		do   func() error
	}{
		{"records", len(b.rows), func() error { _, err := b.InsertWebhooks(ctx, b.rows); return err }},
		{"outcomes", len(b.updates), func() error { return b.update(ctx) }},
		{"attempts", len(b.attempts), func() error { _, err := b.InsertAttempts(ctx, b.attempts); return err }},
		{"payments", len(b.payments), func() error { _, err := b.SettlePayments(ctx, db.Columns(b.payments)); return err }},
		{"repeats", len(b.repeated), func() error { return b.countRepeated(ctx) }},
		{"outbox", len(b.outbox), func() error { return b.announce(ctx) }},
	} {
		if step.rows == 0 {
			continue
		}
		if err := step.do(); err != nil {
			return fmt.Errorf("store %s: %w", step.what, err)
		}
	}
	return nil
}

func (b *batch) update(ctx context.Context) error {
	for _, update := range b.updates {
		if err := b.UpdateWebhook(ctx, update); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) announce(ctx context.Context) error {
	if _, err := b.InsertOutbox(ctx, b.outbox); err != nil {
		return err
	}
	return b.WakeOutbox(ctx)
}

// countRepeated counts messages that repeat an event the stream no longer knew.
// Only a first delivery counts: a lost ack must not.
func (b *batch) countRepeated(ctx context.Context) error {
	slices.SortFunc(b.repeated, func(x, y *item) int { return x.key().compare(y.key()) })
	for _, it := range b.repeated {
		if it.answer = nil; it.message.Delivered > 1 {
			continue
		}
		if _, err := b.CountDuplicates(ctx, db.CountDuplicatesParams{
			Repeats: 1, TenantID: it.webhook.Tenant, Source: it.webhook.Source, EventID: it.webhook.ID,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (k key) compare(other key) int {
	return slices.Compare([]string{k.tenant, k.source, k.id}, []string{other.tenant, other.source, other.id})
}

func decodeRepeats(m *nats.Message) (events.Envelope, map[string]int32, error) {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return e, nil, err
	}
	var counts map[string]int32
	if err := json.Unmarshal(m.Data, &counts); err != nil {
		return e, nil, fmt.Errorf("%w: counts: %w", events.ErrMalformed, err)
	}
	return e, counts, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
