package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/load"
	"ukbot/nats"
)

// backlog lets the workers loose on a full stream.
func (b *bench) backlog(ctx context.Context) error {
	server, err := b.start(ctx, benchStart{kind: "node", paused: true})
	if err != nil {
		return err
	}
	defer server.stop()
	series := b.webhooks()
	series.Mixed = true
	filled, err := load.Fill(ctx, server.publisher, series, b.size.backlog)
	if err != nil {
		return err
	}
	b.line("%d events stored in %s", b.size.backlog, filled.Round(time.Millisecond))
	return server.profiled("backlog", func() error { return server.drain(ctx, series) })
}

// drain measures the workers until they have done everything.
func (s *benchServer) drain(ctx context.Context, series load.Webhooks) error {
	b := s.bench
	watch := load.WatchMemory(ctx, s.PID)
	began := time.Now()
	if err := s.order(orderWork); err != nil {
		return err
	}
	if err := s.handled(ctx); err != nil {
		return err
	}
	took, samples := time.Since(began), watch.Stop()
	completed, err := s.completed(ctx, series)
	if err != nil {
		return err
	}
	rate := float64(len(completed)) / took.Seconds()
	b.add("backlog-rate", rate)
	b.add("backlog-lost", float64(b.size.backlog-int64(len(completed))))
	if growth := load.Growth(samples); growth > 0 {
		b.add("backlog-growth", growth)
	}
	b.remember("backlog-peak", load.Highest(samples))
	b.line("%d recorded and handled in %s, %.0f/s; resident %s", len(completed), took.Round(time.Millisecond), rate, course(samples))
	if err := s.announced(ctx); err != nil {
		return err
	}
	b.line("outbox empty %s later", (time.Since(began) - took).Round(time.Millisecond))
	return nil
}

// course is how memory went, in ten numbers.
func course(samples []load.Sample) string {
	text := ""
	const points = 10
	for i := range points {
		if at := i * len(samples) / points; at < len(samples) {
			text += fmt.Sprintf("%d ", samples[at].Resident/load.MiB)
		}
	}
	return text + "MiB"
}

// handledIn bounds the wait for the workers.
const handledIn = 15 * time.Minute

// handled waits until every configuration's consumer has nothing left.
func (s *benchServer) handled(ctx context.Context) error {
	return s.await(ctx, handledIn, seldom, "the workers to be done", func(ctx context.Context) (bool, error) {
		for _, hook := range load.Hooks() {
			consumer, err := s.conn.JS.Consumer(ctx, nats.StreamWebhooks, nats.HookDurable(hook.Tenant, hook.Source))
			if errors.Is(err, jetstream.ErrConsumerNotFound) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if info := consumer.CachedInfo(); info.NumPending > 0 || info.NumAckPending > 0 {
				return false, nil
			}
		}
		return true, nil
	})
}

// announced waits until the outbox is empty.
func (s *benchServer) announced(ctx context.Context) error {
	return s.await(ctx, handledIn, seldom, "the outbox to be empty", func(ctx context.Context) (empty bool, err error) {
		err = s.pool.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM outbox)").Scan(&empty)
		return empty, err
	})
}

// completedQuery reads when each event was recorded as completed. No column can
// tell the time of its own commit: the server keeps it (benchPostgres).
const completedQuery = `SELECT event_id, pg_xact_commit_timestamp(xmin)
FROM webhook_events WHERE tenant_id = $1 AND status = 'completed'`

// completed is when the events of a series were completed, by number.
func (s *benchServer) completed(ctx context.Context, series load.Webhooks) (map[int64]time.Time, error) {
	rows, err := s.pool.Query(ctx, completedQuery, events.DefaultTenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	times := map[int64]time.Time{}
	for rows.Next() {
		var id string
		var at time.Time
		if err := rows.Scan(&id, &at); err != nil {
			return nil, err
		}
		if n, ours := series.Number(id); ours {
			times[n] = at
		}
	}
	return times, rows.Err()
}

// Loads that go through to the end.
const (
	bothRate        = 2100 // a little above the goal, which is what must be recorded
	bothConnections = 200
)

// both measures the way from 202 to the record while the ingress is busy.
func (b *bench) both(ctx context.Context) error {
	for round := range b.size.rounds {
		server, err := b.start(ctx, benchStart{kind: "node"})
		if err != nil {
			return err
		}
		err = server.profiled("both", func() error { return server.through(ctx, round) })
		server.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// keep puts the server under a load on a schedule.
func (s *benchServer) keep(ctx context.Context, rate float64, connections int, series load.Webhooks) (out load.Outcome, busy string, err error) {
	busy, err = s.working(func() error {
		out, err = load.Open{
			Addr: s.HTTP, Connections: connections, Rate: rate, Warm: s.bench.size.warm, Measure: s.bench.size.measure, Webhooks: series,
		}.Run(ctx)
		return err
	})
	return out, busy, err
}

func (s *benchServer) through(ctx context.Context, round int) error {
	b, series := s.bench, s.bench.webhooks()
	series.Mixed = true
	out, busy, err := s.keep(ctx, bothRate, bothConnections, series)
	if err != nil {
		return err
	}
	if err := s.handled(ctx); err != nil {
		return err
	}
	completed, err := s.completed(ctx, series)
	if err != nil {
		return err
	}
	var last time.Time
	var ends []load.Arrival
	for n, shot := range out.Shots {
		at, ok := completed[int64(n)]
		if !ok {
			continue
		}
		if at.After(last) {
			last = at
		}
		ends = append(ends, load.Arrival{Due: shot.Due, From: shot.Answered, At: at})
	}
	took := last.Sub(out.Shots[0].Due)
	latency := load.Arrivals(ends, out.Shots[0].Due.Add(b.size.warm))
	b.line("round %d: to 202 %s%s", round+1, out, busy)
	b.line("round %d: 202 to commit %s, %d recorded in %s", round+1, load.Quantiles(latency), len(completed), took.Round(time.Millisecond))
	b.add("both-rate", float64(len(completed))/took.Seconds())
	b.add("both-p99", inMilliseconds(load.Quantile(latency, 99)))
	b.add("both-lost", float64(out.Unexpected()+out.Statuses[load.Expected]-int64(len(ends))))
	return nil
}
