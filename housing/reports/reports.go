// Package reports finds repair requests among a million, counts them and makes
// tables of them.
//
// It promises that a list shows what its caller may see and nothing else, that
// its pages survive new requests, and that an export needs no more memory for a
// million rows than for a thousand. It changes no request.
package reports

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Deps is what the operations stand on.
type Deps struct {
	Store unit.Store
	Log   zerolog.Logger
}

// Handlers is the operations.
type Handlers struct {
	store unit.Store
	log   zerolog.Logger
}

// New makes the operations.
func New(deps Deps) *Handlers {
	return &Handlers{store: deps.Store, log: deps.Log}
}

// planned has each statement planned with its arguments, in one round trip: the
// plan of a list with one filter is not that of another. Whatever PostgreSQL has
// cached of the statement is never used.
type planned struct{ db.DBTX }

// Query runs a statement.
func (p planned) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.DBTX.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}

// found is the queries that are planned with their arguments.
func (h *Handlers) found() *db.Queries { return db.New(planned{h.store.Pool}) }

// nobody stands for no executor.
var nobody uuid.UUID
