package bots

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/nats"
)

// keepEvery is how soon a bot reaches the gateway that was stored while the
// streams were away.
const keepEvery = 30 * time.Second

// Keep keeps the gateway's copy of the bots equal to the database's, until ctx ends.
func Keep(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn, log zerolog.Logger) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		if err := Sync(ctx, pool, conn); err != nil && ctx.Err() == nil {
			log.Debug().Err(err).Msg("bots not compared")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
