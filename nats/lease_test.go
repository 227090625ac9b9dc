package nats_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

// shortLeases makes leases of some seconds: shorter ones a busy machine loses.
func shortLeases(t *testing.T, env *natstest.Env) time.Duration {
	t.Helper()
	const ttl = 4 * time.Second
	_, err := env.Conn.JS.UpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: nats.BucketLeases, TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	return ttl
}

// holder runs a lease and says whether its function runs.
type holder struct {
	running atomic.Bool
	runs    atomic.Int64
	stop    func()
	ended   chan struct{}
	err     error
}

func hold(t *testing.T, conn *nats.Conn, together *atomic.Int64) *holder {
	t.Helper()
	h := &holder{ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(h.ended)
		h.err = nats.RunLeased(ctx, conn, "relay", func(ctx context.Context) error {
			if together.Add(1) > 1 {
				t.Error("two run at once")
			}
			h.runs.Add(1)
			h.running.Store(true)
			<-ctx.Done()
			h.running.Store(false)
			together.Add(-1)
			return nil
		})
	}()
	h.stop = sync.OnceFunc(func() { cancel(); <-h.ended })
	t.Cleanup(h.stop)
	return h
}

func TestOneOfSeveralHoldsALeaseAndTheNextFollows(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	ttl := shortLeases(t, env)
	var together atomic.Int64
	holders := []*holder{hold(t, env.Connect("a"), &together), hold(t, env.Connect("b"), &together), hold(t, env.Connect("c"), &together)}
	for left := len(holders); left > 0; left-- {
		natstest.Wait(t, "a holder", func() bool { return together.Load() == 1 })
		if left == len(holders) {
			pass(t, 2*ttl) // renewals keep it
		}
		for i, h := range holders {
			if h.running.Load() {
				if h.runs.Load() != 1 {
					t.Errorf("holder %d ran %d times, want one run without a break", i, h.runs.Load())
				}
				began := time.Now()
				h.stop()
				if h.err != nil {
					t.Errorf("holder %d: %v", i, h.err)
				}
				natstest.Wait(t, "the next", func() bool { return together.Load() == 1 || left == 1 })
				if took := time.Since(began); took > ttl {
					t.Errorf("the next followed a stop after %s, it should not wait for the lease to run out", took)
				}
				break
			}
		}
	}
}

func TestTheLeaseOfACrashedHolderIsTakenOver(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	ttl := shortLeases(t, env)
	var crashed, together atomic.Int64
	first := env.Connect("crashing")
	dying := hold(t, first, &crashed)
	natstest.Wait(t, "the first holder", dying.running.Load)
	next := hold(t, env.Connect("next"), &together)
	pass(t, ttl/2)
	if next.running.Load() {
		t.Fatal("two hold the lease")
	}
	first.Conn.Close() // from now on it renews nothing
	began := time.Now()
	natstest.Wait(t, "the take-over", next.running.Load)
	if took := time.Since(began); took > 3*ttl {
		t.Errorf("taken over after %s, a lease is %s", took, ttl)
	}
	if dying.running.Load() {
		t.Error("the one that lost its lease still runs")
	}
}

func TestALeaseIsLostInAnOutageAndHeldAgainAfterIt(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	ttl := shortLeases(t, env)
	var together atomic.Int64
	h := hold(t, env.Conn, &together)
	natstest.Wait(t, "the holder", h.running.Load)
	env.Stop()
	began := time.Now()
	natstest.Wait(t, "the end of its run", func() bool { return !h.running.Load() })
	if took := time.Since(began); took > ttl {
		t.Errorf("ran on for %s without its lease of %s", took, ttl)
	}
	env.Start()
	natstest.Wait(t, "it to run again", h.running.Load)
}

func TestAShortOutageCostsNoLease(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	ttl := 9 * time.Second
	if _, err := env.Conn.JS.UpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: nats.BucketLeases, TTL: ttl}); err != nil {
		t.Fatal(err)
	}
	var together atomic.Int64
	h := hold(t, env.Conn, &together)
	natstest.Wait(t, "the holder", h.running.Load)
	env.Restart()
	pass(t, ttl)
	if !h.running.Load() || h.runs.Load() != 1 {
		t.Errorf("running %t, %d runs, want the first to go on", h.running.Load(), h.runs.Load())
	}
}

func TestALeasedRunsOwnEndIsReturned(t *testing.T) {
	env := natstest.Start(t)
	for _, want := range []error{nil, errHandler} {
		err := nats.RunLeased(t.Context(), env.Conn, "once", func(context.Context) error { return want })
		if !errors.Is(err, want) {
			t.Errorf("RunLeased gave %v, want %v", err, want)
		}
	}
}

// TestAKilledHolderCostsNoMoreThanAMessageInItsHands: whoever polls Telegram holds a
// lease, and people wait for the one as for the other.
func TestAKilledHolderCostsNoMoreThanAMessageInItsHands(t *testing.T) {
	for _, bucket := range nats.Buckets {
		if bucket.Bucket == nats.BucketLeases && (bucket.TTL <= 0 || bucket.TTL > nats.AckWait) {
			t.Errorf("a lease outlives its holder for %s, want at most %s", bucket.TTL, nats.AckWait)
		}
	}
}
