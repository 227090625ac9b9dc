package updates

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"ukbot/botgw/talk"
)

// BenchmarkRead is the reading of one text.
func BenchmarkRead(b *testing.B) {
	raw := []byte(aziza(`"text":"Кран течёт, приходите скорее"`))
	for b.Loop() {
		if _, ok, err := Read(raw, ours); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

// TestLanesKeepUp puts a crowd's updates in at once: 1,000 people, two each.
func TestLanesKeepUp(t *testing.T) {
	d := newDesk(t)
	const people, each = 1000, 2
	var done atomic.Int64
	all := make(chan struct{})
	d.lanes(nil, func(context.Context, talk.Update) error {
		if done.Add(1) == people*each {
			close(all)
		}
		return nil
	})
	in := d.intake("")
	bot, _ := d.registry.ByID(100)
	began := time.Now()
	for n := range each {
		var raws [][]byte
		for person := range int64(people) {
			raws = append(raws, []byte(text(int64(n)*people+person+1, 5000+person, "x")))
		}
		if err := in.storeAll(t.Context(), bot, messages(raws)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Fatalf("%d of %d handled after %s", done.Load(), people*each, time.Since(began))
	}
	t.Logf("%d updates in %s", people*each, time.Since(began))
}
