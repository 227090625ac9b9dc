package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// today is when the webhooks of the tests came in.
var today = time.Now().UTC().Truncate(time.Millisecond)

// sample is a Stripe payment of a tenant, named by its id.
func sample(id string) events.Webhook {
	return events.Webhook{
		Envelope: events.Envelope{
			ID: id, Type: "payment_intent.succeeded", Tenant: "acme", Source: "stripe", Time: today,
			Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ContentType: "application/json",
			Data: []byte(fmt.Sprintf(`{"id":%q,"created":1772368205, "data":{"object":{"object":"payment_intent","id":"pi_%s","amount":100,"currency":"usd","metadata":{"resident_id":"r1"}}}}`, id, id)),
		},
		Request: events.Request{
			HookID: "0195512e-7a2a-7000-8000-000000000001", Preset: "stripe", Scheme: events.SchemeStripe, Signature: "t=1,v1=ab",
			RemoteIP: "192.0.2.7", UserAgent: "Stripe/1.0", RequestID: "req-1", MaxRetries: 3, Headers: map[string]string{"Stripe-Version": "2026-01-01"},
		},
	}
}

// always is a table with one handler for everything.
func always(handle Handler) Table { return Table{{"*", "*", handle}} }

// announce derives one event.
func announce(w events.Webhook) (Effects, error) {
	return Effects{Derived: []Derived{{
		Name: "generic", Type: events.TypeGeneric, Subject: events.GenericSubject(w.Tenant, w.Source, w.Type), Data: map[string]string{"id": w.ID},
	}}}, nil
}

// failing is a handler that fails so many times first, and then announces.
func failing(times int, err error) Handler {
	var mu sync.Mutex
	return func(w events.Webhook) (Effects, error) {
		mu.Lock()
		defer mu.Unlock()
		if times--; times >= 0 {
			return Effects{}, err
		}
		return announce(w)
	}
}

// desk is a worker on a database of its own, to be handed deliveries.
type desk struct {
	t testing.TB
	*worker
}

func newDesk(t testing.TB, pool *pgxpool.Pool, table Table) desk {
	return desk{t, &worker{pool: pool, handlers: table, days: newPartitions(), log: zerolog.Nop()}}
}

// delivery is a message as a pull brings it.
func delivery(w events.Webhook, sequence uint64, delivered int) *nats.Message {
	return &nats.Message{
		Subject: events.WebhookSubject(w.Tenant, w.Source, w.Type), Header: w.Header(), Data: w.Data,
		Stream: nats.StreamWebhooks, Consumer: nats.HookDurable(w.Tenant, w.Source), Sequence: sequence, Delivered: delivered,
	}
}

// hand delivers one message and returns the answer.
func (d desk) hand(m *nats.Message) error {
	d.t.Helper()
	return d.handle(context.Background(), []*nats.Message{m})[0]
}

// record is the one record of an event; ok is false where there is none yet.
func record(t testing.TB, pool *pgxpool.Pool, tenant, id string) (row db.WebhookEvent, ok bool) {
	t.Helper()
	keys, err := db.New(pool).WebhookKeys(context.Background(), tenant, id)
	must(t, err)
	if len(keys) == 0 {
		return row, false
	}
	row, err = db.New(pool).Webhook(context.Background(), db.WebhookParams{TenantID: tenant, ID: keys[0].ID, ReceivedAt: keys[0].ReceivedAt})
	must(t, err)
	return row, true
}

func (d desk) record(id string) db.WebhookEvent {
	d.t.Helper()
	row, ok := record(d.t, d.pool, "acme", id)
	if !ok {
		d.t.Fatalf("event %s has no record", id)
	}
	return row
}

// number is the one value that a query gives.
func number(t testing.TB, pool *pgxpool.Pool, query string, args ...any) (n int) {
	t.Helper()
	must(t, pool.QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

func (d desk) count(what string, want int) {
	d.t.Helper()
	if got := number(d.t, d.pool, "SELECT count(*) FROM "+what); got != want {
		d.t.Errorf("%s: %d rows, want %d", what, got, want)
	}
}

func (d desk) outbox() []db.NextOutboxRow {
	d.t.Helper()
	rows, err := db.New(d.pool).NextOutbox(context.Background(), 0, 1000)
	must(d.t, err)
	return rows
}

func headerOf(t testing.TB, row db.NextOutboxRow) natsgo.Header {
	t.Helper()
	var h natsgo.Header
	must(t, json.Unmarshal(row.Headers, &h))
	return h
}

// rig is streams and a database for whole Workers.
type rig struct {
	t    testing.TB
	nats *natstest.Env
	pool *pgxpool.Pool
}

func newRig(t testing.TB) *rig { return &rig{t, natstest.Start(t), dbtest.New(t)} }

// configure lets the workers know of a webhook configuration.
func (r *rig) configure(tenant, source string) {
	r.t.Helper()
	bucket, err := r.nats.Conn.JS.KeyValue(context.Background(), nats.BucketHooks)
	must(r.t, err)
	_, err = bucket.Put(context.Background(), events.HookKey(tenant, source), []byte("{}"))
	must(r.t, err)
}

func (r *rig) unconfigure(tenant, source string) {
	r.t.Helper()
	bucket, err := r.nats.Conn.JS.KeyValue(context.Background(), nats.BucketHooks)
	must(r.t, err)
	must(r.t, bucket.Delete(context.Background(), events.HookKey(tenant, source)))
}

// work runs workers until the test or the returned function ends them.
func (r *rig) work(table Table, change ...func(*Config)) (stop func()) {
	r.t.Helper()
	conn, registry := r.nats.Connect("workers"), prometheus.NewRegistry()
	cfg := Config{
		Conn: conn, Publisher: natstest.NewPublisher(r.t, conn), Pool: r.pool, Handlers: table,
		Metrics: nats.NewMetrics(registry), Registry: registry, Log: zerolog.Nop(),
	}
	for _, c := range change {
		c(&cfg)
	}
	w := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.Run(ctx); err != nil {
			r.t.Errorf("Run = %v", err)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	r.t.Cleanup(stop)
	return stop
}

// publish stores webhooks as the ingress does, under message ids of their own
// if suffix is not empty: a repeat after the duplicate window.
func (r *rig) publish(suffix string, webhooks ...events.Webhook) {
	r.t.Helper()
	msgs := make([]*natsgo.Msg, len(webhooks))
	for i, w := range webhooks {
		msgs[i] = &natsgo.Msg{Subject: events.WebhookSubject(w.Tenant, w.Source, w.Type), Header: w.Header(), Data: w.Data}
		msgs[i].Header.Set(jetstream.MsgIDHeader, events.MessageID(w.Tenant, w.Source, w.ID)+suffix)
	}
	r.send(msgs...)
}

func (r *rig) send(msgs ...*natsgo.Msg) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, errs := r.nats.Publisher.PublishAll(ctx, msgs)
	must(r.t, errors.Join(errs...))
}

// published is every message of a stream.
func (r *rig) published(stream string) (all []*nats.Message) {
	r.t.Helper()
	must(r.t, nats.Read(context.Background(), r.nats.Conn.JS, nats.ReadRange{Stream: stream}, func(m *nats.Message) error {
		all = append(all, m)
		return nil
	}))
	return all
}

// until waits for a record to be as wanted.
func (r *rig) until(id, what string, holds func(db.WebhookEvent) bool) (row db.WebhookEvent) {
	r.t.Helper()
	natstest.Wait(r.t, id+" "+what, func() bool {
		var ok bool
		row, ok = record(r.t, r.pool, "acme", id)
		return ok && holds(row)
	})
	return row
}

// untilCount waits for a table to have so many rows.
func (r *rig) untilCount(what string, want int) {
	r.t.Helper()
	got := -1
	natstest.Wait(r.t, fmt.Sprintf("%d rows of %s", want, what), func() bool {
		got = number(r.t, r.pool, "SELECT count(*) FROM "+what)
		return got == want
	})
}

func completed(row db.WebhookEvent) bool { return row.Status == statusCompleted }
