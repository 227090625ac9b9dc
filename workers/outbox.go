package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/sql/db"
)

// relay publishes what the outbox holds, oldest first, and removes it. It is
// woken by LISTEN/NOTIFY. Publishing twice after a crash is harmless: the
// message id is the event's.
type relay struct {
	pool      *pgxpool.Pool
	publisher *nats.Publisher
	published prometheus.Counter
	waiting   prometheus.Gauge
	log       zerolog.Logger

	refused map[int64]bool // rows that no stream takes: an operator must look
}

// Bounds of the relay.
const (
	relayBatch   = 500
	relayWait    = 5 * time.Second // without a notification; it could be lost with the connection
	relayPause   = 300 * time.Millisecond
	relayTimeout = 15 * time.Second
	// relayOverlap is how far back each batch looks for rows whose numbers were
	// drawn before and committed after. What is older is found when its own
	// notification comes.
	relayOverlap = 2_000
)

// run relays until ctx ends and what is in hand is finished.
func (r *relay) run(ctx context.Context) error {
	warned := false
	for ctx.Err() == nil {
		err := r.listen(ctx)
		if err != nil && ctx.Err() == nil && !warned {
			r.log.Warn().Err(err).Msg("outbox waits")
		}
		warned = err != nil
		select {
		case <-ctx.Done():
		case <-time.After(relayPause):
		}
	}
	return ctx.Err()
}

// listen drains the outbox on every notification until something fails.
func (r *relay) listen(ctx context.Context) error {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "LISTEN outbox"); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = conn.Conn().Close(context.WithoutCancel(ctx)) }() // it must not go back listening
	for {
		if err := r.drain(ctx); err != nil {
			return err
		}
		wait, cancel := context.WithTimeout(ctx, relayWait)
		_, err := conn.Conn().WaitForNotification(wait)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// drain publishes until nothing is left that can be. It does not begin anew
// after each batch: PostgreSQL would step over all that it deleted before.
func (r *relay) drain(ctx context.Context) error {
	for after := int64(0); ctx.Err() == nil; {
		last, err := r.batch(ctx, after)
		if err != nil || last == 0 {
			return err
		}
		after = max(last-relayOverlap, 0)
	}
	return nil
}

// batch publishes the oldest rows after one and says which was the last; 0 when
// there was nothing to publish.
func (r *relay) batch(ctx context.Context, after int64) (last int64, err error) {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayTimeout)
	defer cancel()
	q := db.New(r.pool)
	rows, err := q.NextOutbox(work, after, int32(relayBatch+len(r.refused)))
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	msgs, seqs := r.messages(rows)
	r.waiting.Set(float64(len(msgs)))
	if len(msgs) == 0 {
		return 0, nil
	}
	_, errs := r.publisher.PublishAll(work, msgs)
	done, failed := make([]int64, 0, len(seqs)), error(nil)
	for i, err := range errs {
		switch {
		case err == nil:
			done = append(done, seqs[i])
		case errors.Is(err, nats.ErrRefused):
			r.refused[seqs[i]] = true
			r.log.Error().Err(err).Int64("outbox_seq", seqs[i]).Str("subject", msgs[i].Subject).Msg("no stream takes this event, it stays in the outbox")
		default:
			failed = err
		}
	}
	if err := q.DeleteOutbox(work, done); err != nil {
		return 0, fmt.Errorf("clear outbox: %w", err)
	}
	r.published.Add(float64(len(done)))
	if failed != nil {
		return 0, fmt.Errorf("publish outbox: %w", failed)
	}
	return seqs[len(seqs)-1], nil
}

func (r *relay) messages(rows []db.NextOutboxRow) ([]*natsgo.Msg, []int64) {
	msgs, seqs := make([]*natsgo.Msg, 0, len(rows)), make([]int64, 0, len(rows))
	for _, row := range rows {
		if r.refused[row.Seq] {
			continue
		}
		msg := natsgo.NewMsg(row.Subject)
		msg.Data = row.Data
		if err := json.Unmarshal(row.Headers, &msg.Header); err != nil {
			r.refused[row.Seq] = true
			r.log.Error().Err(err).Int64("outbox_seq", row.Seq).Msg("outbox row has unreadable headers")
			continue
		}
		msg.Header.Set(jetstream.MsgIDHeader, row.MessageID)
		msgs, seqs = append(msgs, msg), append(seqs, row.Seq)
	}
	return msgs, seqs
}
