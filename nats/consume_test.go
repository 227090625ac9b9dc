package nats_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

var errHandler = errors.New("handler says no")

// seen collects deliveries.
type seen struct {
	mu       sync.Mutex
	messages []*nats.Message
	at       []time.Time
	batches  []int
}

func (s *seen) add(batch []*nats.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range batch {
		s.messages, s.at = append(s.messages, m), append(s.at, time.Now())
	}
	s.batches = append(s.batches, len(batch))
}

func (s *seen) count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.messages) }

func (s *seen) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, len(s.messages))
	for i, m := range s.messages {
		ids[i] = m.Header.Get("ce-id")
	}
	return ids
}

func (s *seen) largest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Max(append(s.batches, 0))
}

// spec is the consumer of the test's webhooks, with a short AckWait.
func spec(ackWait time.Duration) nats.ConsumerSpec {
	s := nats.HookConsumer("acme", "stripe")
	s.Config.AckWait = ackWait
	return s
}

// consume runs a consumer until stop, which waits for it, or the test's end.
func consume(t *testing.T, env *natstest.Env, cfg nats.ConsumeConfig, handle nats.Handler) (stop func()) {
	t.Helper()
	return consumeOn(t, env, env.Conn, cfg, handle)
}

func consumeOn(t *testing.T, env *natstest.Env, conn *nats.Conn, cfg nats.ConsumeConfig, handle nats.Handler) (stop func()) {
	t.Helper()
	cfg.Metrics = env.Metrics
	if cfg.Spec.Stream == "" {
		cfg.Spec = spec(2 * time.Second)
	}
	return run(t, nats.NewConsumer(conn, env.Publisher, cfg, handle))
}

func run(t *testing.T, c interface{ Run(context.Context) error }) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("consumer does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

func publish(t *testing.T, env *natstest.Env, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := env.Publisher.Publish(t.Context(), webhook(id, "body of "+id)); err != nil {
			t.Fatal(err)
		}
	}
}

func info(t *testing.T, env *natstest.Env, s nats.ConsumerSpec) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := env.Conn.JS.Consumer(t.Context(), s.Stream, s.Config.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) { // not made yet
		return &jetstream.ConsumerInfo{NumAckPending: -1}
	}
	if err != nil {
		t.Fatal(err)
	}
	return consumer.CachedInfo()
}

func idle(t *testing.T, env *natstest.Env, s nats.ConsumerSpec) {
	t.Helper()
	stream, err := env.Conn.JS.Stream(t.Context(), s.Stream)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Wait(t, "all to be answered", func() bool {
		// The server counts what is pending a moment after it has acknowledged a
		// message to its publisher: the last one must have been answered, too.
		last := uint64(0)
		for _, subject := range s.Config.FilterSubjects { // the spec's: the consumer may not be made yet
			if raw, err := stream.GetLastMsgForSubject(t.Context(), subject); err == nil {
				last = max(last, raw.Sequence)
			}
		}
		i := info(t, env, s)
		return i.NumAckPending == 0 && i.NumPending == 0 && i.AckFloor.Stream >= last
	})
}

// buried waits until a tenant has so many dead letters.
func buried(t *testing.T, env *natstest.Env, tenant string, n int) {
	t.Helper()
	natstest.Wait(t, "dead letters", func() bool {
		letters, err := nats.DeadLetters(t.Context(), env.Conn.JS, tenant, 0, n+1)
		return err == nil && len(letters) == n
	})
}

func TestWhatIsHandledIsAnsweredOnce(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var got seen
	const ackWait = 2 * time.Second // far above what a busy machine needs to answer
	consume(t, env, nats.ConsumeConfig{Spec: spec(ackWait)}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		return nil
	})
	publish(t, env, "a", "b", "c")
	natstest.Wait(t, "three messages", func() bool { return got.count() >= 3 })
	idle(t, env, spec(0))
	pass(t, 2*ackWait) // nothing comes again
	if ids := got.ids(); !slices.Equal(ids, []string{"a", "b", "c"}) {
		t.Errorf("handled %q", ids)
	}
	m := got.messages[0]
	if m.Delivered != 1 || m.Stream != nats.StreamWebhooks || m.Consumer != "hook-acme--stripe" || m.Tenant() != "acme" ||
		string(m.Data) != "body of a" || m.Sequence == 0 || time.Since(m.Stored) > time.Minute || m.Scheduled() {
		t.Errorf("message %+v", m)
	}
}

func TestAPermanentErrorBecomesADeadLetter(t *testing.T) {
	env := natstest.Start(t)
	var got seen
	consume(t, env, nats.ConsumeConfig{}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		errs := make([]error, len(batch))
		for i, m := range batch {
			if m.Header.Get("ce-id") != "good" {
				errs[i] = nats.Permanent(fmt.Errorf("no such payer:\n%w", errHandler))
			}
		}
		return errs
	})
	publish(t, env, "bad", "good", "worse")
	idle(t, env, spec(0))
	buried(t, env, "acme", 2)
	letters, err := nats.DeadLetters(t.Context(), env.Conn.JS, "acme", 0, 10)
	if err != nil || len(letters) != 2 {
		t.Fatalf("dead letters %+v, %v, want two", letters, err)
	}
	d := letters[0]
	if d.EventID != "bad" || d.Error != "no such payer: handler says no" || d.Deliveries != 1 || d.Tenant != "acme" ||
		d.Consumer != "hook-acme--stripe" || d.Stream != nats.StreamWebhooks || d.Subject != "integration.webhook.acme.stripe.payment" ||
		string(d.Data()) != "body of bad" || d.Origin != got.messages[0].Sequence {
		t.Errorf("dead letter %+v", d)
	}
	if got.count() != 3 {
		t.Errorf("handled %q, want each once", got.ids())
	}
}

func TestRetryAfterBringsTheMessageBackThen(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var got seen
	const wait = 1500 * time.Millisecond
	consume(t, env, nats.ConsumeConfig{Spec: spec(500 * time.Millisecond)}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		if batch[0].Delivered == 1 {
			return []error{nats.RetryAfter(wait, errHandler)}
		}
		return nil
	})
	publish(t, env, "a")
	natstest.Wait(t, "the second delivery", func() bool { return got.count() >= 2 })
	if after := got.at[1].Sub(got.at[0]); after < wait || after > wait+10*time.Second { // by itself it would take two minutes
		t.Errorf("came back after %s, want %s", after, wait)
	}
	idle(t, env, spec(0))
}

func TestHoldKeepsTheBatchUntilTheDependencyIsBack(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var got seen
	var mu sync.Mutex
	away := true
	const ackWait = 2 * time.Second
	consume(t, env, nats.ConsumeConfig{Spec: spec(ackWait)}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		mu.Lock()
		defer mu.Unlock()
		errs := make([]error, len(batch))
		for i := range batch {
			if away {
				errs[i] = nats.Hold(errHandler)
			}
		}
		return errs
	})
	publish(t, env, "a")
	natstest.Wait(t, "several tries", func() bool { return got.count() >= 4 }) // 0.1 + 0.2 + 0.4 s …
	pass(t, 2*ackWait)
	mu.Lock()
	away = false
	mu.Unlock()
	idle(t, env, spec(0))
	for i, m := range got.messages {
		if m != got.messages[0] || m.Delivered != 1 {
			t.Errorf("try %d had %s, delivery %d: want the same one, delivered once", i, m.Header.Get("ce-id"), m.Delivered)
		}
	}
}

func TestAPanicFailsOnlyItsMessage(t *testing.T) {
	env := natstest.Start(t)
	publish(t, env, "a", "b", "panics", "c")
	var got seen
	consume(t, env, nats.ConsumeConfig{}, func(_ context.Context, batch []*nats.Message) []error {
		for _, m := range batch {
			if m.Header.Get("ce-id") == "panics" {
				panic("on purpose")
			}
		}
		got.add(batch)
		return nil
	})
	natstest.Wait(t, "the others", func() bool { return got.count() >= 3 })
	natstest.Wait(t, "the culprit to be parked", func() bool {
		i := info(t, env, spec(0))
		return i.NumAckPending == 1 && i.NumPending == 0
	})
	if ids := got.ids(); !slices.Equal(ids, []string{"a", "b", "c"}) {
		t.Errorf("handled %q", ids)
	}
}

func TestAHandlerThatMiscountsFailsItsBatchOnly(t *testing.T) {
	env := natstest.Start(t)
	var got seen
	consume(t, env, nats.ConsumeConfig{}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		return []error{nil, nil, nil, nil, nil}
	})
	publish(t, env, "a")
	natstest.Wait(t, "a to be parked", func() bool { return got.count() == 1 && info(t, env, spec(0)).NumAckPending == 1 })
}

func TestBatchesGrowUnderABacklog(t *testing.T) {
	env := natstest.Start(t)
	var got seen
	for i := range 600 {
		publish(t, env, fmt.Sprint(i))
	}
	consume(t, env, nats.ConsumeConfig{Batch: 128}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		if len(batch) > 128 {
			t.Errorf("a batch of %d", len(batch))
		}
		return nil
	})
	natstest.Wait(t, "the backlog", func() bool { return got.count() >= 600 })
	idle(t, env, spec(0))
	if got.count() != 600 || got.largest() < 32 {
		t.Errorf("handled %d in batches of up to %d", got.count(), got.largest())
	}
}

func TestAStopFinishesWhatIsInHandAndGivesTheRestBack(t *testing.T) {
	env := natstest.Start(t)
	for i := range 40 {
		publish(t, env, fmt.Sprint(i))
	}
	begun, finish := make(chan struct{}), make(chan struct{})
	var first, second seen
	stop := consume(t, env, nats.ConsumeConfig{Spec: spec(20 * time.Second), Batch: 10}, func(_ context.Context, batch []*nats.Message) []error {
		first.add(batch)
		close(begun)
		<-finish
		return nil
	})
	<-begun
	natstest.Wait(t, "a prefetch", func() bool { return info(t, env, spec(0)).NumAckPending > first.count() })
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	other := env.Connect("other")
	natstest.Wait(t, "the stop to take back its request", func() bool { return info(t, env, spec(0)).NumWaiting == 0 })
	began := time.Now()
	consumeOn(t, env, other, nats.ConsumeConfig{Spec: spec(20 * time.Second)}, func(_ context.Context, batch []*nats.Message) []error {
		second.add(batch)
		return nil
	})
	close(finish)
	<-stopped
	natstest.Wait(t, "the rest elsewhere", func() bool { return first.count()+second.count() >= 40 })
	if took := time.Since(began); took > 10*time.Second { // half the AckWait, which they would wait for if not given back
		t.Errorf("the rest came to the other consumer after %s", took)
	}
	idle(t, env, spec(0))
	if first.count()+second.count() != 40 {
		t.Errorf("handled %d and %d, want 40 together", first.count(), second.count())
	}
}

func TestAConsumerThatIsDeletedIsMadeAgainAndGoesOn(t *testing.T) {
	env := natstest.Start(t)
	var got seen
	consume(t, env, nats.ConsumeConfig{Watch: 50 * time.Millisecond}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		return nil
	})
	publish(t, env, "a", "b", "c")
	natstest.Wait(t, "three messages", func() bool { return got.count() >= 3 })
	idle(t, env, spec(0))
	pass(t, 300*time.Millisecond) // the watchdog looks and remembers how far it was
	if err := env.Conn.JS.DeleteConsumer(t.Context(), nats.StreamWebhooks, "hook-acme--stripe"); err != nil {
		t.Fatal(err)
	}
	publish(t, env, "d")
	natstest.Wait(t, "the fourth", func() bool { return slices.Contains(got.ids(), "d") })
	if ids := got.ids(); !slices.Equal(ids, []string{"a", "b", "c", "d"}) {
		t.Errorf("handled %q, want nothing again", ids)
	}
}

func TestASlowHandlersMessagesAreNotDeliveredAgain(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	for i := range 10 {
		publish(t, env, fmt.Sprint(i))
	}
	var got seen
	const ackWait = 2 * time.Second
	consume(t, env, nats.ConsumeConfig{Spec: spec(ackWait), Batch: 5}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		pass(t, 2*ackWait)
		return nil
	})
	natstest.Wait(t, "all", func() bool { return got.count() >= 10 })
	idle(t, env, spec(0))
	for _, m := range got.messages {
		if m.Delivered != 1 {
			t.Errorf("%s came %d times", m.Header.Get("ce-id"), m.Delivered)
		}
	}
}

func TestRetriesPastTheSlotsWaitAsSchedules(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var again seen
	const wait = 2 * time.Second
	consume(t, env, nats.ConsumeConfig{ParkSlots: 3}, func(_ context.Context, batch []*nats.Message) []error {
		errs := make([]error, len(batch))
		for i, m := range batch {
			if m.Delivered == 1 && !m.Scheduled() {
				errs[i] = nats.RetryAfter(wait, errHandler)
				continue
			}
			again.add(batch[i : i+1])
		}
		return errs
	})
	began := time.Now()
	for i := range 10 {
		publish(t, env, fmt.Sprint(i))
	}
	natstest.Wait(t, "slots to be free again", func() bool {
		i := info(t, env, spec(0))
		return i.NumAckPending == 3 && i.NumPending == 0
	})
	natstest.Wait(t, "all to come back", func() bool { return again.count() >= 10 })
	scheduled := 0
	for i, m := range again.messages {
		if m.Scheduled() {
			scheduled++
		}
		id := m.Header.Get("ce-id")
		if m.Subject != "integration.webhook.acme.stripe.payment" || m.Header.Get("ce-tenant") != "acme" || string(m.Data) != "body of "+id {
			t.Errorf("came back as %s %v %q", m.Subject, m.Header, m.Data)
		}
		if after := again.at[i].Sub(began); after < wait {
			t.Errorf("%s came back after %s, want %s", id, after, wait)
		}
	}
	if scheduled != 7 {
		t.Errorf("%d came back as schedules, want 7 of 10", scheduled)
	}
	idle(t, env, spec(0))
}

func TestOneConsumersOutageIsNobodyElses(t *testing.T) {
	env := natstest.Start(t)
	var quiet seen
	consume(t, env, nats.ConsumeConfig{}, func(_ context.Context, batch []*nats.Message) []error {
		errs := make([]error, len(batch))
		for i := range errs {
			errs[i] = nats.Hold(errHandler)
		}
		return errs
	})
	consume(t, env, nats.ConsumeConfig{Spec: nats.HookConsumer("other", "stripe")}, func(_ context.Context, batch []*nats.Message) []error {
		quiet.add(batch)
		return nil
	})
	for i := range 300 {
		publish(t, env, fmt.Sprint(i))
	}
	began := time.Now()
	for i := range 20 {
		msg := event("integration.webhook.other.stripe.x", "other", "stripe", fmt.Sprint(i), "x")
		if _, err := env.Publisher.Publish(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	natstest.Wait(t, "the other tenant's", func() bool { return quiet.count() >= 20 })
	if took := time.Since(began); took > 10*time.Second { // the outage lasts as long as the test
		t.Errorf("took %s", took)
	}
}

func TestAConsumerOutlivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	var got seen
	consume(t, env, nats.ConsumeConfig{}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		return nil
	})
	publish(t, env, "a")
	natstest.Wait(t, "the first", func() bool { return got.count() >= 1 })
	env.Restart()
	publish(t, env, "b")
	began := time.Now()
	natstest.Wait(t, "the second", func() bool { return slices.Contains(got.ids(), "b") })
	if took := time.Since(began); took > 10*time.Second { // a pull may have to expire first, which takes 5 s
		t.Errorf("went on after %s", took)
	}
}

func TestTheWatchdogEndsASilentSession(t *testing.T) {
	for name, tc := range map[string]struct {
		pending       uint64
		ackPending    int
		waiting, came int
		paused        bool
		pinned, pin   string
		want          bool
	}{
		"messages and none delivered":            {pending: 5, want: true},
		"nothing to deliver":                     {},
		"something came meanwhile":               {pending: 5, came: 1},
		"the inbox is not empty":                 {pending: 5, waiting: 1},
		"all slots are taken":                    {pending: 5, ackPending: 100},
		"paused by an operator":                  {pending: 5, paused: true},
		"another replica has the lane":           {pending: 5, pinned: "them", pin: "us"},
		"another replica has it, this one never": {pending: 5, pinned: "them"},
		"the lane is ours":                       {pending: 5, pinned: "us", pin: "us", want: true},
	} {
		t.Run(name, func(t *testing.T) {
			var dog nats.Watchdog
			i := &jetstream.ConsumerInfo{NumPending: tc.pending, NumAckPending: tc.ackPending, Paused: tc.paused}
			i.Config.MaxAckPending = 100
			if tc.pinned != "" {
				i.PriorityGroups = []jetstream.PriorityGroupState{{Group: "lane", PinnedClientID: tc.pinned}}
			}
			first, second := dog.Barks(i, tc.came, tc.waiting, tc.pin), dog.Barks(i, 2*tc.came, tc.waiting, tc.pin)
			if first || second != tc.want {
				t.Errorf("barks at the first look %t, at the second %t, want %t", first, second, tc.want)
			}
		})
	}
}

func TestAPausedConsumerIsLeftAloneAndGoesOn(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	var got seen
	consume(t, env, nats.ConsumeConfig{Watch: 50 * time.Millisecond}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		return nil
	})
	publish(t, env, "a")
	idle(t, env, spec(0))
	if _, err := env.Conn.JS.PauseConsumer(t.Context(), nats.StreamWebhooks, "hook-acme--stripe", time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	publish(t, env, "b")
	natstest.Wait(t, "b after the pause", func() bool { return slices.Contains(got.ids(), "b") })
	if n := counter(t, env, "ukbot_consumer_stuck_total"); n != 0 {
		t.Errorf("the watchdog barked %v times at a paused consumer", n)
	}
}

func TestParkingCountsTheServersSlotsAndItsOwn(t *testing.T) {
	var p nats.Parking
	for i := range 4 {
		if got := p.Take(3); got != (i < 3) {
			t.Errorf("take %d of 3 gave %t", i+1, got)
		}
	}
	p.Sample(1)
	for i := range 3 {
		if got := p.Take(3); got != (i < 2) {
			t.Errorf("with one slot taken at the server, take %d of 3 gave %t", i+1, got)
		}
	}
	p.Sample(-5) // more in hand than the server counts: none parked
	if !p.Take(1) || p.Take(1) {
		t.Error("a negative sample must count as none")
	}
}

// pass lets time pass in which nothing must happen.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

// counter is the sum of a metric over its labels.
func counter(t *testing.T, env *natstest.Env, name string) (sum float64) {
	t.Helper()
	families, err := env.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}
