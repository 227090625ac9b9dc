package nats_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

func readIDs(t *testing.T, env *natstest.Env, r nats.ReadRange) []string {
	t.Helper()
	ids := []string{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := nats.Read(ctx, env.Conn.JS, r, func(m *nats.Message) error {
		ids = append(ids, m.Header.Get("ce-id"))
		return nil
	}); err != nil {
		t.Errorf("read %+v: %v", r, err)
	}
	return ids
}

func TestReadHandsOverARange(t *testing.T) {
	env := natstest.Start(t)
	publish(t, env, "a1", "a2") // 1, 2
	for _, id := range []string{"b1", "b2"} {
		msg := event("integration.webhook.other.stripe.x", "other", "stripe", id, "x") // 3, 4
		if _, err := env.Publisher.Publish(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	middle := time.Now()
	publish(t, env, "a3", "a4") // 5, 6
	tenant := events.WebhookFilter("acme", "stripe")
	for name, tc := range map[string]struct {
		r    nats.ReadRange
		want []string
	}{
		"everything":                 {nats.ReadRange{}, []string{"a1", "a2", "b1", "b2", "a3", "a4"}},
		"one tenant":                 {nats.ReadRange{Subject: tenant}, []string{"a1", "a2", "a3", "a4"}},
		"from a sequence":            {nats.ReadRange{From: 4}, []string{"b2", "a3", "a4"}},
		"to a sequence":              {nats.ReadRange{To: 2}, []string{"a1", "a2"}},
		"to another tenant's":        {nats.ReadRange{To: 4, Subject: tenant}, []string{"a1", "a2"}},
		"both":                       {nats.ReadRange{From: 2, To: 5}, []string{"a2", "b1", "b2", "a3"}},
		"one":                        {nats.ReadRange{From: 3, To: 3}, []string{"b1"}},
		"the wrong way round":        {nats.ReadRange{From: 5, To: 2}, []string{}},
		"behind the end":             {nats.ReadRange{From: 100}, []string{}},
		"further than there is":      {nats.ReadRange{From: 6, To: 100}, []string{"a4"}},
		"since a time":               {nats.ReadRange{Since: middle}, []string{"a3", "a4"}},
		"until a time":               {nats.ReadRange{Until: middle}, []string{"a1", "a2", "b1", "b2"}},
		"until before anything":      {nats.ReadRange{Until: middle.Add(-time.Hour)}, []string{}},
		"since after everything":     {nats.ReadRange{Since: time.Now().Add(time.Hour)}, []string{}},
		"a tenant without a message": {nats.ReadRange{Subject: events.WebhookFilter("nobody", "x")}, []string{}},
		"an empty stream":            {nats.ReadRange{Stream: nats.StreamEvents}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.r.Stream == "" {
				tc.r.Stream = nats.StreamWebhooks
			}
			if got := readIDs(t, env, tc.r); !slices.Equal(got, tc.want) {
				t.Errorf("read %q, want %q", got, tc.want)
			}
		})
	}
	s, err := env.Conn.JS.Stream(t.Context(), nats.StreamWebhooks)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().State.Consumers; n != 0 {
		t.Errorf("reading left %d consumers behind", n)
	}
}

func TestReadEndsWhereItsCallbackSays(t *testing.T) {
	env := natstest.Start(t)
	publish(t, env, "a", "b", "c")
	for name, tc := range map[string]struct{ says, want error }{
		"enough":   {nats.ErrStop, nil},
		"an error": {errHandler, errHandler},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			err := nats.Read(t.Context(), env.Conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks}, func(*nats.Message) error {
				calls++
				return tc.says
			})
			if !errors.Is(err, tc.want) || calls != 1 {
				t.Errorf("read gave %v after %d calls", err, calls)
			}
		})
	}
	if err := nats.Read(t.Context(), env.Conn.JS, nats.ReadRange{Stream: "NONE"}, nil); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("read of no stream gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := nats.Read(ctx, env.Conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks}, func(*nats.Message) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read gave %v", err)
	}
}

func TestReadEndsThoughWhatItWaitsForIsPurged(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	for i := range 2000 { // more than the client prefetches
		publish(t, env, fmt.Sprint(i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	purged := false
	err := nats.Read(ctx, env.Conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks}, func(*nats.Message) error {
		if purged {
			return nil
		}
		purged = true
		s, err := env.Conn.JS.Stream(ctx, nats.StreamWebhooks)
		if err != nil {
			return err
		}
		return s.Purge(ctx)
	})
	if err != nil {
		t.Errorf("read over a purge gave %v", err)
	}
}

func TestAReplayIsStoredThoughTheOriginalIsInTheWindow(t *testing.T) {
	env := natstest.Start(t)
	publish(t, env, "a")
	var original *nats.Message
	if err := nats.Read(t.Context(), env.Conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks}, func(m *nats.Message) error {
		original = m
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	first, err := nats.Replay(t.Context(), env.Publisher, original, "r1", false)
	if err != nil || first.Duplicate || first.Sequence == original.Sequence {
		t.Fatalf("replay gave %+v, %v", first, err)
	}
	again, err := nats.Replay(t.Context(), env.Publisher, original, "r1", false)
	if err != nil || !again.Duplicate || again.Sequence != first.Sequence {
		t.Errorf("the same replay again gave %+v, %v, want a duplicate", again, err)
	}
	loud, err := nats.Replay(t.Context(), env.Publisher, original, "r2", true)
	if err != nil || loud.Duplicate {
		t.Fatalf("another replay gave %+v, %v", loud, err)
	}
	for sequence, quiet := range map[uint64]bool{first.Sequence: true, loud.Sequence: false} {
		s, err := env.Conn.JS.Stream(t.Context(), nats.StreamWebhooks)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := s.GetMsg(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		e, err := events.Decode(raw.Header, raw.Data)
		if err != nil || e.Quiet != quiet || e.Replay == "" || e.ID != "a" || string(e.Data) != "body of a" || raw.Subject != original.Subject {
			t.Errorf("copy %+v, %v, want quiet %t", e, err, quiet)
		}
	}
}

func TestDeadLettersAreListedAndRedriven(t *testing.T) {
	env := natstest.Start(t)
	var again seen
	consume(t, env, nats.ConsumeConfig{}, func(_ context.Context, batch []*nats.Message) []error {
		errs := make([]error, len(batch))
		for i, m := range batch {
			if m.Header.Get("ce-replay") != "" {
				again.add(batch[i : i+1])
				continue
			}
			errs[i] = nats.Permanent(errHandler)
		}
		return errs
	})
	publish(t, env, "a", "b", "c")
	idle(t, env, spec(0))
	buried(t, env, "", 3)
	js := env.Conn.JS
	for name, tc := range map[string]struct {
		tenant string
		from   uint64
		limit  int
		want   []string
	}{
		"all":              {"", 0, 10, []string{"a", "b", "c"}},
		"at most two":      {"", 0, 2, []string{"a", "b"}},
		"none":             {"", 0, 0, []string{}},
		"from the second":  {"acme", 2, 10, []string{"b", "c"}},
		"another tenant's": {"other", 0, 10, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			letters, err := nats.DeadLetters(t.Context(), js, tc.tenant, tc.from, tc.limit)
			ids := []string{}
			for _, d := range letters {
				ids = append(ids, d.EventID)
			}
			if err != nil || !slices.Equal(ids, tc.want) {
				t.Errorf("dead letters %q, %v, want %q", ids, err, tc.want)
			}
		})
	}
	letter, err := nats.Dead(t.Context(), js, 2)
	if err != nil || letter.EventID != "b" {
		t.Fatalf("dead letter 2: %+v, %v", letter, err)
	}
	if _, err := nats.Dead(t.Context(), js, 99); !errors.Is(err, jetstream.ErrMsgNotFound) {
		t.Errorf("dead letter 99 gave %v", err)
	}
	if ack, err := nats.Redrive(t.Context(), env.Publisher, letter, "m1"); err != nil || ack.Stream != nats.StreamWebhooks || ack.Duplicate {
		t.Fatalf("redrive gave %+v, %v", ack, err)
	}
	natstest.Wait(t, "the redriven one", func() bool { return again.count() == 1 })
	m := again.messages[0]
	if m.Header.Get("ce-id") != "b" || string(m.Data) != "body of b" || m.Header.Get(nats.HeaderDeadError) != "" {
		t.Errorf("redriven as %v %q", m.Header, m.Data)
	}
}

// TestTheNetBuriesWhatTheServerGaveUp: a consumer that an operator gave a
// max_deliver, and a message that somebody terminated by hand.
func TestTheNetBuriesWhatTheServerGaveUp(t *testing.T) {
	env := natstest.Start(t)
	run(t, nats.NewDeadNet(env.Conn, env.Publisher, nats.ConsumeConfig{Metrics: env.Metrics}))
	s := nats.HookConsumer("acme", "stripe").Config
	s.MaxDeliver, s.AckWait = 2, 200*time.Millisecond
	limited, err := env.Conn.JS.CreateConsumer(t.Context(), nats.StreamWebhooks, s)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, env, "lost")
	natstest.Wait(t, "the server to give up", func() bool {
		batch, err := limited.Fetch(1, jetstream.FetchMaxWait(100*time.Millisecond)) // and never answer
		if err == nil {
			for range batch.Messages() {
			}
		}
		return len(dead(t, env)) == 1
	})
	s.Durable = "by-hand"
	s.MaxDeliver = -1
	byHand, err := env.Conn.JS.CreateConsumer(t.Context(), nats.StreamWebhooks, s)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := byHand.Next(jetstream.FetchMaxWait(5 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := msg.TermWithReason("operator says so"); err != nil {
		t.Fatal(err)
	}
	natstest.Wait(t, "the terminated one", func() bool { return len(dead(t, env)) == 2 })
	letters := dead(t, env)
	if d := letters[0]; d.EventID != "lost" || d.Consumer != "hook-acme--stripe" || d.Deliveries != 2 || d.Stream != nats.StreamWebhooks ||
		d.Error != "given up by the server after 2 deliveries" || string(d.Data()) != "body of lost" {
		t.Errorf("dead letter %+v", d)
	}
	if d := letters[1]; d.Consumer != "by-hand" || d.Error != "terminated: operator says so" {
		t.Errorf("dead letter %+v", d)
	}
	// What a consumer of ours buries itself is announced too, and buried once.
	consume(t, env, nats.ConsumeConfig{Spec: nats.HookConsumer("acme", "other")}, func(context.Context, []*nats.Message) []error {
		return []error{nats.Permanent(errHandler)}
	})
	own := event("integration.webhook.acme.other.x", "acme", "other", "own", "x")
	if _, err := env.Publisher.Publish(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	natstest.Wait(t, "its own dead letter", func() bool { return len(dead(t, env)) == 3 })
	net := nats.ConsumerSpec{Stream: nats.StreamAdvisories, Config: jetstream.ConsumerConfig{Durable: nats.DurableNet}}
	natstest.Wait(t, "the third advisory", func() bool { return info(t, env, net).AckFloor.Stream >= 3 })
	if letters := dead(t, env); len(letters) != 3 {
		t.Errorf("%d dead letters, want 3", len(letters))
	}
}

func dead(t *testing.T, env *natstest.Env) []nats.DeadLetter {
	t.Helper()
	letters, err := nats.DeadLetters(t.Context(), env.Conn.JS, "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return letters
}
