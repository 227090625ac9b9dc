package pace

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ukbot/events"
)

func TestPacesAreTelegrams(t *testing.T) {
	for name, tc := range map[string]struct {
		priority events.Priority
		chats    []int64 // one message to each, again and again
		messages int
		atLeast  time.Duration
		atMost   time.Duration
	}{
		"a short burst of answers to a person goes at once": {events.PriorityReply, []int64{7}, 3, 0, 100 * time.Millisecond},
		"then one in a little over a second":                {events.PriorityReply, []int64{7}, 13, 10 * time.Second, 11*time.Second + time.Millisecond},
		"a burst of notices leaves one for an answer":       {events.PriorityNormal, []int64{7}, 3, time.Second, 1200 * time.Millisecond},
		"a group has no more than 20 in a minute":           {events.PriorityReply, []int64{-7}, 21, time.Minute, 70 * time.Second},
		"the bot has 30 a second":                           {events.PriorityNormal, many(1000), 1000, 33 * time.Second, 34 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, began := New(DefaultRate), time.Now()
				for i := range tc.messages {
					if err := p.Wait(t.Context(), tc.chats[i%len(tc.chats)], tc.priority); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(began); took < tc.atLeast || took > tc.atMost {
					t.Errorf("%d messages took %s, want %s to %s", tc.messages, took, tc.atLeast, tc.atMost)
				}
			})
		})
	}
}

// TestAFloodIsPacedAndAnswersPassIt sends 10,000 notices at once, and meanwhile
// somebody taps five times a second.
func TestAFloodIsPacedAndAnswersPassIt(t *testing.T) {
	notices := 10_000
	if testing.Short() {
		notices = 1_000 // under the race detector so many at once take minutes
	}
	synctest.Test(t, func(t *testing.T) {
		const perSecond = 5
		p, began := New(DefaultRate), time.Now()
		sent := make(chan time.Time, 2*notices)
		var flood, taps sync.WaitGroup
		for _, id := range many(notices) {
			flood.Go(func() {
				if p.Wait(t.Context(), id, events.PriorityNormal) == nil {
					sent <- time.Now()
				}
			})
		}
		over := make(chan struct{})
		go func() { flood.Wait(); close(over) }()
		tick := time.NewTicker(time.Second / perSecond)
		defer tick.Stop()
		var slowest time.Duration
		for tap := int64(0); ; tap++ {
			select {
			case <-over:
				taps.Wait()
				close(sent)
				checkFlood(t, sent, time.Since(began), slowest)
				return
			case asked := <-tick.C:
				if err := p.Wait(t.Context(), 1000+tap%50, events.PriorityReply); err != nil {
					t.Fatal(err)
				}
				slowest = max(slowest, time.Since(asked))
				sent <- time.Now()
			}
		}
	})
}

func checkFlood(t *testing.T, sent <-chan time.Time, took, slowest time.Duration) {
	t.Helper()
	var times []time.Time
	for at := range sent {
		times = append(times, at)
	}
	slices.SortFunc(times, time.Time.Compare)
	for i := DefaultRate; i < len(times); i++ {
		if gap := times[i].Sub(times[i-DefaultRate]); gap < time.Second {
			t.Fatalf("messages %d to %d within %s, want at most %d in any second", i-DefaultRate, i, gap, DefaultRate)
		}
	}
	if least := time.Duration(len(times)) * time.Second / DefaultRate; took > least+time.Second {
		t.Errorf("%d messages took %s, want %s: the rate is there to be used", len(times), took, least)
	}
	if slowest > 300*time.Millisecond {
		t.Errorf("an answer waited %s, want at most 300 ms", slowest)
	}
}

// TestLateTurnsAreMadeGood has every turn come late, as on a busy machine.
func TestLateTurnsAreMadeGood(t *testing.T) {
	const messages = 3000
	for name, tc := range map[string]struct {
		replicas int
		late     func(i int) time.Duration
		atMost   time.Duration
	}{
		"all by the same":                {1, func(int) time.Duration { return 5 * time.Millisecond }, 101 * time.Second},
		"by more and less":               {1, func(i int) time.Duration { return time.Duration(i*7919%15) * time.Millisecond }, 102 * time.Second},
		"now and then by a lot":          {1, func(i int) time.Duration { return time.Duration(i%100/99) * time.Second / 2 }, 116 * time.Second},
		"of two replicas, nothing is":    {2, func(int) time.Duration { return 5 * time.Millisecond }, 216 * time.Second},
		"nothing is late, nothing to do": {1, func(int) time.Duration { return 0 }, 100*time.Second + time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(DefaultRate)
			p.Share(tc.replicas)
			began := time.Unix(1_760_000_000, 0)
			p.free = began
			var went []time.Time
			for i := range messages {
				now := p.free.Add(tc.late(i))
				p.went(now)
				went = append(went, now)
				if i >= DefaultRate && now.Sub(went[i-DefaultRate]) < time.Second {
					t.Fatalf("messages %d to %d within %s", i-DefaultRate, i, now.Sub(went[i-DefaultRate]))
				}
			}
			if took := went[messages-1].Sub(began); took > tc.atMost {
				t.Errorf("%d messages took %s, want at most %s", messages, took, tc.atMost)
			}
		})
	}
}

func TestTheMostPressingGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(DefaultRate)
		if err := p.Wait(t.Context(), 1, events.PriorityNormal); err != nil { // the next has to wait
			t.Fatal(err)
		}
		order := make(chan events.Priority, 9)
		for i, priority := range []events.Priority{"another", events.PriorityBroadcast, events.PriorityNormal, events.PriorityUrgent, events.PriorityReply} {
			go func() {
				if p.Wait(t.Context(), int64(i), priority) == nil {
					order <- priority
				}
			}()
			synctest.Wait()
		}
		for _, want := range []events.Priority{events.PriorityReply, events.PriorityUrgent, events.PriorityNormal, events.PriorityBroadcast, "another"} {
			if got := <-order; got != want {
				t.Errorf("%s went, want %s", got, want)
			}
		}
	})
}

func TestAChatOnHoldHoldsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, began := New(DefaultRate), time.Now()
		p.Hold(7, time.Minute)
		p.Hold(7, time.Second) // an older word
		if err := p.Wait(t.Context(), 8, events.PriorityNormal); err != nil || time.Since(began) > 0 {
			t.Errorf("another chat waited %s, %v", time.Since(began), err)
		}
		if err := p.Wait(t.Context(), 7, events.PriorityReply); err != nil || time.Since(began) != time.Minute {
			t.Errorf("the chat waited %s, %v, want a minute", time.Since(began), err)
		}
	})
}

func TestReplicasShareTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const replicas, seconds = 3, 20
		sent := make(chan time.Time, 10_000)
		ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range replicas {
			lines := NewLines(DefaultRate)
			lines.Share(map[int64]int{100: replicas})
			line := lines.Of(100)
			for _, id := range many(1000) {
				wg.Go(func() {
					if line.Wait(ctx, id, events.PriorityNormal) == nil {
						sent <- time.Now()
					}
				})
			}
		}
		wg.Wait()
		if got, want := len(sent), DefaultRate*seconds; got < want-replicas || got > want+replicas {
			t.Errorf("%d replicas sent %d in %d s, want %d", replicas, got, seconds, want)
		}
	})
}

func TestALineIsToldOfNewReplicas(t *testing.T) {
	lines := NewLines(DefaultRate)
	line := lines.Of(100)
	alone := line.every
	lines.Share(map[int64]int{100: 2, 200: 3})
	if line.every < 2*alone-2 || line.every > 2*alone || lines.Of(200).every <= line.every {
		t.Errorf("alone every %s, two replicas every %s, three every %s", alone, line.every, lines.Of(200).every)
	}
	lines.Share(nil)
	if line.every != alone {
		t.Errorf("alone again every %s, want %s", line.every, alone)
	}
	if lines.Of(100) != line || len(lines.Bots()) != 2 {
		t.Errorf("lines of %v, want one each of two bots", lines.Bots())
	}
}

// many is so many chats.
func many(n int) []int64 {
	chats := make([]int64, n)
	for i := range chats {
		chats[i] = int64(1000 + i)
	}
	return chats
}

func TestAPaceEndsWithItsContext(t *testing.T) {
	p := New(DefaultRate)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx, 7, events.PriorityNormal); err == nil {
		t.Error("a wait outlived its context")
	}
	synctest.Test(t, func(t *testing.T) {
		p, began := New(DefaultRate), time.Now()
		p.Hold(7, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Wait(ctx, 7, events.PriorityNormal); err == nil || time.Since(began) != time.Second {
			t.Errorf("a wait ended after %s, %v, want with its context", time.Since(began), err)
		}
		if len(p.waiting) != 0 {
			t.Error("who left still has a place in the line")
		}
	})
}

func TestNoPaceLimitsNothing(t *testing.T) {
	p := New(0)
	p.Hold(7, time.Hour)
	for range 10_000 {
		if err := p.Wait(t.Context(), 7, events.PriorityNormal); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChatsThatAreIdleAreForgottenFirst(t *testing.T) {
	p, now := New(DefaultRate), time.Now()
	busy := func(id int64) *chat {
		p.mu.Lock()
		defer p.mu.Unlock()
		c := p.chat(id)
		c.take(now.Add(time.Hour))
		return c
	}
	seven := busy(7)
	for _, id := range many(3 * chatsMax) {
		p.chat(id)
		if len(p.chats) > chatsMax {
			t.Fatalf("%d chats are remembered, want at most %d", len(p.chats), chatsMax)
		}
	}
	if p.chat(7) != seven {
		t.Error("a busy chat was forgotten while idle ones were there")
	}
	for _, id := range many(2 * chatsMax) { // all busy: some must go
		busy(id)
	}
	if len(p.chats) > chatsMax {
		t.Errorf("%d chats are remembered, want at most %d", len(p.chats), chatsMax)
	}
}

func TestTheGateShutsWhenManyChatsAreToldToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, began := NewValve(), time.Now()
		for range FloodChats {
			if g.Flood(1, 7*time.Second, time.Now()) {
				t.Error("one chat shut the gate")
			}
		}
		if g.Flood(2, 7*time.Second, time.Now()) {
			t.Error("two chats shut the gate")
		}
		if !g.Flood(3, 7*time.Second, time.Now()) {
			t.Error("three chats did not shut the gate")
		}
		if g.Flood(4, 3*time.Second, time.Now()) {
			t.Error("the gate was shut twice")
		}
		if err := g.Pass(t.Context()); err != nil || time.Since(began) != 7*time.Second {
			t.Errorf("the gate opened after %s, %v, want 7 s", time.Since(began), err)
		}
		if g.Flood(5, time.Second, time.Now()) {
			t.Error("chats of long ago count")
		}
	})
}

func TestARefusedTokenIsTriedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewValve()
		if !g.Refuse(time.Now()) || g.Refuse(time.Now()) {
			t.Error("only the first refusal is news")
		}
		passed := make(chan time.Duration, 10)
		began := time.Now()
		for range 3 {
			go func() {
				if g.Pass(t.Context()) == nil {
					passed <- time.Since(began)
				}
			}()
		}
		for _, want := range []time.Duration{time.Minute, 2 * time.Minute} {
			if got := <-passed; got != want {
				t.Errorf("a try after %s, want %s", got, want)
			}
		}
		if !g.Accept() || g.Accept() {
			t.Error("only the first acceptance is news")
		}
		if got := <-passed; got != 2*time.Minute {
			t.Errorf("the rest passed after %s, want at once", got)
		}
	})
}
