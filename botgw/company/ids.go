package company

import (
	"context"
	"sync/atomic"
	"time"
)

type idsKey struct{}

// ids are by what a call is found in the logs.
type ids struct{ request, trace string }

// WithIDs gives all calls under a context their X-Request-ID (at most 64 letters,
// digits and ._:/+=-) and traceparent. An empty request id is drawn for each call,
// an empty traceparent left out.
func WithIDs(ctx context.Context, request, traceparent string) context.Context {
	return context.WithValue(ctx, idsKey{}, ids{request, traceparent})
}

func idsOf(ctx context.Context) ids {
	found, _ := ctx.Value(idsKey{}).(ids)
	return found
}

type spentKey struct{}

// Spent is how long calls took.
type Spent struct{ calls, nanoseconds atomic.Int64 }

// Time is the sum of all calls' times, pauses between attempts included.
func (s *Spent) Time() time.Duration { return time.Duration(s.nanoseconds.Load()) }

// Calls is how many there were.
func (s *Spent) Calls() int64 { return s.calls.Load() }

// Measure adds up what the calls under a context take.
func Measure(ctx context.Context) (context.Context, *Spent) {
	s := &Spent{}
	return context.WithValue(ctx, spentKey{}, s), s
}

func spend(ctx context.Context, took time.Duration) {
	if s, ok := ctx.Value(spentKey{}).(*Spent); ok {
		s.calls.Add(1)
		s.nanoseconds.Add(int64(took))
	}
}
