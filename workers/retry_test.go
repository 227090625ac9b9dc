package workers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

var errSlow = errors.New("bank is slow")

func TestTransientFailureIsRetriedUntilItCompletes(t *testing.T) {
	r := newRig(t)
	r.configure("acme", "stripe")
	r.work(always(failing(2, nats.RetryAfter(300*time.Millisecond, errSlow))))
	r.publish("", sample("evt_1"))
	row := r.until("evt_1", "retrying", func(row db.WebhookEvent) bool { return row.Status == statusRetrying })
	if row.NextRetryAt == nil || row.LastError == nil || *row.LastError != errSlow.Error() || *row.ErrorKind != "transient" || row.ProcessedAt != nil || string(row.Effects) != "[]" {
		t.Errorf("record of the failure %+v", row)
	}
	row = r.until("evt_1", "completed", completed)
	if row.RetryCount != 2 || row.NextRetryAt != nil || row.LastError != nil || row.ErrorKind != nil || row.ProcessedAt == nil {
		t.Errorf("record after success %+v", row)
	}
	attempts, err := db.New(r.pool).WebhookAttempts(t.Context(), "acme", row.ID)
	must(t, err)
	outcomes := ""
	for _, a := range attempts {
		outcomes += a.Outcome + " "
	}
	if outcomes != "retrying retrying completed " {
		t.Errorf("attempts %q", outcomes)
	}
	r.untilCount("outbox", 0)
	if n := len(r.published(nats.StreamEvents)); n != 1 {
		t.Errorf("%d events announced, want 1", n)
	}
}

func TestLastAttemptLeavesADeadLetter(t *testing.T) {
	for name, tc := range map[string]struct {
		failure error
		retries int32
		kind    string
	}{
		"a transient error is exhausted":  {nats.RetryAfter(50*time.Millisecond, errSlow), 3, "exhausted"},
		"a permanent error fails at once": {nats.Permanent(errSlow), 0, "permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.configure("acme", "stripe")
			r.work(always(failing(1000, tc.failure)))
			r.publish("", sample("evt_1"))
			row := r.until("evt_1", "failed", func(row db.WebhookEvent) bool { return row.Status == statusFailed })
			if row.RetryCount != tc.retries || *row.ErrorKind != tc.kind || *row.LastError != errSlow.Error() || row.ProcessedAt == nil || row.NextRetryAt != nil {
				t.Errorf("record %+v", row)
			}
			var dead []nats.DeadLetter
			natstest.Wait(t, "the dead letter", func() bool {
				var err error
				dead, err = nats.DeadLetters(t.Context(), r.nats.Conn.JS, "acme", 0, 10)
				must(t, err)
				return len(dead) == 1
			})
			if dead[0].EventID != "evt_1" || !strings.Contains(dead[0].Error, errSlow.Error()) {
				t.Errorf("dead letter %+v", dead[0])
			}
		})
	}
}

func TestParkedRetryComesBackAsTheSameEvent(t *testing.T) {
	r := newRig(t)
	r.configure("acme", "stripe")
	// Past the first, retries are stored as schedules: the consumer has one slot for them.
	handle := always(failing(20, nats.RetryAfter(time.Second, errSlow)))
	consume(t, r, newDesk(t, r.pool, handle).worker, 1)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		r.publish("", sample("evt_"+id))
	}
	r.untilCount("webhook_events WHERE status = 'failed' AND retry_count = 3 AND duplicate_count = 0", 5)
	if n := number(t, r.pool, "SELECT count(*) FROM webhook_attempts"); n != 20 {
		t.Errorf("%d attempts, want 20", n)
	}
}

// consume runs a webhook consumer with slots for parked retries until the test ends.
func consume(t *testing.T, r *rig, w *worker, slots int) {
	ctx, cancel := context.WithCancel(context.Background())
	consumer := nats.NewConsumer(r.nats.Conn, r.nats.Publisher, nats.ConsumeConfig{
		Spec: nats.HookConsumer("acme", "stripe"), ParkSlots: slots, Metrics: r.nats.Metrics, Log: w.log,
	}, w.handle)
	done := make(chan struct{})
	go func() { defer close(done); _ = consumer.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func TestRedeliveryAfterACrashHasNoSecondEffect(t *testing.T) {
	for name, tc := range map[string]struct {
		handle Handler
		answer func(error) bool
		events int
	}{
		"completed: acknowledged":         {announce, func(err error) bool { return err == nil }, 1},
		"failed: a dead letter all right": {failing(9, nats.Permanent(errSlow)), nats.IsPermanent, 0},
		"retrying: not before it is due": {failing(1, errSlow), func(err error) bool {
			delay, ok := nats.RetryDelay(err)
			return ok && delay > 100*time.Second && delay < 133*time.Second
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, dbtest.New(t), always(tc.handle))
			first := d.hand(delivery(sample("evt_1"), 1, 1))
			before := d.record("evt_1")
			again := d.hand(delivery(sample("evt_1"), 1, 2))
			if !tc.answer(first) || !tc.answer(again) {
				t.Errorf("answers %v and %v", first, again)
			}
			if after := d.record("evt_1"); !after.UpdatedAt.Equal(before.UpdatedAt) || after.RetryCount != 0 || after.DuplicateCount != 0 {
				t.Errorf("the redelivery changed the record from %+v to %+v", before, after)
			}
			d.count("outbox", tc.events)
		})
	}
}

func TestConfigurationsRetriesAreHonoured(t *testing.T) {
	for name, tc := range map[string]struct{ set, want int }{
		"one":                 {1, 1},
		"none means the five": {0, 5},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, dbtest.New(t), always(failing(100, nats.RetryAfter(0, errSlow))))
			w := sample("evt_1")
			w.Request.MaxRetries = tc.set
			attempts := 0
			for ; attempts < 20; attempts++ {
				if nats.IsPermanent(d.hand(delivery(w, 1, attempts+1))) {
					break
				}
			}
			row := d.record("evt_1")
			if attempts != tc.want || int(row.RetryCount) != tc.want || int(row.MaxRetries) != tc.want || row.Status != statusFailed {
				t.Errorf("failed after %d retries; record says %d of %d, %s; want %d", attempts, row.RetryCount, row.MaxRetries, row.Status, tc.want)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	replay := func(id, name string, notify bool) events.Webhook {
		w := sample(id)
		w.Replay, w.Quiet = name, !notify
		return w
	}
	t.Run("of a completed event runs it again, once, under ids of its own", func(t *testing.T) {
		d := newDesk(t, dbtest.New(t), always(announce))
		must(t, d.hand(delivery(sample("evt_1"), 1, 1)))
		first := d.record("evt_1")
		must(t, d.hand(delivery(replay("evt_1", "r1", false), 2, 1)))
		must(t, d.hand(delivery(replay("evt_1", "r1", false), 2, 2)))
		must(t, d.hand(delivery(replay("evt_1", "r1", false), 3, 1))) // stored twice after the duplicate window
		row, out := d.record("evt_1"), d.outbox()
		if row.ReplayOf == nil || *row.ReplayOf != "r1" || row.DuplicateCount != 0 || !row.ProcessedAt.After(*first.ProcessedAt) || row.StreamSequence != 1 {
			t.Errorf("record %+v", row)
		}
		if len(out) != 2 || out[0].MessageID == out[1].MessageID {
			t.Fatalf("outbox %+v, want two events", out)
		}
		h := headerOf(t, out[1])
		if h["ce-replay"][0] != "r1" || h["ce-quiet"][0] != "true" || h["ce-causationid"][0] != sample("evt_1").Row() {
			t.Errorf("derived headers %v", h)
		}
	})
	t.Run("that fails first keeps ids of its own", func(t *testing.T) {
		d := newDesk(t, dbtest.New(t), always(announce))
		must(t, d.hand(delivery(sample("evt_1"), 1, 1)))
		d.handlers = always(failing(1, nats.RetryAfter(0, errSlow)))
		if _, ok := nats.RetryDelay(d.hand(delivery(replay("evt_1", "r1", true), 2, 1))); !ok {
			t.Error("the failed replay is not tried again")
		}
		if row := d.record("evt_1"); row.Status != statusRetrying || len(row.Effects) < 10 {
			t.Errorf("record %+v forgot what it became", row)
		}
		must(t, d.hand(delivery(replay("evt_1", "r1", true), 2, 2)))
		out := d.outbox()
		if len(out) != 2 || out[0].MessageID == out[1].MessageID || headerOf(t, out[1])["ce-quiet"] != nil {
			t.Errorf("outbox %+v, want two events of different ids, none quiet", out)
		}
	})
	t.Run("of a failed event completes it with its original ids", func(t *testing.T) {
		d := newDesk(t, dbtest.New(t), always(failing(1, nats.Permanent(errSlow))))
		_ = d.hand(delivery(sample("evt_1"), 1, 1))
		must(t, d.hand(delivery(replay("evt_1", "retry-1", true), 2, 1)))
		row, out := d.record("evt_1"), d.outbox()
		if row.Status != statusCompleted || row.LastError != nil || row.ErrorKind != nil {
			t.Errorf("record %+v", row)
		}
		if len(out) != 1 || out[0].MessageID != events.DeriveID(row.ID.String(), "generic") {
			t.Errorf("outbox %+v, want the original id", out)
		}
		// The original is delivered once more: it is done.
		must(t, d.hand(delivery(sample("evt_1"), 1, 2)))
		d.count("outbox", 1)
	})
	t.Run("has all its attempts", func(t *testing.T) {
		d := newDesk(t, dbtest.New(t), always(failing(6, nats.RetryAfter(0, errSlow))))
		for n := range 4 {
			_ = d.hand(delivery(sample("evt_1"), 1, n+1))
		}
		for n := range 2 {
			if _, ok := nats.RetryDelay(d.hand(delivery(replay("evt_1", "r1", true), 2, n+1))); !ok {
				t.Error("the replay of an exhausted event is not tried again")
			}
		}
		must(t, d.hand(delivery(replay("evt_1", "r1", true), 2, 3)))
	})
	t.Run("together with its event waits for it", func(t *testing.T) {
		d := newDesk(t, dbtest.New(t), always(announce))
		answers := d.handle(t.Context(), []*nats.Message{
			delivery(sample("evt_1"), 1, 1), delivery(replay("evt_1", "r1", true), 2, 1), delivery(replay("evt_2", "r1", true), 3, 1), delivery(replay("evt_2", "r1", true), 4, 1),
		})
		_, first := nats.RetryDelay(answers[1])
		_, second := nats.RetryDelay(answers[3])
		if answers[0] != nil || !first || answers[2] != nil || !second {
			t.Errorf("answers %v", answers)
		}
		d.count("outbox", 2)
	})
	t.Run("of an event whose record is gone records it again", func(t *testing.T) {
		for name, gone := range map[string]string{
			"record and key": "TRUNCATE webhook_events, webhook_keys", "record alone": "TRUNCATE webhook_events",
		} {
			d := newDesk(t, dbtest.New(t), always(announce))
			must(t, d.hand(delivery(sample("evt_1"), 1, 1)))
			_, err := d.pool.Exec(t.Context(), gone)
			must(t, err)
			must(t, d.hand(delivery(replay("evt_1", "r1", false), 2, 1)))
			must(t, d.hand(delivery(replay("evt_1", "r1", false), 2, 2)))
			if row := d.record("evt_1"); row.Status != statusCompleted || row.ReplayOf == nil {
				t.Errorf("%s: record %+v", name, row)
			}
			d.count("outbox", 2)
		}
	})
}

// An operator retries what is parked; meanwhile the parked attempt completes it.
func TestManualRetryOfWhatCompletedMeanwhileAnnouncesNothing(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	w := sample("evt_1")
	must(t, d.hand(delivery(w, 1, 1)))
	w.Replay = events.RetryPrefix + "1"
	must(t, d.hand(delivery(w, 2, 1)))
	d.count("outbox", 1)
	if row := d.record("evt_1"); row.ReplayOf != nil || row.DuplicateCount != 0 {
		t.Errorf("record %+v", row)
	}
}
