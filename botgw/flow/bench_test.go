package flow_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"ukbot/botgw/talk"
	"ukbot/nats/natstest"
)

// transitionMax is how long reading a record, deciding and writing it may take
// for 99 of 100 answers.
const transitionMax = 5 * time.Millisecond

// walk answers 40 steps and returns how long each took.
func walk(s *scene) []time.Duration {
	s.say("a description of what is wrong")
	took := make([]time.Duration, 0, 40)
	for i := range cap(took) {
		turn := s.turn(talk.Photo, func(t *talk.Turn) { t.File = &talk.File{ID: "f", Unique: strconv.Itoa(i)} })
		began := time.Now()
		if _, err := s.engine.Handle(s.t.Context(), turn); err != nil {
			s.t.Error(err)
		}
		took = append(took, time.Since(began))
	}
	return took
}

// p99 has so many people walk at once, each on their own.
func p99(t testing.TB, env *natstest.Env, people int) time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	for i := range people {
		s := newScene(t, env)
		s.chat += int64(i)
		s.tap(s.begin(), "Other")
		wg.Go(func() {
			took := walk(s)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	wg.Wait()
	slices.Sort(all)
	return all[len(all)*99/100]
}

// The machine may be busy with other things: one good round of thirty is enough.
func TestATransitionTakesMilliseconds(t *testing.T) {
	env := natstest.StartDurable(t)
	var got time.Duration
	for range 30 {
		if got = p99(t, env, 2); got <= transitionMax {
			return
		}
	}
	t.Errorf("p99 of a transition is %s, want at most %s", got, transitionMax)
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
