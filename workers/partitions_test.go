package workers

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

const partitionsQuery = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'webhook_events'::regclass"

func TestEventsOfAnyDayAreRecorded(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var batch []*nats.Message
	for i, at := range []time.Time{
		day.Add(-time.Millisecond), day, day.Add(24*time.Hour - time.Millisecond), // midnight on both sides
		time.Date(2100, 2, 28, 12, 0, 0, 0, time.UTC), time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), // clocks that jumped
		time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		w := sample(fmt.Sprint("evt_", i))
		w.Time = at
		batch = append(batch, delivery(w, uint64(i+1), 1))
	}
	for i, err := range d.handle(t.Context(), batch) {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	d.count("webhook_events", len(batch))
	if n := number(t, d.pool, partitionsQuery); n != 6 {
		t.Errorf("%d partitions, want 6", n)
	}
	d.count("webhook_events_20260228", 1)
	d.count("webhook_events_20260301", 2)
}

func TestProcessesMakeTheSamePartitionAtOnce(t *testing.T) {
	pool := dbtest.New(t)
	insert, err := pool.Begin(t.Context()) // an insert that is under way must not hold them up
	must(t, err)
	defer func() { _ = insert.Rollback(context.Background()) }()
	must(t, newPartitions().day(t.Context(), pool, today))
	_, err = insert.Exec(t.Context(), "LOCK TABLE webhook_events IN ROW EXCLUSIVE MODE")
	must(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			for ahead := range 3 {
				if err := newPartitions().day(ctx, pool, today.AddDate(0, 0, ahead)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := number(t, pool, partitionsQuery); n != 3 {
		t.Errorf("%d partitions, want 3", n)
	}
}

func TestRetentionDropsWhatIsOldAndEventsOfThatDayStillGoIn(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(failing(1, nats.Permanent(errSlow))))
	old := sample("old")
	old.Time = today.AddDate(0, 0, -40)
	_ = d.hand(delivery(old, 1, 1))
	must(t, d.hand(delivery(sample("new"), 2, 1)))
	must(t, d.hand(delivery(old, 3, 1))) // a repeat
	_, err := d.pool.Exec(t.Context(), "UPDATE webhook_attempts SET at = at - interval '40 days'; UPDATE webhook_repeats SET at = at - interval '40 days'")
	must(t, err)
	house := &retention{pool: d.pool, days: d.days, keep: 30 * 24 * time.Hour, log: zerolog.Nop()}
	must(t, house.round(t.Context(), today))
	for table, want := range map[string]int{"webhook_events": 1, "webhook_keys": 1, "webhook_attempts": 0, "webhook_repeats": 0} {
		d.count(table, want)
	}
	if n := number(t, d.pool, partitionsQuery); n != daysAhead {
		t.Errorf("%d partitions, want today's and those of the days ahead", n)
	}
	// The worker remembers a partition that is gone; the record comes back all the same.
	again := old
	again.Replay = "r1"
	must(t, d.hand(delivery(again, 4, 1)))
	if row := d.record("old"); row.Status != statusCompleted {
		t.Errorf("status %s", row.Status)
	}
}

func TestRetentionTakesNoticesAndFiguresOfTheBot(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	for _, age := range []string{"40 days", "1 hour"} {
		_, err := d.pool.Exec(t.Context(), `INSERT INTO bot_metrics (tenant_id, period, began_at, kind, name, outcome, updates, handler_ms, handler_max, api_ms, telegram_ms)
			SELECT 'acme', p, now() - $1::interval, 'text', '', 'done', 1, 1, 1, 1, 1 FROM unnest(ARRAY['hour', 'day']) p`, age)
		must(t, err)
		_, err = d.pool.Exec(t.Context(), `INSERT INTO bot_notices (tenant_id, id, correlation, event_id, chat_id, template, language, created_at)
			VALUES ('acme', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 7, 't', 'uz', now() - $1::interval)`, age)
		must(t, err)
	}
	house := &retention{pool: d.pool, days: d.days, keep: 30 * 24 * time.Hour, log: zerolog.Nop()}
	must(t, house.round(t.Context(), time.Now()))
	d.count("bot_metrics", 2)
	d.count("bot_notices", 1)
}

func TestClockThatJumpedAheadEmptiesNothing(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	must(t, d.hand(delivery(sample("evt_1"), 1, 1)))
	house := &retention{pool: d.pool, days: d.days, keep: 24 * time.Hour, log: zerolog.Nop()}
	must(t, house.round(t.Context(), today.AddDate(74, 0, 0)))
	d.count("webhook_events", 1)
	d.count("webhook_keys", 1)
}

func TestRetentionGivesWayToALongRead(t *testing.T) {
	pool := dbtest.New(t)
	must(t, newPartitions().day(t.Context(), pool, today.AddDate(0, 0, -9)))
	reader, err := pool.Begin(t.Context())
	must(t, err)
	_, err = reader.Exec(t.Context(), "SELECT count(*) FROM webhook_events")
	must(t, err)
	if _, err := db.New(pool).DropWebhookPartitions(t.Context(), pgtype.Date{Time: today, Valid: true}); err == nil {
		t.Error("a partition was dropped under a reader")
	}
	must(t, reader.Rollback(t.Context()))
	dropped, err := db.New(pool).DropWebhookPartitions(t.Context(), pgtype.Date{Time: today, Valid: true})
	if err != nil || dropped != 1 {
		t.Errorf("dropped %d, %v", dropped, err)
	}
}
