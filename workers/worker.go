package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// worker turns batches of stored webhooks into records, rows and announcements.
type worker struct {
	pool     *pgxpool.Pool
	handlers Table
	days     *partitions
	log      zerolog.Logger
}

// item is one delivery on its way through a batch.
type item struct {
	message *nats.Message
	webhook events.Webhook
	known   *db.KnownWebhooksRow // the record there is; nil: the event is new
	attempt int                  // from 1, over all deliveries
	began   time.Time
	took    time.Duration
	effects Effects
	failure error // of the handler
	answer  error // for the stream
}

// handle is the nats.Handler of every webhook consumer: one transaction for the
// whole batch; where that fails for another reason than PostgreSQL being away,
// one for each event, so that only the culprit fails.
func (w *worker) handle(ctx context.Context, batch []*nats.Message) []error {
	answers := make([]error, len(batch))
	items, at, counts := make([]*item, 0, len(batch)), make([]int, 0, len(batch)), []int{}
	for i, m := range batch {
		webhook, err := events.DecodeWebhook(m.Header, m.Data)
		switch {
		case webhook.Type == events.TypeRepeats:
			counts = append(counts, i)
		case err != nil:
			answers[i] = nats.Permanent(err)
		default:
			items, at = append(items, &item{message: m, webhook: webhook}), append(at, i)
		}
	}
	w.record(ctx, items)
	for k, it := range items {
		answers[at[k]] = it.answer
	}
	for _, i := range counts { // after the events they count
		answers[i] = w.count(ctx, batch[i])
	}
	return answers
}

// record settles the items of a batch; each has its answer then.
func (w *worker) record(ctx context.Context, items []*item) {
	if len(items) == 0 {
		return
	}
	err := w.commit(ctx, items, false)
	switch {
	case err == nil:
	case db.IsAway(err):
		for _, it := range items {
			it.answer = nats.Hold(err)
		}
	case len(items) > 1:
		for _, it := range items {
			w.record(ctx, []*item{it})
		}
	default:
		w.salvage(ctx, items[0], err)
	}
}

// salvage records an event that PostgreSQL refuses as it is (a number jsonb
// cannot hold, a row that breaks a rule) as failed, with its bytes and the reason.
func (w *worker) salvage(ctx context.Context, it *item, cause error) {
	it.failure = nats.Permanent(cause)
	err := w.commit(ctx, []*item{it}, true)
	switch {
	case err == nil:
	case db.IsAway(err):
		it.answer = nats.Hold(err)
	default:
		it.answer = nats.Permanent(errors.Join(cause, err))
	}
}

// commit is the transaction: who is new, what each means, all of it stored.
func (w *worker) commit(ctx context.Context, items []*item, bare bool) error {
	if err := w.days.ensure(ctx, w.pool, items); err != nil {
		return err
	}
	return db.InTx(ctx, w.pool, func(q *db.Queries, _ pgx.Tx) error {
		return (&batch{Queries: q, worker: w, bare: bare}).run(ctx, items)
	})
}

// count adds repeats that the ingress counted to their records.
func (w *worker) count(ctx context.Context, m *nats.Message) error {
	e, counts, err := decodeRepeats(m)
	if err != nil {
		return nats.Permanent(err)
	}
	missing := 0
	err = db.InTx(ctx, w.pool, func(q *db.Queries, _ pgx.Tx) error {
		missing = 0
		for id, n := range counts {
			rows, err := q.CountDuplicates(ctx, db.CountDuplicatesParams{
				Repeats: n, TenantID: e.Tenant, Source: e.Source, EventID: id,
			})
			if err != nil {
				return err
			}
			if rows == 0 {
				missing++
			}
		}
		if missing > 0 && m.Delivered < countTries {
			return errNotRecorded // all or nothing: a second delivery must not count twice
		}
		return nil
	})
	switch {
	case errors.Is(err, errNotRecorded):
		return nats.RetryAfter(time.Second, err)
	case db.IsAway(err):
		return nats.Hold(err)
	case err != nil:
		return nats.Permanent(fmt.Errorf("count repeats: %w", err))
	}
	return nil
}

// countTries is how often counts wait for a record that another worker is
// still writing. After that it is one that retention took.
const countTries = 5

var errNotRecorded = errors.New("repeated event not recorded yet")
