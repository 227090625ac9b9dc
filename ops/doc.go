// Package ops is for the operators: what happened to an event, again if need
// be, and is everything well.
//
//	page, err := ops.ListEvents(ctx, deps, ops.Filter{Tenant: "default", Status: "failed"})
//	story, err := ops.ShowEvent(ctx, deps, "default", "evt_1", "")
//	again, err := ops.RetryEvent(ctx, deps, "default", "evt_1", "")
//	ops.Register(app, deps, keys) // the same over HTTP, behind API keys
//	health.Register(app, registry)
//
// The functions know no HTTP: the commands call them too. Whoever calls says
// which tenant is meant, and nothing of another tenant is ever found, not even
// that it is there. Nothing here handles an event or changes a record: a retry
// is a copy of the stored event put into the stream it came from, and the
// workers do the rest. No answer holds a secret, an address of a dependency or
// a whole chat id.
package ops

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/sql/db"
)

// Deps is what the functions work on.
type Deps struct {
	Pool      *pgxpool.Pool
	NATS      *nats.Conn
	Publisher *nats.Publisher // for retries and replays
	Log       zerolog.Logger
}

func (d Deps) queries() *db.Queries { return db.New(d.Pool) }
