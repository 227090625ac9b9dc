package botgw

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/dbtest"
)

// BenchmarkEventToTelegram stores 500 payments a second for 200 payers and
// measures, for each, how long it takes from there to Telegram. Run it with
// -benchtime=2000x: four seconds.
func BenchmarkEventToTelegram(b *testing.B) {
	const perSecond, people = 500, 200
	bb := newBackbone(b, dbtest.New(b))
	for i := range people {
		bb.person(fmt.Sprint("b-", i), int64(1000+i), "applicant", languages[i%len(languages)])
	}
	if _, err := bb.pool.Exec(b.Context(), "DELETE FROM bot_people WHERE tenant_id = 'demo' AND role = 'manager'"); err != nil {
		b.Fatal(err)
	}
	bb.start()
	bb.publish(payment("warm", "p-1"))
	bb.texts(7, 1)

	stored := make([]time.Time, b.N)
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	b.ResetTimer()
	for i := range b.N {
		<-tick.C
		e := payment(fmt.Sprint("n", i), fmt.Sprint("b-", i%people))
		m := natsgo.NewMsg(events.PaymentSubject(e.Tenant, "succeeded"))
		m.Header, m.Data = e.Header(), e.Data
		m.Header.Set(jetstream.MsgIDHeader, e.ID)
		stored[i] = time.Now()
		if _, err := bb.conn.JS.PublishMsgAsync(m); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	if err := bb.sim.WaitSent(ctx, int64(b.N+1)); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	report(b, stored, bb.sim, people)
}

// report matches messages with what was stored: each payer's are in order.
func report(b *testing.B, stored []time.Time, sim *simulator.Server, people int) {
	took := make([]time.Duration, 0, len(stored))
	for person := range people {
		i := person
		for _, m := range sim.Messages(int64(1000 + person)) {
			if m.FromBot {
				took = append(took, m.Date.Sub(stored[i]))
				i += people
			}
		}
	}
	slices.Sort(took)
	for name, share := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99, "max-ms": 1} {
		at := min(int(share*float64(len(took))), len(took)-1)
		b.ReportMetric(float64(took[at].Microseconds())/1000, name)
	}
}

// BenchmarkNoticeToTenThousand stores one event for 10,000 people and measures how
// long it takes until all their notices are stored.
func BenchmarkNoticeToTenThousand(b *testing.B) {
	const people = 10_000
	bb := newBackbone(b, dbtest.New(b))
	bb.exec(`INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, language)
		SELECT 'demo', 'm' || n, 100000 + n, '', 'manager', (ARRAY['ru', 'uz', 'en'])[1 + n % 3] FROM generate_series(1, $1) n`, people)
	n := NewNotifier(bb.conn, bb.publisher, bb.pool, NotifyConfig{Metrics: bb.streams.Metrics})
	b.ResetTimer()
	for i := range b.N {
		e := housingEvent(fmt.Sprint(i), ofRequest(events.RequestCreated), events.RequestChanged{
			Request: events.RequestBrief{ID: fmt.Sprint(i), Number: "251007-001", Status: "new", Category: "lift", Urgency: "normal", Version: 1},
			Action:  "create", To: "new", Know: []events.Knower{{Relation: events.RelationManager}},
		})
		if errs := n.handle(b.Context(), []*nats.Message{{Header: e.Header(), Data: e.Data}}); errs[0] != nil {
			b.Fatal(errs[0])
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "notices/s")
}
