package gate

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/sql/db"
)

// cell is a row of bot_metrics, by hour; days are made of hours in the statement.
type cell struct {
	tenant  string
	hour    time.Time
	kind    string
	name    string
	outcome string
}

// sum is what a cell holds, in milliseconds.
type sum struct {
	updates                            int64
	handler, handlerMax, api, telegram float64
}

func sumOf(r *record) sum {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return sum{1, ms(r.handled), ms(r.handled), ms(r.spent.Time()), ms(r.telegram)}
}

func (s sum) plus(o sum) sum {
	return sum{s.updates + o.updates, s.handler + o.handler, max(s.handlerMax, o.handlerMax), s.api + o.api, s.telegram + o.telegram}
}

// tally adds up what bot_metrics is told in batches. A batch whose answer is
// lost may count twice: these are figures, not accounts.
type tally struct {
	pool    *pgxpool.Pool
	metrics *metrics

	mu   sync.Mutex
	sums map[cell]sum
}

// Limits of what waits for PostgreSQL.
const (
	cellsMax  = 5_000 // about 1 MB: days of a busy company
	flushTime = 5 * time.Second
)

// add adds to a cell; beyond the limit, to the count of what is lost.
func (t *tally) add(c cell, s sum) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, ok := t.sums[c]
	if !ok && len(t.sums) >= cellsMax {
		t.metrics.lost.Add(float64(s.updates))
		return
	}
	t.sums[c] = before.plus(s)
}

// run flushes now and then, and a last time when ctx has ended.
func (t *tally) run(ctx context.Context, every time.Duration, log zerolog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
		if err := t.flush(context.WithoutCancel(ctx)); err != nil {
			log.Warn().Err(err).Msg("bot_metrics wait for PostgreSQL")
		}
	}
	if err := t.flush(context.WithoutCancel(ctx)); err != nil { // what the last one was not taken of
		log.Error().Err(err).Msg("the last figures of bot_metrics are lost")
	}
}

// flush writes all sums in one statement; what is not taken waits for the next.
func (t *tally) flush(ctx context.Context) error {
	t.mu.Lock()
	batch := t.sums
	t.sums = map[cell]sum{}
	t.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	err := db.New(t.pool).AddBotMetrics(ctx, rowsOf(batch))
	if err != nil {
		for c, s := range batch {
			t.add(c, s)
		}
	}
	return err
}

func rowsOf(batch map[cell]sum) db.AddBotMetricsParams {
	var p db.AddBotMetricsParams
	for c, s := range batch {
		p.TenantIds = append(p.TenantIds, c.tenant)
		p.Hours = append(p.Hours, c.hour)
		p.Kinds = append(p.Kinds, c.kind)
		p.Names = append(p.Names, c.name)
		p.Outcomes = append(p.Outcomes, c.outcome)
		p.Updates = append(p.Updates, s.updates)
		p.HandlerMs = append(p.HandlerMs, s.handler)
		p.HandlerMax = append(p.HandlerMax, s.handlerMax)
		p.ApiMs = append(p.ApiMs, s.api)
		p.TelegramMs = append(p.TelegramMs, s.telegram)
	}
	return p
}
