package workers

import (
	"context"
	"errors"
	"fmt"
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
	care   care

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
	taken := map[key]bool{} // events that this batch handles
	for _, it := range items {
		if it.known, it.answer = nil, nil; fresh[it.message.Sequence] {
			it.attempt = 1
			todo, taken[it.key()] = append(todo, it), true
		} else {
			old = append(old, it)
		}
	}
	known, err := b.lookup(ctx, old)
	if err != nil {
		return nil, err
	}
	for _, it := range old {
		it.known = known[it.key()]
		switch {
		case !taken[it.key()]:
			if b.again(it) {
				todo, taken[it.key()] = append(todo, it), true
			}
		case it.webhook.Replay == "" && it.known == nil:
			b.repeated = append(b.repeated, it)
		default:
			it.answer = nats.RetryAfter(time.Second, errors.New("came with another delivery of its event"))
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
		p.StreamSequences = append(p.StreamSequences, int64(it.message.Sequence))
	}
	sequences, err := claimKeys(ctx, b.Queries, p)
	if err != nil {
		return nil, fmt.Errorf("claim events: %w", err)
	}
	fresh := make(map[uint64]bool, len(sequences))
	for _, sequence := range sequences {
		fresh[uint64(sequence)] = true
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
	row, replay := it.known, it.webhook.Replay
	switch {
	case row == nil && replay == "":
		return false // retention took the record; the event was handled long ago
	case row != nil && row.Status == statusCompleted && events.IsRetry(replay):
		return false // its own retry was first; a replay would announce it again
	case row == nil || replay != "" && orEmpty(row.ReplayOf) != replay:
		it.attempt = 1 // a new run, with all its attempts
		return true
	}
	it.attempt = int(row.RetryCount) + 2
	same := row.StreamSequence == int64(it.message.Sequence) || it.message.Scheduled() || replay != ""
	switch {
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
	if b.care == bare { // the failure is known already
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

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
