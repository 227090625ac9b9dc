package workers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/pglocal"
)

// many is n webhooks.
func many(n int) []events.Webhook {
	all := make([]events.Webhook, n)
	for i := range all {
		all[i] = sample(fmt.Sprint("evt_", i))
	}
	return all
}

func TestStopInMidBatchLosesNothingAndRepeatsNothing(t *testing.T) {
	r := newRig(t)
	r.configure("acme", "stripe")
	started, going := make(chan struct{}, 2000), make(chan struct{})
	stop := r.work(always(func(w events.Webhook) (Effects, error) {
		started <- struct{}{}
		<-going
		return announce(w)
	}), func(c *Config) { c.Batch = 50 })
	r.publish("", many(500)...)
	<-started
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	select {
	case <-stopped:
		t.Error("stopped before the batch in hand was done")
	case <-time.After(100 * time.Millisecond):
	}
	close(going)
	began := time.Now()
	<-stopped
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if n := number(t, r.pool, "SELECT count(*) FROM webhook_events"); n == 0 || n == 500 {
		t.Errorf("%d records at the stop, want a part", n)
	}
	r.work(always(announce))
	r.untilCount("webhook_events WHERE status = 'completed'", 500) // what was given back comes at once
	r.untilCount("outbox", 0)
	if n := len(r.published(nats.StreamEvents)); n != 500 {
		t.Errorf("%d events announced, want 500", n)
	}
	if n := number(t, r.pool, "SELECT sum(duplicate_count) FROM webhook_events"); n != 0 {
		t.Errorf("%d duplicates counted", n)
	}
}

func TestRemovedConfigurationIsDrainedAndItsConsumerDeleted(t *testing.T) {
	r := newRig(t)
	for _, source := range []string{"stripe", "kept"} {
		r.configure("acme", source)
	}
	var mended atomic.Bool
	stop := r.work(always(func(w events.Webhook) (Effects, error) {
		if !mended.Load() {
			return Effects{}, nats.RetryAfter(200*time.Millisecond, errSlow)
		}
		return announce(w)
	}), func(c *Config) { c.Sweep = 50 * time.Millisecond })
	patient := many(20)
	for i := range patient {
		patient[i].Request.MaxRetries = 30
	}
	r.publish("", patient...)
	r.untilCount("webhook_events WHERE status = 'retrying'", 20)
	r.unconfigure("acme", "stripe")
	stop() // and the next process finds the consumer without its configuration
	again := r.work(always(announce), func(c *Config) { c.Sweep = 50 * time.Millisecond })
	r.untilCount("webhook_events WHERE status = 'completed'", 20)
	consumer := func(source string) error {
		_, err := r.nats.Conn.JS.Consumer(context.Background(), nats.StreamWebhooks, nats.HookDurable("acme", source))
		return err
	}
	natstest.Wait(t, "the consumer to be deleted", func() bool { return errors.Is(consumer("stripe"), jetstream.ErrConsumerNotFound) })
	must(t, consumer("kept"))
	// Configured once more it works at once, and what was handled stays handled.
	r.configure("acme", "stripe")
	r.publish("", sample("late"))
	r.until("late", "completed", completed)
	r.untilCount("outbox", 0)
	again()
	if n := len(r.published(nats.StreamEvents)); n != 21 {
		t.Errorf("%d events announced, want 21", n)
	}
}

func TestPostgreSQLAwayInMidBatchLosesNothing(t *testing.T) {
	dir := t.TempDir()
	server := startPostgres(t, pglocal.Config{Dir: dir})
	must(t, server.Create(t.Context(), "ukbot"))
	url := server.URL("ukbot")
	must(t, db.Migrate(t.Context(), url))
	pool, err := db.NewPool(t.Context(), db.PoolConfig{URL: url, Log: zerolog.Nop()})
	must(t, err)
	t.Cleanup(pool.Close)
	r := &rig{t, natstest.Start(t), pool}
	r.configure("acme", "stripe")
	r.work(nil, func(c *Config) { c.Batch = 20 })
	r.publish("", many(1000)...)
	natstest.Wait(t, "some records", func() bool { return number(t, pool, "SELECT count(*) FROM webhook_events") > 100 })
	for range 2 {
		server.Kill() // in the middle of whatever there is
		r.publish("/again", sample("evt_0"), sample("evt_999"))
		server = startPostgres(t, pglocal.Config{Dir: dir, Port: server.Port()})
	}
	r.untilCount("webhook_events WHERE status = 'completed'", 1000)
	r.untilCount("outbox", 0)
	if n := len(r.published(nats.StreamEvents)); n != 1000 {
		t.Errorf("%d events announced, want 1000", n)
	}
	// The second pair carries the message ids of the first: the stream refused it.
	natstest.Wait(t, "the repeats to be counted", func() bool { return number(t, pool, "SELECT sum(duplicate_count) FROM webhook_events") == 2 })
	if n := number(t, pool, "SELECT count(*) FROM webhook_events WHERE status <> 'completed' OR retry_count > 0"); n != 0 {
		t.Errorf("%d events were charged with the outage", n)
	}
}

func startPostgres(t *testing.T, cfg pglocal.Config) *pglocal.Server {
	t.Helper()
	cfg.Log, cfg.Fsync = zerolog.Nop(), true
	server, err := pglocal.Start(t.Context(), cfg)
	must(t, err)
	t.Cleanup(server.Kill)
	return server
}
