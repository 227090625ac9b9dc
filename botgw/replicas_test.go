package botgw

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/nats/natstest"
)

func TestReplicasKnowOfOneAnother(t *testing.T) {
	env := natstest.Start(t)
	var wg sync.WaitGroup
	start := func(bots ...int64) (*Replicas, func()) {
		lines := pace.NewLines(pace.DefaultRate)
		for _, bot := range bots {
			lines.Of(bot)
		}
		r := NewReplicas(env.Conn, lines, zerolog.Nop())
		r.every = 200 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		wg.Go(func() {
			defer close(done)
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		return r, func() { cancel(); <-done }
	}
	first, stopFirst := start(100, 200)
	knows(t, first, map[int64]int{100: 1, 200: 1})
	second, stopSecond := start(100)
	knows(t, first, map[int64]int{100: 2, 200: 1})
	knows(t, second, map[int64]int{100: 2, 200: 1})
	stopSecond() // and says so
	knows(t, first, map[int64]int{100: 1, 200: 1})
	kv, err := env.Conn.JS.KeyValue(t.Context(), "leases")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), announcement(100, "killed"), nil); err != nil {
		t.Fatal(err)
	}
	knows(t, first, map[int64]int{100: 2, 200: 1})
	knows(t, first, map[int64]int{100: 1, 200: 1}) // one that is killed is forgotten
	stopFirst()
	wg.Wait()
}

// knows waits until a replica counts so many for each bot.
func knows(t *testing.T, r *Replicas, want map[int64]int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := map[int64]int{}
		r.mu.Lock()
		for key := range r.seen {
			if bot, ok := announcedBot(key); ok {
				got[bot]++
			}
		}
		r.mu.Unlock()
		if maps.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("replicas %v, want %v", got, want)
		}
		<-time.After(5 * time.Millisecond)
	}
}
