package flow_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// A transition is to take 5 ms for 99 of 100: it reads at most once and writes once.
// How long that takes is the benchmark's.
func TestAnAnswerIsWrittenOnce(t *testing.T) {
	env := natstest.StartDurable(t)
	s := newScene(t, env)
	bucket, err := env.Conn.JS.KeyValue(t.Context(), nats.BucketFSM)
	if err != nil {
		t.Fatal(err)
	}
	revision := func() uint64 {
		entry, err := bucket.Get(t.Context(), flow.Key(s.turn(talk.Text).Update))
		if err != nil {
			t.Fatal(err)
		}
		return entry.Revision()
	}
	first := s.begin()
	second := s.tap(first, "Other")
	for _, tc := range []struct {
		name   string
		act    func()
		writes uint64
	}{
		{"a text", func() { s.say("text") }, 1},
		{"a button of an older step", func() { s.tap(first, "Other") }, 0},
		{"a choice", func() { s.tap(s.tap(second, "Back"), "Done") }, 1},
	} {
		before := revision()
		if tc.act(); revision() != before+tc.writes {
			t.Errorf("%s makes %d writes, want %d", tc.name, revision()-before, tc.writes)
		}
	}
}

// BenchmarkTransition is one answer: the record read, decided about and written.
func BenchmarkTransition(b *testing.B) {
	env := natstest.StartDurable(b)
	s := newScene(b, env)
	s.tap(s.begin(), "Other")
	s.say("text")
	var took []time.Duration
	for b.Loop() {
		turn := s.turn(talk.Photo, func(t *talk.Turn) { t.File = &talk.File{ID: "f", Unique: strconv.FormatInt(t.ID, 10)} })
		began := time.Now()
		if _, err := s.engine.Handle(b.Context(), turn); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
