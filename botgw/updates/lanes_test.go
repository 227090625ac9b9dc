package updates

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// messages are raw updates in the form that a poll gives.
func messages(raws [][]byte) (all []json.RawMessage) {
	for _, raw := range raws {
		all = append(all, raw)
	}
	return all
}

// TestAStuckHandlerStallsOnlyItsChat: it is cut off by its deadline, tried again,
// given up, and its chat goes on; meanwhile all others do.
func TestAStuckHandlerStallsOnlyItsChat(t *testing.T) {
	d := newDesk(t)
	var mu sync.Mutex
	var cut int
	var lost []string
	released := make(chan struct{})
	b := d.lanes(func(cfg *LanesConfig) {
		cfg.Deadline, cfg.Attempts = 300*time.Millisecond, 2
		cfg.GaveUp = func(_ context.Context, u talk.Update, _ error) {
			mu.Lock()
			defer mu.Unlock()
			lost = append(lost, u.Text)
		}
	}, func(ctx context.Context, u talk.Update) error {
		if u.Text != "stuck" {
			return nil
		}
		<-ctx.Done()
		<-released
		mu.Lock()
		defer mu.Unlock()
		cut++
		return ctx.Err()
	})
	d.put(text(1, azizaID, "stuck"), text(2, azizaID, "behind it"))
	var want []string
	for id := range int64(20) { // other chats, of her lane and of others
		d.put(text(10+id, 1000+id, "x"))
		want = append(want, "x")
	}
	for id := range want {
		d.waitTexts(b, 1000+int64(id), "x")
	}
	if got := b.texts(azizaID); len(got) != 0 {
		t.Errorf("%q were handled past what is stuck", got)
	}
	close(released)
	d.waitTexts(b, azizaID, "behind it")
	mu.Lock()
	defer mu.Unlock()
	if cut != 2 || !slices.Equal(lost, []string{"stuck"}) {
		t.Errorf("cut off %d times, want 2; given up %q", cut, lost)
	}
	if causes := d.deaths(); len(causes) != 1 || !strings.Contains(causes[0], "given up after 2 attempts") {
		t.Errorf("dead letters: %q", causes)
	}
}

func TestAChatKeepsItsOrderWhileAllGoOn(t *testing.T) {
	d := newDesk(t)
	const chats, each = 24, 20
	var active sync.Map
	var overlap, together int
	var mu sync.Mutex
	b := d.lanes(nil, func(_ context.Context, u talk.Update) error {
		if _, busy := active.LoadOrStore(u.Chat, true); busy {
			mu.Lock()
			overlap++
			mu.Unlock()
		}
		others := 0
		active.Range(func(any, any) bool { others++; return true })
		mu.Lock()
		together = max(together, others)
		mu.Unlock()
		<-time.After(time.Millisecond)
		active.Delete(u.Chat)
		return nil
	})
	var want [each]string
	id := int64(0)
	for n := range each {
		want[n] = string(rune('a' + n))
		for chat := range int64(chats) {
			id++
			d.put(text(id, 2000+chat, want[n]))
		}
	}
	for chat := range int64(chats) {
		d.waitTexts(b, 2000+chat, want[:]...)
	}
	if mu.Lock(); overlap != 0 || together < 2 {
		t.Errorf("%d updates overlapped one of their chat; at most %d chats were handled together", overlap, together)
	}
	mu.Unlock()
}

func TestWhatBecomesOfAnUpdateIsTheHandlersWord(t *testing.T) {
	d := newDesk(t)
	var mu sync.Mutex
	tries := map[string]int{}
	b := d.lanes(func(cfg *LanesConfig) { cfg.Attempts = 2 }, func(ctx context.Context, u talk.Update) error {
		mu.Lock()
		tries[u.Text]++
		n := tries[u.Text]
		mu.Unlock()
		if len(Trace(ctx)) != 55 {
			t.Errorf("trace %q", Trace(ctx))
		}
		switch u.Text {
		case "panics":
			panic("of the handler")
		case "never":
			return nats.Permanent(errors.New("no use"))
		case "once":
			if n == 1 {
				return errors.New("not now")
			}
		case "away":
			if n <= 3 { // more often than an update may fail
				return nats.Hold(errors.New("services away"))
			}
		case "later":
			if n <= 3 {
				return nats.RetryAfter(time.Millisecond, errors.New("in a moment"))
			}
		}
		return nil
	})
	for i, words := range []string{"panics", "never", "once", "away", "later"} {
		chat := int64(3000 + i)
		d.put(text(int64(10*i+1), chat, words), text(int64(10*i+2), chat, "next"))
	}
	for i, want := range [][]string{{"next"}, {"next"}, {"once", "next"}, {"away", "next"}, {"later", "next"}} {
		d.waitTexts(b, int64(3000+i), want...)
	}
	causes := d.deaths()
	slices.Sort(causes)
	if !slices.Equal(causes, []string{"handler panicked: of the handler", "no use"}) {
		t.Errorf("dead letters: %q", causes)
	}
}

// TestAStopFinishesWhatIsInHandAndGivesBackTheRest: what was not handled is
// handled by the next.
func TestAStopFinishesWhatIsInHandAndGivesBackTheRest(t *testing.T) {
	d := newDesk(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	first := &book{}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		_ = NewLanes(d.Conn, d.Publisher, LanesConfig{Consumers: d.Metrics, Metrics: d.metrics, Grace: 5 * time.Second}, func(_ context.Context, u talk.Update) error {
			close(entered)
			<-leave
			first.write(u)
			return nil
		}).Run(ctx)
	})
	d.put(text(1, azizaID, "one"), text(2, azizaID, "two"))
	<-entered
	cancel()
	close(leave)
	running.Wait()
	b := d.lanes(nil, nil)
	d.waitTexts(b, azizaID, "two")
	if got := first.texts(azizaID); !slices.Equal(got, []string{"one"}) {
		t.Errorf("the first handled %q", got)
	}
}

func TestAStopCutsOffWhatDoesNotEnd(t *testing.T) {
	d := newDesk(t)
	entered := make(chan struct{}, 1)
	stop := run(t, NewLanes(d.Conn, d.Publisher, LanesConfig{Consumers: d.Metrics, Metrics: d.metrics, Grace: 50 * time.Millisecond}, func(ctx context.Context, _ talk.Update) error {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}).Run)
	d.put(text(1, azizaID, "one"))
	<-entered
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %s", took)
	}
	b := d.lanes(nil, nil)
	d.waitTexts(b, azizaID, "one")
	natstest.Wait(t, "no dead letter", func() bool { return d.stored(nats.StreamDead) == 0 })
}
