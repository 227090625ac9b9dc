// Package clocks hears when a deadline of a repair request passes and announces
// it: one line of history and one event per deadline, whatever is delivered
// twice, handled by two replicas or killed in between. The schedules lie in the
// stream CLOCKS, so they outlive every process; what passed while nobody
// listened is announced late, not never.
//
// A message only says "look at this request": the row, locked, says what has
// passed. Nothing here polls a table.
package clocks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/housing/requests"
	"ukbot/housing/sla"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/sql/db"
)

// Config is what clocks need. All is required but Workers.
type Config struct {
	Conn      *nats.Conn
	Publisher *nats.Publisher // for dead letters
	Store     unit.Store
	Workers   int // requests looked at in parallel; default 4
	Metrics   *nats.Metrics
	Log       zerolog.Logger
}

// Clocks works the durable consumer of deadlines.
type Clocks struct {
	conn     *nats.Conn
	store    unit.Store
	log      zerolog.Logger
	consumer *nats.Consumer
}

// New prepares the consumer.
func New(cfg Config) *Clocks {
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	c := &Clocks{conn: cfg.Conn, store: cfg.Store, log: cfg.Log.With().Str("component", "clocks").Logger()}
	c.consumer = nats.NewConsumer(cfg.Conn, cfg.Publisher, nats.ConsumeConfig{
		Spec: spec(), Batch: batch, Workers: cfg.Workers, Metrics: cfg.Metrics, Log: cfg.Log,
	}, c.handle)
	return c
}

// batch is how many messages one worker takes at once: few, because each is a
// transaction of its own and all must be done before the batch is answered.
const batch = 16

// spec is the consumer's row in the topology.
func spec() nats.ConsumerSpec {
	for _, spec := range nats.Consumers {
		if spec.Config.Durable == nats.DurableClocks {
			return spec
		}
	}
	panic("the topology has no consumer " + nats.DurableClocks)
}

// Run announces deadlines until ctx ends and what is in hand is done.
func (c *Clocks) Run(ctx context.Context) error { return c.consumer.Run(ctx) }

// handle looks at the request of each message.
func (c *Clocks) handle(ctx context.Context, messages []*nats.Message) []error {
	answers := make([]error, len(messages))
	for i, m := range messages {
		answers[i] = c.due(ctx, m)
	}
	return answers
}

// again is when a message returns that failed for a reason not known to pass or to last.
const again = 15 * time.Second

// due handles one message.
func (c *Clocks) due(ctx context.Context, m *nats.Message) error {
	due, id, err := read(m)
	if err != nil {
		return nats.Permanent(err)
	}
	if due.Nothing {
		return nil
	}
	// What a deadline makes happen belongs to what set it.
	ctx = unit.WithTrace(ctx, events.TraceOf(m.Header))
	err = c.store.Own(ctx, func(w *unit.Work) error { return c.look(ctx, w, due.Tenant, id) })
	switch _, waits := nats.RetryDelay(err); {
	case err == nil, waits:
		return err
	case db.IsAway(err):
		return nats.Hold(err)
	}
	return nats.RetryAfter(again, err)
}

// read is what a message asks for. Who may write to the stream may not point
// one tenant's clock at another's request.
func read(m *nats.Message) (due sla.Due, id uuid.UUID, err error) {
	if err := json.Unmarshal(m.Data, &due); err != nil {
		return due, id, fmt.Errorf("%w: %w", events.ErrMalformed, err)
	}
	if id, err = uuid.Parse(due.Request); err != nil {
		return due, id, fmt.Errorf("%w: request %q", events.ErrMalformed, due.Request)
	}
	if m.Tenant() != events.Token(due.Tenant) {
		return due, id, fmt.Errorf("%w: tenant %q on subject %q", events.ErrMalformed, due.Tenant, m.Subject)
	}
	return due, id, nil
}

// changes names the events, by percent.
var changes = map[int]string{80: events.RequestWarned, 100: events.RequestOverdue}

// look announces what has passed of one request, and sets its clock again.
func (c *Clocks) look(ctx context.Context, w *unit.Work, tenant string, id uuid.UUID) error {
	row, err := w.LockRequest(ctx, tenant, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // of a database that was set back
	}
	if err != nil {
		return fmt.Errorf("lock request %s: %w", id, err)
	}
	passed := sla.Passed(row, w.Now)
	if len(passed) == 0 {
		return early(w, row)
	}
	for _, deadline := range passed {
		err := requests.Change(ctx, w, &row, requests.Entry{
			Actor: requests.ByClock(), Action: requests.ActionSLA, Event: changes[deadline.Percent],
			Clock: deadline.Clock, Internal: true,
			Set: func(r *db.Request) { deadline.Mark(r, w.Now) },
		})
		if err != nil {
			return err
		}
		c.log.Info().Str("tenant", tenant).Stringer("request_id", id).Str("clock", deadline.Clock).Int("percent", deadline.Percent).Msg("deadline passed")
	}
	return nil
}

// skewMax is how far the clocks of servers may differ. A message that is more
// than this before its time is one of a schedule that was replaced meanwhile.
const skewMax = 5 * time.Minute

// early answers a message that came before any deadline: the server's clock is
// ahead of this one, or the deadline has moved since.
func early(w *unit.Work, row db.Request) error {
	at, left := sla.Next(row)
	if !left {
		return nil
	}
	if wait := at.Sub(w.Now); wait <= skewMax {
		return nats.RetryAfter(wait, errEarly)
	}
	return sla.Arm(w, row) // the schedule that fired may have taken the newer one along
}

var errEarly = errors.New("came before the deadline by this clock")
