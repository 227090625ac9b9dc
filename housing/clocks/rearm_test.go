package clocks_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/housing/clocks"
	"ukbot/housing/workflow"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// rearm looks for lost schedules, as a process does when it starts.
func (r *rig) rearm() (stop func()) {
	r.t.Helper()
	conn := r.nats.Connect("rearm")
	c := clocks.New(clocks.Config{
		Conn: conn, Publisher: natstest.NewPublisher(r.t, conn), Store: r.store,
		Metrics: nats.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop(),
	})
	return r.run(c.Rearm)
}

// published waits until nothing waits to be published.
func (r *rig) published() {
	r.t.Helper()
	natstest.Wait(r.t, "the outbox to be empty", func() (empty bool) {
		must(r.t, r.pool.QueryRow(r.t.Context(), "SELECT NOT EXISTS (SELECT 1 FROM outbox)").Scan(&empty))
		return empty
	})
}

// scheduled waits until these requests have schedules.
func (r *rig) scheduled(ids ...uuid.UUID) {
	r.t.Helper()
	natstest.Wait(r.t, "the schedules", func() bool {
		for _, id := range ids {
			if _, there := r.schedule(id); !there {
				return false
			}
		}
		return true
	})
}

func TestLostSchedulesComeBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	open, working, kept := r.request(600, 6000), r.request(600, 6000), r.request(600, 6000)
	closed, waiting := r.request(600, 6000), r.request(600, 6000)
	r.move(working, workflow.InProgress)
	r.move(closed, workflow.Cancelled)
	r.move(waiting, workflow.Purchase)
	r.scheduled(open, working, kept)
	r.published()
	before := map[uuid.UUID]string{}
	stream, err := r.nats.Conn.JS.Stream(t.Context(), nats.StreamClocks)
	must(t, err)
	for _, id := range []uuid.UUID{open, working, kept} {
		before[id], _ = r.schedule(id)
	}
	for _, id := range []uuid.UUID{open, working} { // one message in the stream does not mean that all are there
		must(t, stream.Purge(t.Context(), jetstream.WithPurgeSubject(events.ClockSubject(tenant, id.String()))))
	}
	sequence := r.sequence(kept)
	r.rearm()
	r.scheduled(open, working)
	r.published()
	for id, want := range before {
		if at, _ := r.schedule(id); at != want {
			t.Errorf("the schedule is %s, want %s", at, want)
		}
	}
	if r.sequence(kept) != sequence {
		t.Error("a schedule that was there was written again")
	}
	for _, id := range []uuid.UUID{closed, waiting} {
		if at, there := r.schedule(id); there {
			t.Errorf("a clock that stands has a schedule: %s", at)
		}
	}
}

func TestDeadlinesThatPassedWhileTheStreamWasLostAreAnnounced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.request(1, 6000)
	_, err := r.pool.Exec(t.Context(), "DELETE FROM outbox") // never published, as rows that were loaded
	must(t, err)
	r.relay()
	r.replica(r.pool)
	r.rearm()
	if got := r.until(id, 2); got[1] != "reaction overdue" {
		t.Errorf("announced %q", got)
	}
}

func TestMoreClocksThanAPageAreSet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const many = 1203
	r.request(6000, 60_000)
	_, err := r.pool.Exec(t.Context(), `INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, address, applicant_id,
			created_by, status_since, reaction_seconds, completion_seconds, reaction_due, completion_due, created_at, updated_at)
		SELECT tenant_id, gen_random_uuid(), 'n' || n, status, category, urgency, description, building_id, address, applicant_id,
			created_by, status_since, reaction_seconds, completion_seconds, reaction_due, completion_due + (n % 7) * interval '1 s', created_at, updated_at
		FROM requests, generate_series(2, $1) n`, many)
	must(t, err)
	_, err = r.pool.Exec(t.Context(), "DELETE FROM outbox")
	must(t, err)
	stop := r.rearm()
	natstest.Wait(t, "all clocks to be set", func() bool {
		var set int
		must(t, r.pool.QueryRow(context.Background(), "SELECT count(DISTINCT subject) FROM outbox").Scan(&set))
		return set == many
	})
	stop()
}

// sequence is where a request's schedule lies in the stream.
func (r *rig) sequence(id uuid.UUID) uint64 {
	r.t.Helper()
	stream, err := r.nats.Conn.JS.Stream(r.t.Context(), nats.StreamClocks)
	must(r.t, err)
	msg, err := stream.GetLastMsgForSubject(r.t.Context(), events.ClockSubject(tenant, id.String()))
	must(r.t, err)
	return msg.Sequence
}
