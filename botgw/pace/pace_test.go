package pace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPacesAreTelegrams(t *testing.T) {
	for name, tc := range map[string]struct {
		chats    []int64 // one message to each, again and again
		messages int
		atLeast  time.Duration
		atMost   time.Duration
	}{
		"a short burst to a person goes at once":  {[]int64{7}, 3, 0, 0},
		"then one in a little over a second":      {[]int64{7}, 13, 10 * time.Second, 11*time.Second + time.Millisecond},
		"a group has no more than 20 in a minute": {[]int64{-7}, 21, time.Minute, 70 * time.Second},
		"the bot has 30 a second":                 {many(1000), 1000, 33 * time.Second, 34 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, began := New(DefaultRate), time.Now()
				for i := range tc.messages {
					if err := p.Wait(t.Context(), tc.chats[i%len(tc.chats)]); err != nil {
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
	if err := p.Wait(ctx, 7); err == nil {
		t.Error("a wait outlived its context")
	}
}

func TestNoPaceLimitsNothing(t *testing.T) {
	p := New(0)
	for range 10_000 {
		if err := p.Wait(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChatsThatAreIdleAreForgottenFirst(t *testing.T) {
	p := New(DefaultRate)
	for range chatBurst {
		p.chat(7).Allow()
	}
	for _, id := range many(3 * paceChats) {
		p.chat(id)
		if len(p.chats) > paceChats {
			t.Fatalf("%d chats are remembered, want at most %d", len(p.chats), paceChats)
		}
	}
	if p.chat(7).Tokens() > 1 {
		t.Error("a busy chat was forgotten while idle ones were there")
	}
	for _, id := range many(2 * paceChats) { // all busy: some must go
		p.chat(id).Allow()
	}
	if len(p.chats) > paceChats {
		t.Errorf("%d chats are remembered, want at most %d", len(p.chats), paceChats)
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
