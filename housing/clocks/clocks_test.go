package clocks_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/unit"
	"ukbot/housing/workflow"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
)

func TestTheExecutorAndTheManagersHearOfADeadlineAndNobodyElse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	id := r.request(600, 5) // has an executor long before
	r.move(id, workflow.InProgress)
	r.until(id, 2)
	for _, data := range r.events(id) {
		relations := []string{}
		for _, who := range data.Know {
			relations = append(relations, string(who.Relation))
		}
		want := []string{string(events.RelationExecutor), string(events.RelationManager)}
		if !slices.Equal(relations, want) || !data.Internal || data.Actor != (events.Actor{ID: "clock", Role: "system"}) || data.Action != "sla" {
			t.Errorf("told %q by %+v, internal %t, action %s; want %q", relations, data.Actor, data.Internal, data.Action, want)
		}
	}
}

func TestADeadlineIsPartOfWhatSetIt(t *testing.T) {
	t.Parallel()
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	id := r.requestIn(unit.WithTrace(t.Context(), trace), 1, 600)
	r.until(id, 2)
	for _, m := range r.messages(id) {
		if got := events.TraceOf(m.Header); got != trace {
			t.Errorf("%s has trace %q, want %q", m.Subject, got, trace)
		}
	}
}

// inOrder are all deadlines of a request whose reaction ends before 80 % of its completion.
var inOrder = []string{"reaction warned", "reaction overdue", "completion warned", "completion overdue"}

func TestEveryDeadlineIsAnnouncedOnceByTwoReplicas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	r.replica(r.pool)
	var ids []uuid.UUID
	for range 8 {
		ids = append(ids, r.request(1, 2))
	}
	for _, id := range ids {
		if got := r.until(id, 4); !slices.Equal(got, inOrder) {
			t.Errorf("announced %q, want %q", got, inOrder)
		}
	}
	r.idle()
	for _, id := range ids {
		row := r.row(id)
		if got := r.announced(id); len(got) != 4 || row.Version != 5 {
			t.Errorf("announced %q, version %d", got, row.Version)
		}
		late := row.CompletionOverdueAt.Sub(row.CompletionDue)
		if late < 0 || late > 30*time.Second {
			t.Errorf("overdue was noted %s after it was", late)
		}
		if at, left := r.schedule(id); left {
			t.Errorf("a schedule is left: %s", at)
		}
	}
}

func TestAPauseHoldsTheClockAndResumingMovesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	paused := r.request(600, 6) // 80 % are far enough for a busy machine to pause it before
	r.move(paused, workflow.InProgress)
	r.move(paused, workflow.Purchase)
	natstest.Wait(t, "the schedule to be cancelled", func() bool {
		_, left := r.schedule(paused)
		return !left
	})
	before := r.row(paused)
	beside := r.request(600, 6) // goes on, and shows when the other's time is over
	r.move(beside, workflow.InProgress)
	if got := r.until(beside, 2); !slices.Equal(got, inOrder[2:]) {
		t.Errorf("beside it: announced %q", got)
	}
	if got := r.announced(paused); got != nil {
		t.Fatalf("announced in a pause: %q", got)
	}
	r.move(paused, workflow.InProgress)
	after := r.row(paused)
	if moved, pause := after.CompletionDue.Sub(before.CompletionDue), after.StatusSince.Sub(*before.PausedAt); moved != pause || pause < 2*time.Second {
		t.Errorf("due moved by %s for a pause of %s", moved, pause)
	}
	if got := r.until(paused, 2); !slices.Equal(got, inOrder[2:]) {
		t.Errorf("after the pause: announced %q", got)
	}
	if done := r.row(paused); done.CompletionOverdueAt.Before(after.CompletionDue) {
		t.Errorf("announced at %s, due at %s", done.CompletionOverdueAt, after.CompletionDue)
	}
}

func TestAClosedRequestHasNoClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	id := r.request(600, 6000)
	natstest.Wait(t, "the schedule", func() bool { _, there := r.schedule(id); return there })
	r.move(id, workflow.Cancelled)
	natstest.Wait(t, "the schedule to be cancelled", func() bool { _, there := r.schedule(id); return !there })
	r.idle()
	if got := r.announced(id); got != nil {
		t.Errorf("announced %q", got)
	}
}

func TestAScheduleOutlivesTheServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	id := r.request(2, 6000)
	natstest.Wait(t, "the schedule", func() bool { _, there := r.schedule(id); return there })
	r.nats.Stop()
	due := r.row(id).ReactionDue
	natstest.Wait(t, "the deadline to pass", func() bool { return time.Now().After(due) })
	r.nats.Start()
	r.replica(r.pool)
	if got := r.until(id, 2); !slices.Equal(got, inOrder[:2]) {
		t.Errorf("announced %q after the restart", got)
	}
}

func TestWhatPassedBeforeTheRelayRanIsAnnouncedAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.replica(r.pool)
	id := r.request(1, 1)
	due := r.row(id).CompletionDue
	natstest.Wait(t, "the deadline to pass", func() bool { return time.Now().After(due) })
	r.relay()
	if got := r.until(id, 4); len(got) != 4 || !slices.Contains(got, "reaction overdue") || !slices.Contains(got, "completion overdue") {
		t.Errorf("announced %q", got)
	}
}

func TestAMessageDeliveredManyTimesAnnouncesOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	r.replica(r.pool)
	id := r.request(1, 6000)
	due := r.row(id).ReactionDue
	natstest.Wait(t, "the deadline to pass", func() bool { return time.Now().After(due) })
	for range 20 {
		r.fire(tenant, body(tenant, id))
	}
	r.until(id, 2)
	r.idle()
	if got := r.announced(id); !slices.Equal(got, inOrder[:2]) {
		t.Errorf("announced %q", got)
	}
}

func TestWithoutPostgreSQLTheMessageWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	away, err := db.NewPool(t.Context(), db.PoolConfig{URL: r.pool.Config().ConnString()})
	must(t, err)
	away.Close()
	stop := r.replica(away)
	id := r.request(1, 6000)
	natstest.Wait(t, "the message to be delivered", func() bool {
		consumer, err := r.nats.Conn.JS.Consumer(t.Context(), nats.StreamClocks, nats.DurableClocks)
		must(t, err)
		return consumer.CachedInfo().NumAckPending > 0
	})
	stop()
	r.replica(r.pool)
	if got := r.until(id, 2); !slices.Equal(got, inOrder[:2]) {
		t.Errorf("announced %q", got)
	}
}

func TestAMessageThatComesEarlyChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	soon, later := r.request(3, 6000), r.request(6000, 60000)
	want := ""
	natstest.Wait(t, "the schedule", func() bool { var there bool; want, there = r.schedule(later); return there })
	stream, err := r.nats.Conn.JS.Stream(t.Context(), nats.StreamClocks)
	must(t, err)
	must(t, stream.Purge(t.Context())) // as if the server had lost both schedules
	r.fire(tenant, body(tenant, soon), body(tenant, later))
	natstest.Wait(t, "the later schedule to be set again", func() bool { at, there := r.schedule(later); return there && at == want })
	if got := r.until(soon, 2); !slices.Equal(got, inOrder[:2]) {
		t.Errorf("announced %q", got)
	}
	if row := r.row(soon); row.ReactionWarnedAt.Before(row.ReactionDue.Add(-600 * time.Millisecond)) {
		t.Errorf("warned at %s, due at %s", row.ReactionWarnedAt, row.ReactionDue)
	}
	if got := r.announced(later); got != nil {
		t.Errorf("announced %q too early", got)
	}
}

func TestWhatIsNoClockMessageIsBuried(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.relay()
	r.replica(r.pool)
	id := r.request(600, 6000)
	r.fire(tenant, []byte("no JSON"), []byte(`{"tenant":"acme","request":"7"}`), body("other", id), body(tenant, uuid.New()))
	dead := func() (n int) {
		must(t, nats.Read(t.Context(), r.nats.Conn.JS, nats.ReadRange{Stream: nats.StreamDead}, func(m *nats.Message) error {
			if strings.HasSuffix(m.Subject, "."+nats.DurableClocks) {
				n++
			}
			return nil
		}))
		return n
	}
	natstest.Wait(t, "three dead letters", func() bool { return dead() == 3 })
	r.idle()
	if n := dead(); n != 3 {
		t.Errorf("%d dead letters: a request that is gone is none", n)
	}
}
