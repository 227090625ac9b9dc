package workers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
	stopping <-chan struct{} // closed when a stop is asked for
	log      zerolog.Logger
}

// handle is the nats.Handler of every webhook consumer: one transaction for the
// whole batch. Where PostgreSQL refuses it, it is halved until the culprit
// stands alone.
func (w *worker) handle(ctx context.Context, batch []*nats.Message) []error {
	began := time.Now()
	answers := make([]error, len(batch))
	items, at, counts := make([]*item, 0, len(batch)), make([]int, 0, len(batch)), []int{}
	for i, m := range batch {
		if isCounts(m) {
			counts = append(counts, i)
			continue
		}
		it, err := readItem(m)
		if err != nil {
			answers[i] = nats.Permanent(err)
			continue
		}
		items, at = append(items, it), append(at, i)
	}
	w.record(ctx, items)
	for k, it := range items {
		answers[at[k]] = it.answer
	}
	for _, i := range counts { // after the events they count
		answers[i] = w.count(ctx, batch[i])
	}
	w.breathe(items, time.Since(began))
	return answers
}

// record settles the items of a batch; each has its answer then.
func (w *worker) record(ctx context.Context, items []*item) {
	if len(items) == 0 {
		return
	}
	err := w.commit(ctx, items, whole)
	switch {
	case err == nil:
	case !blames(err):
		hold(items, err)
	case len(items) > 1:
		w.record(ctx, items[:len(items)/2])
		w.record(ctx, items[len(items)/2:])
	default:
		w.salvage(ctx, items[0], err)
	}
}

func hold(items []*item, err error) {
	for _, it := range items {
		it.answer = nats.Hold(err)
	}
}

// care is how much of an event is left out so that PostgreSQL takes it.
type care int

const (
	whole       care = iota
	withoutJSON      // its body as bytes only
	bare             // nothing of what its handler made of it: it failed
)

// salvage records an event that PostgreSQL refuses as it is, at least as
// failed, with its bytes and the reason.
func (w *worker) salvage(ctx context.Context, it *item, cause error) {
	for _, care := range []care{withoutJSON, bare} {
		it.failure = nats.Permanent(cause)
		err := w.commit(ctx, []*item{it}, care)
		if err == nil {
			return
		}
		if !blames(err) {
			it.answer = nats.Hold(err)
			return
		}
	}
	it.answer = nats.Permanent(cause)
}

// commit is the transaction: who is new, what each means, all of it stored.
func (w *worker) commit(ctx context.Context, items []*item, care care) error {
	err := w.days.ensure(ctx, w.pool, items)
	if err == nil {
		err = db.InTx(ctx, w.pool, func(q *db.Queries, _ pgx.Tx) error {
			return (&batch{Queries: q, worker: w, care: care}).run(ctx, items)
		})
	}
	if err != nil {
		w.days.forget(items) // perhaps retention just dropped one
	}
	return err
}

// blames says whether an error is the fault of what was to be stored. Any other
// is PostgreSQL being away, or a schema that is not this program's: no event
// may be given up for that.
func blames(err error) bool {
	var pg *pgconn.PgError
	switch {
	case db.IsAway(err):
		return false
	case errors.As(err, &pg):
		return strings.Contains(blamingClasses, pg.Code[:2])
	}
	return true // it could not even be sent
}

// blamingClasses of SQLSTATE: too many rows for one, data, constraints, limits, internal errors.
const blamingClasses = "21 22 23 54 XX"

// Pauses of a consumer whose events mostly fail.
const (
	breathShare = 3
	breathMax   = 2 * time.Second // well below the time a batch may take
)

// breathe pauses after a batch that failed for the greater part, three times as
// long as it took: thousands of failing events of one configuration then get a
// quarter of the time that they would take from all the others, and are in no hurry,
// since they come back in minutes anyway.
func (w *worker) breathe(items []*item, took time.Duration) {
	failed := 0
	for _, it := range items {
		if it.failure != nil {
			failed++
		}
	}
	if failed*2 <= len(items) {
		return
	}
	select {
	case <-w.stopping:
	case <-time.After(min(took*breathShare, breathMax)):
	}
}

// isCounts tells the ingress's counts of repeats by their subject: a provider
// may call its own events as it likes.
func isCounts(m *nats.Message) bool {
	return strings.HasPrefix(m.Subject, strings.TrimSuffix(events.RepeatSubjects, ">"))
}

// item is one delivery on its way through a batch.
type item struct {
	message *nats.Message
	webhook events.Webhook
	known   *db.KnownWebhooksRow // the record there is; nil: the event is new
	attempt int                  // from 1, over all deliveries of a run
	began   time.Time
	took    time.Duration
	effects Effects
	failure error // of the handler
	answer  error // for the stream
}

// readItem reads a delivery. What the ingress would not have let through (the
// stream has other writers) is refused, or made fit for a column.
func readItem(m *nats.Message) (*item, error) {
	w, err := events.DecodeWebhook(m.Header, m.Data)
	if err != nil {
		return nil, err
	}
	if !events.ValidName(w.Tenant) || !events.ValidName(w.Source) || m.Tenant() != events.Token(w.Tenant) {
		return nil, fmt.Errorf("%w: tenant %q, source %q on subject %q", events.ErrMalformed, w.Tenant, w.Source, m.Subject)
	}
	w.ID, w.Type = events.CapID(w.ID), events.CapType(w.Type)
	for _, text := range []*string{
		&w.ContentType, &w.Trace, &w.Replay,
		&w.Request.Signature, &w.Request.Scheme, &w.Request.UserAgent, &w.Request.RequestID,
	} {
		*text = storable(*text)
	}
	return &item{message: m, webhook: w}, nil
}

// storable is text as PostgreSQL can hold it: valid UTF-8 without NUL.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

func storableMap(from map[string]string) map[string]string {
	to := make(map[string]string, len(from))
	for name, value := range from {
		to[storable(name)] = storable(value)
	}
	return to
}
