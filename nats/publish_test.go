package nats_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

func TestEachIdIsStoredOnceUnderAThousandPublishers(t *testing.T) {
	env := natstest.StartDurable(t)
	const publishers, ids = 1000, 750 // every second one repeats an id of somebody else's
	start := make(chan struct{})
	acks := make([]nats.Ack, publishers)
	var wg sync.WaitGroup
	idOf := func(i int) string {
		if i%4 == 3 {
			i--
		}
		return fmt.Sprint("id-", i)
	}
	for i := range publishers {
		wg.Go(func() {
			<-start
			var err error
			if acks[i], err = env.Publisher.Publish(t.Context(), webhook(idOf(i), "x")); err != nil {
				t.Errorf("publish %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
	first, sequence := map[string]int{}, map[string]uint64{}
	for i, ack := range acks {
		if !ack.Duplicate {
			first[idOf(i)]++
		}
		if other := sequence[idOf(i)]; other != 0 && other != ack.Sequence {
			t.Errorf("id %s is at %d and at %d", idOf(i), other, ack.Sequence)
		}
		sequence[idOf(i)] = ack.Sequence
	}
	for id := range sequence {
		if first[id] != 1 {
			t.Errorf("%d publishers of %s were told that theirs was new, want 1", first[id], id)
		}
	}
	if stored := countStored(t, env); stored != ids || len(sequence) != ids {
		t.Errorf("stored %d messages of %d ids, want %d", stored, len(sequence), ids)
	}
}

func TestWithTheServerStoppedAPublishFailsAtOnceAndLeavesNothing(t *testing.T) {
	env := natstest.StartDurable(t)
	publish := func(id string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := env.Publisher.Publish(ctx, webhook(id, "x"))
		return err
	}
	if err := publish("before"); err != nil {
		t.Fatal(err)
	}
	env.Stop()
	natstest.Wait(t, "the loss to be noticed", func() bool { return !env.Conn.IsConnected() })
	const refused = 50
	began := time.Now()
	for i := range refused {
		if err := publish(fmt.Sprint("refused-", i)); !errors.Is(err, nats.ErrUnavailable) {
			t.Fatalf("publish without a server gave %v", err)
		}
	}
	// The mean: a busy machine may stop for longer than that once.
	if took := time.Since(began) / refused; took > 100*time.Millisecond {
		t.Errorf("a publish without a server took %s", took)
	}
	env.Start()
	if err := publish("after"); err != nil {
		t.Fatalf("publish after the restart: %v", err)
	}
	if got := storedIDs(t, env); len(got) != 2 || !got["before"] || !got["after"] {
		t.Errorf("stored %v, want before and after", got)
	}
}

func TestOnlyWhatIsInFlightAtAStopIsInDoubt(t *testing.T) {
	env := natstest.Start(t)
	var mu sync.Mutex
	acked, doubt := map[string]bool{}, 0
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for worker := range 32 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprintf("w%d-%d", worker, i)
				sent := env.Conn.IsConnected()
				_, err := env.Publisher.Publish(t.Context(), webhook(id, "x"))
				mu.Lock()
				if err == nil {
					acked[id] = true
				} else if sent {
					doubt++
				}
				mu.Unlock()
				if err != nil && !errors.Is(err, nats.ErrUnavailable) {
					t.Errorf("publish at a stop: %v", err)
				}
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(acked) }
	natstest.Wait(t, "some load", func() bool { return count() > 500 })
	for range 3 {
		before := count()
		env.Restart()
		natstest.Wait(t, "publishes after a restart", func() bool { return count() > before+500 })
	}
	cancel()
	wg.Wait()
	stored := storedIDs(t, env)
	for id := range acked {
		if !stored[id] {
			t.Errorf("%s was acknowledged and is gone", id)
		}
	}
	if ghosts := len(stored) - len(acked); ghosts > doubt {
		t.Errorf("%d messages stored that nobody was told of, %d were in flight", ghosts, doubt)
	}
}

// TestQuickReconnectsFailNoLaterPublish: a status event that is handled when the
// connection is back already must not fail what went over the new one.
func TestQuickReconnectsFailNoLaterPublish(t *testing.T) {
	env := natstest.Start(t)
	for i := range 40 {
		reconnects := env.Conn.Stats().Reconnects
		if err := env.Conn.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
		natstest.Wait(t, "a new connection", func() bool {
			return env.Conn.Stats().Reconnects > reconnects && env.Conn.IsConnected()
		})
		for k := range 20 {
			if _, err := env.Publisher.Publish(t.Context(), webhook(fmt.Sprintf("q%d-%d", i, k), "x")); err != nil {
				t.Fatalf("publish %d after reconnect %d: %v", k, i, err)
			}
		}
	}
}

func TestALateStatusEventFailsNothingInFlight(t *testing.T) {
	env := natstest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				env.Publisher.HearOfALoss()
			}
		})
	}
	for i := range 500 {
		if _, err := env.Publisher.Publish(t.Context(), webhook(fmt.Sprint("late-", i), "x")); err != nil {
			t.Errorf("publish %d: %v", i, err)
			break
		}
	}
	cancel()
	wg.Wait()
}

func TestWhatPublishSaysOfAMessage(t *testing.T) {
	env := natstest.StartDurable(t)
	large := webhook("large", strings.Repeat("x", 3<<20))
	bad := webhook("bad", "x")
	bad.Subject = "white space"
	homeless := webhook("homeless", "x")
	homeless.Subject = "nobody.takes.this"
	expecting := webhook("expecting", "x")
	expecting.Header.Set("Nats-Expected-Last-Sequence", "4711")
	for name, tc := range map[string]struct {
		late bool // the caller's time is over
		msg  *natsgo.Msg
		want error
	}{
		"a good one is stored":                      {false, webhook("good", "x"), nil},
		"its repeat is a duplicate":                 {false, webhook("good", "x"), nil},
		"one too large is refused":                  {false, large, nats.ErrRefused},
		"a subject that is none is refused":         {false, bad, nats.ErrRefused},
		"where no stream listens is unavailable":    {false, homeless, nats.ErrUnavailable},
		"what the stream answers 400 to is refused": {false, expecting, nats.ErrRefused},
		"a caller out of time is told so":           {true, webhook("late", "x"), context.Canceled},
		"and that it may be tried again":            {true, webhook("late", "x"), nats.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.late {
				cancel()
			}
			ack, err := env.Publisher.Publish(ctx, tc.msg)
			if !errors.Is(err, tc.want) {
				t.Errorf("publish gave %v, want %v", err, tc.want)
			}
			if err == nil && (ack.Stream != nats.StreamWebhooks || ack.Sequence == 0) {
				t.Errorf("ack %+v", ack)
			}
		})
	}
}

func TestPublishKeepsNothingOfTheMessage(t *testing.T) {
	env := natstest.Start(t)
	msg := webhook("mine", strings.Repeat("a", 1000))
	for i := range 200 {
		msg.Header.Set("Nats-Msg-Id", fmt.Sprint("mine-", i))
		ack, err := env.Publisher.Publish(t.Context(), msg)
		if err != nil {
			t.Fatal(err)
		}
		copy(msg.Data, strings.Repeat(string(rune('a'+i%26)), 1000)) // what a pooled buffer does
		stream, err := env.Conn.JS.Stream(t.Context(), ack.Stream)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := stream.GetMsg(t.Context(), ack.Sequence)
		if err != nil {
			t.Fatal(err)
		}
		if want := string(rune('a' + max(i-1, 0)%26)); string(raw.Data) != strings.Repeat(want, 1000) {
			t.Fatalf("message %d holds %.5q…, want %q", i, raw.Data, want)
		}
	}
}

func TestPublishAllAnswersByIndex(t *testing.T) {
	env := natstest.StartDurable(t)
	homeless := webhook("homeless", "x")
	homeless.Subject = "nobody.takes.this"
	acks, errs := env.Publisher.PublishAll(t.Context(), []*natsgo.Msg{
		webhook("a", "x"), homeless, webhook("b", "x"), webhook("a", "x"), webhook("c", strings.Repeat("x", 3<<20)),
	})
	for i, want := range []error{nil, nats.ErrUnavailable, nil, nil, nats.ErrRefused} {
		if !errors.Is(errs[i], want) {
			t.Errorf("message %d gave %v, want %v", i, errs[i], want)
		}
	}
	if acks[0].Sequence+1 != acks[2].Sequence || acks[3].Sequence != acks[0].Sequence || !acks[3].Duplicate {
		t.Errorf("acks %+v: want a, b in their order and a again as duplicate", acks)
	}
}

// TestABatchOverABreakingConnectionIsStoredUpToTheBreak: what comes after must
// not overtake what was lost and is published again.
func TestABatchOverABreakingConnectionIsStoredUpToTheBreak(t *testing.T) {
	env := natstest.Start(t)
	stream, err := env.Conn.JS.Stream(t.Context(), nats.StreamWebhooks)
	if err != nil {
		t.Fatal(err)
	}
	const size = 2_000
	for round := range 30 {
		if err := stream.Purge(t.Context()); err != nil { // or each round would read all before it
			t.Fatal(err)
		}
		msgs := make([]*natsgo.Msg, size)
		for i := range msgs {
			msgs[i] = webhook(fmt.Sprintf("r%d-%04d", round, i), "x")
		}
		var breaking sync.WaitGroup
		breaking.Go(func() { _ = env.Conn.ForceReconnect() })
		_, errs := env.Publisher.PublishAll(t.Context(), msgs)
		breaking.Wait()
		natstest.Wait(t, "the connection", env.Conn.IsConnected)
		stored := storedIDs(t, env)
		gap := -1
		for i := range msgs {
			switch is := stored[fmt.Sprintf("r%d-%04d", round, i)]; {
			case is && gap >= 0:
				t.Fatalf("round %d: message %d is stored, %d before it is not", round, i, gap)
			case !is && errs[i] == nil:
				t.Fatalf("round %d: message %d is said to be stored and is not", round, i)
			case !is && gap < 0:
				gap = i
			}
		}
	}
}

// TestNoConnectionBeginsWhileAMessageIsHandedOver: it would go over the new one,
// past those before it that were lost with the old one.
func TestNoConnectionBeginsWhileAMessageIsHandedOver(t *testing.T) {
	env := natstest.Start(t)
	dial := func() error {
		conn, err := env.Conn.Dial("tcp", strings.TrimPrefix(env.URL(), "nats://"))
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	done := env.Conn.HandOver()
	if dial() == nil {
		t.Error("a connection began while a message was handed over")
	}
	done()
	if err := dial(); err != nil {
		t.Errorf("no connection begins afterwards: %v", err)
	}
}

func TestCloseWaitsForWhatIsInFlight(t *testing.T) {
	t.Parallel()
	for round := range 10 {
		env := natstest.StartDurable(t)
		publisher, err := nats.NewPublisher(env.Conn)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		begun := make(chan struct{}, 200)
		for i := range 200 {
			wg.Go(func() {
				ctx := t.Context()
				if i%3 == 0 { // callers that give up meanwhile must not be waited for
					short, cancel := context.WithTimeout(ctx, time.Duration(i)*10*time.Microsecond)
					defer cancel()
					ctx = short
				}
				begun <- struct{}{}
				_, err := publisher.Publish(ctx, webhook(fmt.Sprint(round, "-", i), "x"))
				if err != nil && !errors.Is(err, nats.ErrUnavailable) {
					t.Errorf("publish at close: %v", err)
				}
			})
		}
		for range 100 {
			<-begun
		}
		publisher.Close()
		wg.Wait()
		if _, err := publisher.Publish(t.Context(), webhook("late", "x")); !errors.Is(err, nats.ErrUnavailable) {
			t.Errorf("publish after close gave %v", err)
		}
		publisher.Close()
	}
}

// TestPublishAnswersOnlyWhatIsStored is what the build tag broken_ack_before_store must fail.
func TestPublishAnswersOnlyWhatIsStored(t *testing.T) {
	env := natstest.StartDurable(t)
	homeless := webhook("homeless", "x")
	homeless.Subject = "nobody.takes.this"
	if ack, err := env.Publisher.Publish(t.Context(), homeless); err == nil {
		t.Errorf("a message that no stream took was acknowledged: %+v", ack)
	}
	if err := env.Conn.JS.DeleteStream(t.Context(), nats.StreamWebhooks); err != nil {
		t.Fatal(err)
	}
	if ack, err := env.Publisher.Publish(t.Context(), webhook("gone", "x")); !errors.Is(err, nats.ErrUnavailable) {
		t.Errorf("publish to a deleted stream gave %+v, %v", ack, err)
	}
}

func TestAcknowledgementsAreReadTheFastWay(t *testing.T) {
	for name, tc := range map[string]struct {
		data string
		want nats.Ack
		ok   bool
	}{
		"stored":               {`{"stream":"WEBHOOKS","seq":17}`, nats.Ack{Stream: "WEBHOOKS", Sequence: 17}, true},
		"duplicate":            {`{"stream":"A","seq":1,"duplicate": true}`, nats.Ack{Stream: "A", Sequence: 1, Duplicate: true}, true},
		"of a domain":          {`{"stream":"A", "domain":"d","seq":1}`, nats.Ack{}, false},
		"an error":             {`{"error":{"code":503},"stream":"A","seq":0}`, nats.Ack{}, false},
		"no sequence":          {`{"stream":"A","seq":}`, nats.Ack{}, false},
		"too large a sequence": {`{"stream":"A","seq":99999999999999999999}`, nats.Ack{}, false},
		"more than known":      {`{"stream":"A","seq":1,"val":"5"}`, nats.Ack{}, false},
		"nothing":              {``, nats.Ack{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := nats.PlainAck([]byte(tc.data))
			if ok != tc.ok || ok && got != tc.want {
				t.Errorf("plainAck(%s) = %+v, %t", tc.data, got, ok)
			}
		})
	}
	env := natstest.Start(t) // and the pinned server answers so
	for range 2 {
		raw, err := env.Conn.RequestMsg(webhook("raw", "x"), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := nats.PlainAck(raw.Data); !ok {
			t.Errorf("the server's %s is not read the fast way", raw.Data)
		}
	}
}

func countStored(t *testing.T, env *natstest.Env) int {
	t.Helper()
	stream, err := env.Conn.JS.Stream(t.Context(), nats.StreamWebhooks)
	if err != nil {
		t.Fatal(err)
	}
	return int(stream.CachedInfo().State.Msgs)
}

// storedIDs is the event ids in WEBHOOKS; an id that is there twice fails the test.
func storedIDs(t *testing.T, env *natstest.Env) map[string]bool {
	t.Helper()
	return storedIDsOver(t, env.Conn)
}

func storedIDsOver(t *testing.T, conn *nats.Conn) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	err := nats.Read(t.Context(), conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks}, func(m *nats.Message) error {
		id := m.Header.Get("ce-id")
		if ids[id] {
			t.Errorf("%s is stored twice", id)
		}
		ids[id] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
