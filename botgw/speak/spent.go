package speak

import (
	"context"
	"sync/atomic"
	"time"
)

type spentKey struct{}

// WithSpent lets Spent tell how long speaking with this context, or one made
// from it, took.
func WithSpent(ctx context.Context) context.Context {
	return context.WithValue(ctx, spentKey{}, new(atomic.Int64))
}

// Spent is the time that Telegram took so far, waiting for its limits included,
// as a clock on the wall shows it; 0 without WithSpent.
func Spent(ctx context.Context) time.Duration {
	if sum, ok := ctx.Value(spentKey{}).(*atomic.Int64); ok {
		return time.Duration(sum.Load())
	}
	return 0
}

// spend adds the time since began.
func spend(ctx context.Context, began time.Time) {
	if sum, ok := ctx.Value(spentKey{}).(*atomic.Int64); ok {
		sum.Add(int64(time.Since(began)))
	}
}
