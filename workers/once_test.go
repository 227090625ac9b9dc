package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// later is a webhook received some milliseconds later: sent again, it is given
// another row id.
func later(w events.Webhook, ms int) events.Webhook {
	w.Time = w.Time.Add(time.Duration(ms) * time.Millisecond)
	return w
}

func TestTwentyAtOnceAreOneRecordWithNineteenDuplicates(t *testing.T) {
	for name, replicas := range map[string]int{"one worker": 1, "two replicas": 2} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.configure("acme", "stripe")
			for range replicas {
				r.work(nil, func(c *Config) { c.Batch = 3 }) // so that they meet in different transactions
			}
			for i := range 20 {
				r.publish(fmt.Sprint("/", i), later(sample("evt_1"), i))
			}
			r.until("evt_1", "counted", func(row db.WebhookEvent) bool { return row.DuplicateCount == 19 })
			r.untilCount("outbox", 0)
			if n := number(t, r.pool, "SELECT count(*) FROM webhook_events"); n != 1 {
				t.Errorf("%d records, want 1", n)
			}
			if n := len(r.published(nats.StreamEvents)); n != 1 {
				t.Errorf("%d events announced, want 1", n)
			}
		})
	}
}

func TestManyAtTheSameMomentAreNewOnce(t *testing.T) {
	pool := dbtest.New(t)
	var wg sync.WaitGroup
	for i := range 8 {
		d := newDesk(t, pool, always(announce))
		wg.Go(func() {
			var batch []*nats.Message
			for n := range 50 {
				batch = append(batch, delivery(later(sample(fmt.Sprint("evt_", n)), i), uint64(1+i*50+n), 1))
			}
			for _, err := range d.handle(context.Background(), batch) {
				if err != nil {
					t.Errorf("answer %v", err)
				}
			}
		})
	}
	wg.Wait()
	d := newDesk(t, pool, nil)
	d.count("webhook_events", 50)
	d.count("outbox", 50)
	if n := number(t, pool, "SELECT sum(duplicate_count) FROM webhook_events"); n != 7*50 {
		t.Errorf("%d duplicates counted, want %d", n, 7*50)
	}
}

func TestRepeatsInOneBatchAreCounted(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	var batch []*nats.Message
	for i := range uint64(20) {
		batch = append(batch, delivery(later(sample("evt_1"), int(i)), 1+i, 1))
	}
	for i, err := range d.handle(t.Context(), batch) {
		if err != nil {
			t.Errorf("answer %d is %v", i, err)
		}
	}
	if row := d.record("evt_1"); row.DuplicateCount != 19 || row.StreamSequence != 1 {
		t.Errorf("%d duplicates of message %d, want 19 of the first", row.DuplicateCount, row.StreamSequence)
	}
	for range 2 { // acks lost: all delivered once more
		for _, m := range batch {
			m.Delivered++
		}
		d.handle(t.Context(), batch)
	}
	if row := d.record("evt_1"); row.DuplicateCount != 19 {
		t.Errorf("%d duplicates after redelivery, want 19", row.DuplicateCount)
	}
	d.count("outbox", 1)
}

func TestMessageThatIsInABatchTwiceIsNoRepeat(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	answers := d.handle(t.Context(), []*nats.Message{ // delivered again while it waited
		delivery(sample("evt_1"), 1, 1), delivery(sample("evt_2"), 2, 1), delivery(sample("evt_1"), 1, 2),
	})
	must(t, errors.Join(answers...))
	if row := d.record("evt_1"); row.Status != statusCompleted || row.DuplicateCount != 0 {
		t.Errorf("record %+v", row)
	}
	d.count("outbox", 2)
}

// counts is a message of the ingress about repeats.
func counts(sequence uint64, delivered int, repeats events.Repeats) *nats.Message {
	data, _ := json.Marshal(repeats)
	e := events.Envelope{ID: fmt.Sprint("repeats-", sequence), Type: events.TypeRepeats, Tenant: "acme", Source: "stripe", Time: today, Data: data}
	return &nats.Message{Subject: events.RepeatSubject("acme", "stripe"), Header: e.Header(), Data: data, Sequence: sequence, Delivered: delivered}
}

func TestCountsOfTheIngressAreAddedOnce(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	// In the same batch, before the events they count.
	answers := d.handle(t.Context(), []*nats.Message{
		counts(3, 1, events.Repeats{"evt_1": 2, "evt_2": 5}), delivery(sample("evt_1"), 1, 1), delivery(sample("evt_2"), 2, 1),
	})
	must(t, errors.Join(answers...))
	must(t, d.hand(counts(3, 2, events.Repeats{"evt_1": 2, "evt_2": 5}))) // its ack was lost
	must(t, d.hand(counts(4, 1, events.Repeats{"evt_1": 1})))
	if one, two := d.record("evt_1"), d.record("evt_2"); one.DuplicateCount != 3 || two.DuplicateCount != 5 {
		t.Errorf("%d and %d duplicates, want 3 and 5", one.DuplicateCount, two.DuplicateCount)
	}
}

func TestCountsWaitForTheirRecord(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	must(t, d.hand(delivery(sample("evt_1"), 1, 1)))
	early := events.Repeats{"evt_1": 1, "evt_2": 2}
	if delay, ok := nats.RetryDelay(d.hand(counts(2, 1, early))); !ok || delay != countPause {
		t.Errorf("counts before their record: retry %v in %s", ok, delay)
	}
	if row := d.record("evt_1"); row.DuplicateCount != 0 {
		t.Errorf("%d duplicates counted of a message that comes again", row.DuplicateCount)
	}
	must(t, d.hand(delivery(sample("evt_2"), 3, 1)))
	must(t, d.hand(counts(2, 2, early)))
	if one, two := d.record("evt_1"), d.record("evt_2"); one.DuplicateCount != 1 || two.DuplicateCount != 2 {
		t.Errorf("%d and %d duplicates, want 1 and 2", one.DuplicateCount, two.DuplicateCount)
	}
	must(t, d.hand(counts(5, countTries, events.Repeats{"evt_1": 1, "gone": 4})))
	if row := d.record("evt_1"); row.DuplicateCount != 2 {
		t.Errorf("%d duplicates beside a record that retention took, want 2", row.DuplicateCount)
	}
	if err := d.hand(&nats.Message{Subject: events.RepeatSubject("acme", "stripe"), Header: counts(6, 1, nil).Header, Data: []byte("[]"), Delivered: 1}); !nats.IsPermanent(err) {
		t.Errorf("counts that are none: %v", err)
	}
}

func TestCountsTravelTheStream(t *testing.T) {
	r := newRig(t)
	r.configure("acme", "stripe")
	r.work(nil)
	m := counts(0, 0, events.Repeats{"evt_1": 19})
	r.send(&natsgo.Msg{Subject: m.Subject, Header: m.Header, Data: m.Data})
	began := time.Now()
	r.publish("", sample("evt_1"))
	r.until("evt_1", "counted", func(row db.WebhookEvent) bool { return row.DuplicateCount == 19 })
	t.Logf("counted after %s", time.Since(began))
}
