// Package db is the rows: the queries that sqlc generated from sql/queries
// (*.gen.go) and the pool they run on. It holds no rule of the domain.
package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/tracelog"
	"github.com/rs/zerolog"
)

// PoolConfig is a pool of connections to PostgreSQL.
type PoolConfig struct {
	URL      string // holds the password: never logged
	MaxConns int    // default 12; keep the sum over all processes below the server's max_connections
	Log      zerolog.Logger
}

// connectTimeout bounds one attempt to connect.
const connectTimeout = 3 * time.Second

// errBadURL stands for the parser's error, which would repeat the password.
var errBadURL = errors.New("DATABASE_URL is not a PostgreSQL URL (postgres://user:password@host:5432/database)")

// NewPool makes a pool without connecting: PostgreSQL may come later.
func NewPool(ctx context.Context, cfg PoolConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errBadURL
	}
	config.MaxConns = 12
	if cfg.MaxConns > 0 {
		config.MaxConns = int32(cfg.MaxConns)
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.HealthCheckPeriod = 5 * time.Second
	config.ConnConfig.Tracer = &tracelog.TraceLog{
		Logger: queryLog{cfg.Log}, LogLevel: tracelog.LogLevelError,
		Config: &tracelog.TraceLogConfig{TimeKey: "took_ms"}, // "time" is zerolog's
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	return pool, nil
}

// Open makes a pool and checks that PostgreSQL answers.
func Open(ctx context.Context, cfg PoolConfig) (*pgxpool.Pool, error) {
	pool, err := NewPool(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database does not answer: %w", err)
	}
	return pool, nil
}

// queryLog logs failed queries at debug: whoever ran one logs or returns the
// error, once. Arguments are customer data and are left out.
type queryLog struct{ log zerolog.Logger }

func (l queryLog) Log(_ context.Context, _ tracelog.LogLevel, msg string, data map[string]any) {
	delete(data, "args")
	l.log.Debug().Str("component", "database").Fields(data).Msg("query: " + msg)
}

// IsAway says whether an error means that PostgreSQL cannot be reached or cannot
// work now (stopped, starting, out of connections or disk), not that a statement is wrong.
func IsAway(err error) bool {
	if err == nil {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "57", "58", "40": // connection, resources, operator, system, serialisation and deadlock
			return true
		}
		return pg.Code == "25006" // read only: a standby that is being promoted
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) || isClosed(err)
}

// isClosed recognises a connection that broke under a query; pgx wraps io errors as text only.
func isClosed(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unexpected EOF") || strings.Contains(text, "conn closed") || strings.Contains(text, "closed pool") ||
		strings.Contains(text, "connection reset") || strings.Contains(text, "broken pipe")
}

// InTx runs fn in one transaction on queries bound to it.
func InTx(ctx context.Context, pool *pgxpool.Pool, fn func(*Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return fn(New(tx), tx) })
}
