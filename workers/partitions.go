package workers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/sql/db"
)

// partitions makes the daily partitions of webhook_events before they are
// needed: a backlog may be of any day, and a clock may jump.
type partitions struct {
	mu   sync.Mutex
	made map[string]bool // "2006-01-02"
}

func newPartitions() *partitions { return &partitions{made: map[string]bool{}} }

func (p *partitions) ensure(ctx context.Context, pool *pgxpool.Pool, items []*item) error {
	for _, it := range items {
		if err := p.day(ctx, pool, it.webhook.Time); err != nil {
			return err
		}
	}
	return nil
}

func (p *partitions) day(ctx context.Context, pool *pgxpool.Pool, at time.Time) error {
	day := at.UTC().Truncate(24 * time.Hour)
	name := day.Format(time.DateOnly)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made[name] {
		return nil
	}
	if err := db.New(pool).EnsureWebhookPartition(ctx, pgtype.Date{Time: day, Valid: true}); err != nil {
		return fmt.Errorf("partition of %s: %w", name, err)
	}
	p.made[name] = true
	return nil
}

// forget makes the days of items be looked at again.
func (p *partitions) forget(items []*item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range items {
		delete(p.made, it.webhook.Time.UTC().Format(time.DateOnly))
	}
}

// retention is how long records are kept, and what makes room.
type retention struct {
	pool *pgxpool.Pool
	days *partitions
	keep time.Duration
	log  zerolog.Logger
}

// Periods of the retention's rounds.
const (
	retentionEvery = time.Hour
	daysAhead      = 3 // partitions made in advance
)

// run keeps house every hour until ctx ends. One replica does it at a time.
func (r *retention) run(ctx context.Context) error {
	tick := time.NewTicker(retentionEvery)
	defer tick.Stop()
	for {
		if err := r.round(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("retention round failed, next in an hour")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// round makes the partitions of the days to come and drops what is past keeping.
func (r *retention) round(ctx context.Context, now time.Time) error {
	for ahead := range daysAhead {
		if err := r.days.day(ctx, r.pool, now.AddDate(0, 0, ahead)); err != nil {
			return err
		}
	}
	q := db.New(r.pool)
	theirs, err := q.DatabaseTime(ctx)
	if err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	if theirs.Before(now) { // a clock that jumped ahead must not empty the table
		now = theirs
	}
	before := now.UTC().Add(-r.keep).Truncate(24 * time.Hour)
	dropped, err := q.DropWebhookPartitions(ctx, pgtype.Date{Time: before, Valid: true})
	if err != nil {
		return fmt.Errorf("drop partitions: %w", err)
	}
	pruned := int64(0)
	for _, prune := range []func(context.Context, time.Time) (int64, error){q.PruneWebhookKeys, q.PruneWebhookRepeats, q.PruneWebhookAttempts, q.PruneNotices, q.PruneBotMetrics} {
		for {
			n, err := prune(ctx, before)
			if err != nil {
				return fmt.Errorf("prune: %w", err)
			}
			if pruned += n; n == 0 {
				break
			}
		}
	}
	if dropped > 0 || pruned > 0 {
		r.log.Info().Int32("partitions", dropped).Int64("rows", pruned).Time("before", before).Msg("past retention, removed")
	}
	return nil
}
