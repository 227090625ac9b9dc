package housing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ukbot/housing/clocks"
	"ukbot/nats"
	"ukbot/sql/db"
)

// sweepLease is held by the one replica that ends what is over.
const sweepLease = "housing-sweep"

// sweepEvery is how often what is over is ended.
const sweepEvery = 10 * time.Minute

// Run does what no request asks for, until ctx ends.
func (h *Housing) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	parts := h.background()
	errs := make(chan error, len(parts))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for name, run := range parts {
		wg.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				errs <- fmt.Errorf("%s: %w", name, err)
				stop() // one part less would go unnoticed: better all begin anew
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// background is everything that runs beside the requests.
func (h *Housing) background() map[string]func(context.Context) error {
	deadlines := clocks.New(clocks.Config{
		Conn: h.cfg.Conn, Publisher: h.cfg.Publisher, Store: h.store, Metrics: h.cfg.Metrics, Log: h.cfg.Log,
	})
	return map[string]func(context.Context) error{
		"auth":    h.auth.Run,
		"files":   h.server.filesHandlers.Run,
		"reports": h.server.reportsHandlers.Run,
		"clocks":  deadlines.Run,
		"rearm":   deadlines.Rearm,
		"sweep": func(ctx context.Context) error {
			return nats.RunLeased(ctx, h.cfg.Conn, sweepLease, func(ctx context.Context) error {
				h.every(ctx, sweepEvery, h.sweep)
				return nil
			})
		},
	}
}

// every does something at once and then again and again until ctx ends. An
// error is for the log: the next time may go better.
func (h *Housing) every(ctx context.Context, period time.Duration, do func(context.Context) error) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn().Err(err).Msg("housekeeping failed, it will be tried again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep closes forgotten shifts and removes answers of idempotency keys that are over.
func (h *Housing) sweep(ctx context.Context) error {
	return errors.Join(h.server.shiftsHandlers.CloseForgotten(ctx), h.pruneAnswers(ctx))
}

func (h *Housing) pruneAnswers(ctx context.Context) error {
	for {
		removed, err := db.New(h.cfg.Pool).PruneIdempotencyKeys(ctx, h.cfg.Now().Add(-keptFor))
		if err != nil {
			return fmt.Errorf("remove old idempotency keys: %w", err)
		}
		if removed == 0 {
			return nil
		}
	}
}
