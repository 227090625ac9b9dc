// Package unit is one unit of work: rows and the events about them, committed
// together. A request that carries an Idempotency-Key is one unit as a whole:
// what handlers do inside joins it, and its answer commits with it.
//
//	err := store.Do(ctx, func(w *unit.Work) error {
//		request, err := w.LockRequest(ctx, …)
//		…
//		return w.Emit(unit.Event{…})
//	})
package unit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/events"
	"ukbot/sql/db"
)

// Store is where units of work happen.
type Store struct {
	Pool *pgxpool.Pool
	Now  func() time.Time // of the company's clock; time.Now but in tests
}

// Work is one transaction. Its queries see what it has written.
type Work struct {
	*db.Queries
	Tx  pgx.Tx
	Now time.Time // one moment for all that the unit writes; UTC, milliseconds

	trace  string // W3C traceparent of what asked for the unit; "" where nothing did
	outbox []db.InsertOutboxParams
	after  []func(context.Context)
}

// Event is a change to announce when the unit commits, in the order emitted.
type Event struct {
	ID          string // derived from what changed: events.DeriveID(thing, version)
	Type        string // "housing.request.created"
	Subject     string
	Tenant      string
	Causation   string // what caused it, if an event did
	Correlation string // id of the thing the story is about
	Data        any    // encoded as JSON
}

type workKey struct{}

// With makes everything under ctx join a unit.
func With(ctx context.Context, w *Work) context.Context {
	return context.WithValue(ctx, workKey{}, w)
}

type traceKey struct{}

// WithTrace makes the events of units under ctx part of a trace.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// Do runs fn in one transaction: the one of ctx if there is one, else its own,
// which commits when fn returns nil. What fn does may be done again, never half.
func (s Store) Do(ctx context.Context, fn func(*Work) error) error {
	if w, ok := ctx.Value(workKey{}).(*Work); ok {
		return fn(w)
	}
	return s.Own(ctx, fn)
}

// Own runs fn in a transaction of its own even inside another unit: for what
// must stay although the request is refused.
func (s Store) Own(ctx context.Context, fn func(*Work) error) error {
	trace, _ := ctx.Value(traceKey{}).(string)
	var w *Work
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		w = &Work{Queries: db.New(tx), Tx: tx, Now: s.Now().UTC().Truncate(time.Millisecond), trace: trace}
		if err := fn(w); err != nil {
			return err
		}
		return w.flush(ctx)
	})
	if err == nil {
		for _, do := range w.after {
			do(ctx)
		}
	}
	return err
}

// Read is queries outside of a transaction, or those of ctx's unit.
func (s Store) Read(ctx context.Context) *db.Queries {
	if w, ok := ctx.Value(workKey{}).(*Work); ok {
		return w.Queries
	}
	return db.New(s.Pool)
}

// Emit announces an event at commit. Lock what it is about first: events of one
// thing keep the order in which its changes were made.
func (w *Work) Emit(e Event) error {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return fmt.Errorf("encode %s: %w", e.Type, err)
	}
	return w.Publish(e.Tenant, e.Subject, e.ID, w.Envelope(e).Header(), data)
}

// Envelope is the attributes of an event of this unit, without its data.
func (w *Work) Envelope(e Event) events.Envelope {
	return events.Envelope{
		ID: e.ID, Type: e.Type, Tenant: e.Tenant, Source: "housing", Time: w.Now,
		Causation: e.Causation, Correlation: e.Correlation, Trace: w.trace, ContentType: "application/json",
	}
}

// Publish puts any message into the outbox; headers are complete.
func (w *Work) Publish(tenant, subject, messageID string, header map[string][]string, data []byte) error {
	headers, err := json.Marshal(header)
	if err != nil {
		return err
	}
	w.outbox = append(w.outbox, db.InsertOutboxParams{TenantID: tenant, Subject: subject, MessageID: messageID, Headers: headers, Data: data})
	return nil
}

// After runs do once the unit has committed. It may be lost in a crash: for
// what is a convenience, never for what must happen.
func (w *Work) After(do func(context.Context)) { w.after = append(w.after, do) }

// flush writes the outbox last: its numbers, which are the order of publishing,
// are drawn when everything that the events tell of is locked.
func (w *Work) flush(ctx context.Context) error {
	if len(w.outbox) == 0 {
		return nil
	}
	if _, err := w.InsertOutbox(ctx, w.outbox); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return w.WakeOutbox(ctx)
}
