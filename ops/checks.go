package ops

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/nats"
)

// The dependencies there are. Whether one is critical depends on the role: the
// ingress needs NATS only.

// CheckNATS asks the servers for a round trip and JetStream for its account.
func CheckNATS(conn *nats.Conn, critical bool) Check {
	return Check{Name: "nats", Critical: critical, Probe: func(ctx context.Context) error {
		if !conn.IsConnected() {
			return Reason("not connected")
		}
		if err := conn.FlushWithContext(ctx); err != nil {
			return fmt.Errorf("round trip: %w", err)
		}
		if _, err := conn.JS.AccountInfo(ctx); err != nil {
			return fmt.Errorf("jetstream: %w", err)
		}
		return nil
	}}
}

// pendingAgain is how long a schema without pending migrations is believed to stay so.
const pendingAgain = time.Minute

// CheckPostgres asks PostgreSQL for an answer and, once a minute, pending for
// migrations that the schema lacks (nil: nobody asks).
func CheckPostgres(pool *pgxpool.Pool, critical bool, pending func(context.Context) (int, error)) Check {
	var current atomic.Int64 // until when the schema is believed current, Unix nanoseconds
	return Check{Name: "postgres", Critical: critical, Probe: func(ctx context.Context) error {
		if err := pool.Ping(ctx); err != nil {
			return fmt.Errorf("ping: %w", err)
		}
		if pending == nil || time.Now().UnixNano() < current.Load() {
			return nil
		}
		n, err := pending(ctx)
		if err != nil {
			return fmt.Errorf("migrations: %w", err)
		}
		if n > 0 {
			return Reason(fmt.Sprintf("%d migrations are pending: run ukbot migrate", n))
		}
		current.Store(time.Now().Add(pendingAgain).UnixNano())
		return nil
	}}
}

// CheckTelegram asks Telegram with the function given; nothing depends on it
// but the arrival of notices.
func CheckTelegram(ask func(context.Context) error) Check {
	return Check{Name: "telegram", Probe: ask}
}
