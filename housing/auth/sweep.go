package auth

import (
	"context"
	"time"

	"ukbot/nats"
)

// sweepBatch is how many rows one statement removes.
const sweepBatch = 5_000

// keepOver is how long a session that is over stays, for people to see.
const keepOver = 7 * 24 * time.Hour

// leased does what one replica of all does: the rotation of signing keys and
// the removal of what has expired.
func (a *Auth) leased(ctx context.Context) {
	err := nats.RunLeased(ctx, a.conn, "auth", func(ctx context.Context) error {
		every(ctx, sweepEvery, func(ctx context.Context) {
			if err := a.ring.rotate(ctx, rotateAfter); err != nil {
				a.warn(ctx, err, "signing keys not rotated")
			}
			if err := a.sweep(ctx); err != nil {
				a.warn(ctx, err, "what has expired is not removed")
			}
		})
		return nil
	})
	if err != nil {
		a.warn(ctx, err, "leased work ended")
	}
}

// sweep removes what has expired, of all tenants, in batches.
func (a *Auth) sweep(ctx context.Context) error {
	q, now := a.db(), a.store.Now()
	if _, err := q.SweepSigningKeys(ctx, now.Add(-keepOver)); err != nil {
		return err
	}
	if _, err := q.SweepRevocations(ctx, now.Add(-2*rememberFor)); err != nil {
		return err
	}
	if err := inBatches(func() (int64, error) {
		return q.SweepRefreshTokens(ctx, now, sweepBatch)
	}); err != nil {
		return err
	}
	return inBatches(func() (int64, error) {
		return q.SweepSessions(ctx, now.Add(-keepOver), sweepBatch)
	})
}

// inBatches removes until a batch is not full.
func inBatches(remove func() (int64, error)) error {
	for {
		n, err := remove()
		if err != nil || n < sweepBatch {
			return err
		}
	}
}
