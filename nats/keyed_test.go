package nats_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// laneSpec is a lane whose clients and messages are given up quickly.
func laneSpec(ackWait time.Duration) nats.ConsumerSpec {
	for _, s := range nats.Consumers {
		if s.Config.Durable == nats.LaneConsumer(7) {
			s.Config.AckWait = ackWait
			return s
		}
	}
	panic("no lane 7")
}

// notice is a message of lane 7 for a chat.
func notice(chat string, n int) *natsgo.Msg {
	msg := natsgo.NewMsg("bot.notice.acme.notice.07")
	msg.Data = []byte(fmt.Sprintf("%s/%d", chat, n))
	msg.Header.Set("chat", chat)
	msg.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%s-%d", chat, n))
	return msg
}

func notify(t *testing.T, env *natstest.Env, chat string, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if _, err := env.Publisher.Publish(t.Context(), notice(chat, n)); err != nil {
			t.Fatal(err)
		}
	}
}

func chatOf(m *nats.Message) string { return m.Header.Get("chat") }

// told is what was handled to the end, per chat.
type told struct {
	mu    sync.Mutex
	chats map[string][]string
}

func (s *told) add(m *nats.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats == nil {
		s.chats = map[string][]string{}
	}
	s.chats[chatOf(m)] = append(s.chats[chatOf(m)], string(m.Data))
}

func (s *told) of(chat string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.chats[chat])
}

func numbered(chat string, n int) []string {
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("%s/%d", chat, i))
	}
	return want
}

func consumeLane(t *testing.T, env *natstest.Env, conn *nats.Conn, s nats.ConsumerSpec, handle nats.KeyedHandler) (stop func()) {
	t.Helper()
	return run(t, nats.NewKeyedConsumer(conn, env.Publisher, nats.ConsumeConfig{Spec: s, Metrics: env.Metrics}, chatOf, handle))
}

func TestAKeyKeepsItsOrderWhileOthersGoOn(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var done told
	var mu sync.Mutex
	attempts := map[string][]int{}
	ahead := make(chan struct{}) // closed when the quick chat is done
	consumeLane(t, env, env.Conn, laneSpec(500*time.Millisecond), func(_ context.Context, m *nats.Message, attempt int) error {
		mu.Lock()
		attempts[string(m.Data)] = append(attempts[string(m.Data)], attempt)
		mu.Unlock()
		switch {
		case string(m.Data) == "slow/1" && attempt < 3:
			return nats.RetryAfter(700*time.Millisecond, errHandler)
		case string(m.Data) == "slow/2" && attempt < 2:
			return errHandler // a second
		case string(m.Data) == "slow/1":
			<-ahead
		case string(m.Data) == "slow/3":
			return nats.Permanent(errHandler)
		case string(m.Data) == "slow/4":
			panic("on purpose")
		}
		done.add(m)
		return nil
	})
	notify(t, env, "slow", 0, 1, 2, 3, 4, 5)
	notify(t, env, "quick", 0, 1, 2, 3, 4, 5)
	// Would it wait for the slow one, both would wait for ever.
	natstest.Wait(t, "the quick chat", func() bool { return len(done.of("quick")) == 6 })
	close(ahead)
	natstest.Wait(t, "the slow chat", func() bool { return slices.Contains(done.of("slow"), "slow/5") })
	if got := done.of("slow"); !slices.Equal(got, []string{"slow/0", "slow/1", "slow/2", "slow/5"}) {
		t.Errorf("slow chat: %q", got)
	}
	if got := done.of("quick"); !slices.Equal(got, numbered("quick", 6)) {
		t.Errorf("quick chat: %q", got)
	}
	if got := attempts["slow/1"]; !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("attempts of slow/1: %v", got)
	}
	idle(t, env, laneSpec(0))
	if letters, err := nats.DeadLetters(t.Context(), env.Conn.JS, "", 0, 10); err != nil || len(letters) != 2 {
		t.Errorf("dead letters %+v, %v, want the permanent one and the panic", letters, err)
	}
}

func TestAHeldNoticeCountsNoAttemptAndIsNotHandledTwice(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var mu sync.Mutex
	tries, active := 0, 0
	var done told
	const ackWait = 2 * time.Second
	consumeLane(t, env, env.Conn, laneSpec(ackWait), func(_ context.Context, m *nats.Message, attempt int) error {
		mu.Lock()
		tries++
		active++
		if active > 1 || attempt != 1 || m.Delivered != 1 {
			t.Errorf("%d at once, attempt %d, delivery %d", active, attempt, m.Delivered)
		}
		again := tries < 3
		mu.Unlock()
		pass(t, 2*ackWait)
		mu.Lock()
		active--
		mu.Unlock()
		if again {
			return nats.Hold(errHandler)
		}
		done.add(m)
		return nil
	})
	notify(t, env, "a", 0)
	natstest.Wait(t, "the notice", func() bool { return len(done.of("a")) == 1 })
	idle(t, env, laneSpec(0))
}

func TestARedeliveryWhileInHandIsNotHandledTwice(t *testing.T) {
	env := natstest.Start(t)
	begun, finish := make(chan struct{}, 10), make(chan struct{})
	var done told
	consumeLane(t, env, env.Conn, laneSpec(5*time.Second), func(_ context.Context, m *nats.Message, _ int) error {
		begun <- struct{}{}
		<-finish
		done.add(m)
		return nil
	})
	notify(t, env, "a", 0, 1)
	<-begun
	// Another client's stray answer makes the server deliver both again.
	stray, err := env.Conn.JS.Consumer(t.Context(), nats.StreamNotices, nats.LaneConsumer(7))
	if err != nil {
		t.Fatal(err)
	}
	i := stray.CachedInfo()
	for seq := uint64(1); seq <= 2; seq++ {
		reply := fmt.Sprintf("$JS.ACK.%s.%s.1.%d.%d.%d.0", nats.StreamNotices, i.Name, seq, seq, i.Created.UnixNano())
		if err := env.Conn.Publish(reply, []byte("-NAK")); err != nil {
			t.Fatal(err)
		}
	}
	natstest.Wait(t, "the redelivery", func() bool { return info(t, env, laneSpec(0)).Delivered.Consumer >= 4 })
	close(finish)
	idle(t, env, laneSpec(0))
	if got := done.of("a"); !slices.Equal(got, numbered("a", 2)) {
		t.Errorf("handled %q", got)
	}
}

func TestALaneHasOneActiveClientAndAnotherTakesOver(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	s := laneSpec(2 * time.Second)
	var mu sync.Mutex
	by := map[string]int{}
	var done told
	handler := func(who string) nats.KeyedHandler {
		return func(_ context.Context, m *nats.Message, _ int) error {
			mu.Lock()
			by[who]++
			mu.Unlock()
			done.add(m)
			return nil
		}
	}
	one, two := env.Connect("one"), env.Connect("two")
	stopOne := consumeLane(t, env, one, s, handler("one"))
	stopTwo := consumeLane(t, env, two, s, handler("two"))
	for i := range 20 {
		notify(t, env, "a", i)
	}
	natstest.Wait(t, "twenty", func() bool { return len(done.of("a")) == 20 })
	idle(t, env, s)
	mu.Lock()
	active, stop, kill := "one", stopTwo, one
	if by["two"] > 0 {
		active, stop, kill = "two", stopOne, two
	}
	if by["one"] > 0 && by["two"] > 0 {
		t.Errorf("both clients were active: %v", by)
	}
	mu.Unlock()
	_ = stop
	kill.Conn.Close() // as a crash does: no word to the server
	began := time.Now()
	notify(t, env, "a", 20, 21)
	natstest.Wait(t, "the other client", func() bool { return len(done.of("a")) == 22 })
	if took := time.Since(began); took > s.Config.PinnedTTL+3*time.Second {
		t.Errorf("%s was killed, the other took over after %s, want within PinnedTTL %s", active, took, s.Config.PinnedTTL)
	}
	if got := done.of("a"); !slices.Equal(got, numbered("a", 22)) {
		t.Errorf("order %q", got)
	}
}

// TestOrderOutlivesACrash: the dead client's messages come again only when their
// AckWait is over; newer ones of the same chat must wait for them.
func TestOrderOutlivesACrash(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	s := laneSpec(3 * time.Second)
	s.Config.PinnedTTL = time.Second
	crashing := env.Connect("crashing")
	var done told
	stuck := make(chan struct{})
	hold := make(chan struct{})
	stop := consumeLane(t, env, crashing, s, func(_ context.Context, m *nats.Message, _ int) error {
		if string(m.Data) == "a/2" {
			close(stuck)
			<-hold
			return errHandler
		}
		done.add(m)
		return nil
	})
	notify(t, env, "a", 0, 1, 2, 3)
	<-stuck
	crashing.Conn.Close()
	notify(t, env, "a", 4, 5)
	consumeLane(t, env, env.Conn, s, func(_ context.Context, m *nats.Message, _ int) error {
		done.add(m)
		return nil
	})
	natstest.Wait(t, "all", func() bool { return len(done.of("a")) >= 6 })
	close(hold)
	stop()
	if got := done.of("a"); !slices.Equal(got, numbered("a", 6)) {
		t.Errorf("order %q", got)
	}
}

func TestAStoppedLaneIsGivenBackInOrder(t *testing.T) {
	env := natstest.Start(t)
	s := laneSpec(20 * time.Second)
	begun, finish := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) }) // a second message may be begun before the stop is
	var done told
	stop := consumeLane(t, env, env.Conn, s, func(_ context.Context, m *nats.Message, _ int) error {
		begin()
		<-finish
		done.add(m)
		return nil
	})
	for i := range 30 {
		notify(t, env, "a", i)
	}
	<-begun
	natstest.Wait(t, "all to be in memory", func() bool { return info(t, env, s).NumAckPending == 30 })
	go close(finish)
	stop()
	began := time.Now()
	consumeLane(t, env, env.Connect("next"), s, func(_ context.Context, m *nats.Message, _ int) error {
		done.add(m)
		return nil
	})
	natstest.Wait(t, "the rest", func() bool { return len(done.of("a")) >= 30 })
	t.Logf("the rest took %s", time.Since(began))
	if got := done.of("a"); !slices.Equal(got, numbered("a", 30)) {
		t.Errorf("order %q", got)
	}
}

func TestLaneSevenIsALane(t *testing.T) {
	for chat := int64(1); ; chat++ {
		if events.Lane(chat) == 7 {
			if got := events.NoticeSubject("acme", events.PriorityNormal, chat); got != "bot.notice.acme.notice.07" {
				t.Errorf("lane 7 is at %s", got)
			}
			return
		}
	}
}
