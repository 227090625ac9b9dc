package workers

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
)

// queue puts events of two tenants, numbered, into the outbox.
func queue(t testing.TB, pool *pgxpool.Pool, from, to int) {
	t.Helper()
	var rows []db.InsertOutboxParams
	for n := from; n < to; n++ {
		tenant := []string{"acme", "other"}[n%2]
		rows = append(rows, db.InsertOutboxParams{
			TenantID: tenant, Subject: events.GenericSubject(tenant, "crm", "x"), MessageID: fmt.Sprint("m", n),
			Headers: []byte(`{"ce-id":["x"]}`), Data: []byte(fmt.Sprintf("%08d", n)),
		})
	}
	_, err := db.New(pool).InsertOutbox(context.Background(), rows)
	must(t, err)
	must(t, db.New(pool).WakeOutbox(context.Background()))
}

func (r *rig) newRelay(publisher *nats.Publisher) *relay {
	return &relay{
		pool: r.pool, publisher: publisher, published: prometheus.NewCounter(prometheus.CounterOpts{}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{}), log: zerolog.Nop(), refused: map[int64]bool{},
	}
}

// inOrder fails unless EVENTS holds n events, each once, per tenant in order.
func (r *rig) inOrder(n int) {
	r.t.Helper()
	last := map[string]string{}
	all := r.published(nats.StreamEvents)
	for _, m := range all {
		if before := last[m.Tenant()]; string(m.Data) <= before {
			r.t.Fatalf("tenant %s: %s after %s", m.Tenant(), m.Data, before)
		}
		last[m.Tenant()] = string(m.Data)
	}
	if len(all) != n {
		r.t.Errorf("%d events published, want %d", len(all), n)
	}
}

func TestRelaysTakeTurnsAndKeepTheOrder(t *testing.T) {
	r := newRig(t)
	first, second := r.work(nil), r.work(nil)
	queue(t, r.pool, 0, 3000)
	first() // wherever it is
	queue(t, r.pool, 3000, 4000)
	r.untilCount("outbox", 0)
	second()
	r.inOrder(4000)
}

func TestRelayIsWokenAtOnce(t *testing.T) {
	r := newRig(t)
	r.work(nil)
	queue(t, r.pool, 0, 1)
	r.untilCount("outbox", 0) // it listens now
	// The quickest of some: a busy machine stops now and then. A relay that looks by
	// itself has just done so and takes all of its wait.
	quickest := relayWait
	for n := 1; n <= 5 && quickest > relayWait/2; n++ {
		began := time.Now()
		queue(t, r.pool, n, n+1)
		r.untilCount("outbox", 0)
		quickest = min(quickest, time.Since(began))
	}
	if quickest > relayWait/2 {
		t.Errorf("published after %s at best: nobody was woken", quickest)
	}
}

func TestCrashBetweenPublishAndDeletePublishesOnce(t *testing.T) {
	r := newRig(t)
	queue(t, r.pool, 0, 100)
	rows, err := db.New(r.pool).NextOutbox(t.Context(), 0, 100)
	must(t, err)
	dead := r.newRelay(r.nats.Publisher)
	msgs, _ := dead.messages(rows)
	r.send(msgs...) // and there it ends
	next := r.newRelay(r.nats.Publisher)
	if n, err := next.batch(t.Context(), 0); n == 0 || err != nil {
		t.Errorf("batch = %d, %v", n, err)
	}
	r.inOrder(100)
	r.untilCount("outbox", 0)
}

func TestRelayResumesWhenTheStreamsAreBack(t *testing.T) {
	r := newRig(t)
	queue(t, r.pool, 0, 10)
	r.nats.Stop()
	if n, err := r.newRelay(r.nats.Publisher).batch(t.Context(), 0); n != 0 || err == nil {
		t.Errorf("batch without streams = %d, %v", n, err)
	}
	r.nats.Start()
	r.work(nil)
	r.untilCount("outbox", 0)
	r.inOrder(10)
}

func TestRowThatNoStreamTakesHoldsUpNobody(t *testing.T) {
	r := newRig(t)
	_, err := r.pool.Exec(t.Context(), `INSERT INTO outbox (tenant_id, subject, message_id, headers, data) VALUES
		('acme', 'integration.generic.acme.crm.x', 'big', '{}', decode(repeat('00', 2*1024*1024), 'hex')), ('acme', 'integration.generic.acme.crm.x', 'odd', '[]', '')`)
	must(t, err)
	queue(t, r.pool, 0, relayBatch+10)
	r.work(nil)
	natstest.Wait(t, "all but the two", func() bool { return number(t, r.pool, "SELECT count(*) FROM outbox") == 2 })
	r.inOrder(relayBatch + 10)
}
