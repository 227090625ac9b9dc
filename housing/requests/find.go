package requests

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// Find is the request of an id or a number, if the caller may see it: NotFound
// if the tenant has none, Forbidden if it is none of theirs.
func Find(ctx context.Context, q *db.Queries, caller access.Caller, ref string) (db.Request, error) {
	known, err := skills(ctx, q, caller)
	if err != nil {
		return db.Request{}, err
	}
	return viewer{Caller: caller, skills: known}.find(ctx, q, ref)
}

// Lock is Find for changing: the row stays locked until the unit ends.
func Lock(ctx context.Context, q *db.Queries, caller access.Caller, ref string) (db.Request, error) {
	known, err := skills(ctx, q, caller)
	if err != nil {
		return db.Request{}, err
	}
	return viewer{Caller: caller, skills: known}.lock(ctx, q, ref)
}

func (v viewer) find(ctx context.Context, q *db.Queries, ref string) (db.Request, error) {
	row, err := read(ctx, q, v.Tenant, ref)
	if err == nil && !v.sees(row) {
		err = errNotYours()
	}
	return row, err
}

func (v viewer) lock(ctx context.Context, q *db.Queries, ref string) (db.Request, error) {
	row, err := lock(ctx, q, v.Tenant, ref)
	if err == nil && !v.sees(row) {
		err = errNotYours()
	}
	return row, err
}

func errNotYours() error { return problem.New(problem.Forbidden, "this request is not yours") }

func read(ctx context.Context, q *db.Queries, tenant, ref string) (db.Request, error) {
	if id, err := uuid.Parse(ref); err == nil {
		return found(ref)(q.RequestByID(ctx, tenant, id))
	}
	return found(ref)(q.RequestByNumber(ctx, tenant, ref))
}

func lock(ctx context.Context, q *db.Queries, tenant, ref string) (db.Request, error) {
	if id, err := uuid.Parse(ref); err == nil {
		return found(ref)(q.LockRequest(ctx, tenant, id))
	}
	return found(ref)(q.LockRequestByNumber(ctx, tenant, ref))
}

// found makes a problem of no row.
func found(ref string) func(db.Request, error) (db.Request, error) {
	return func(row db.Request, err error) (db.Request, error) {
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return row, problem.Missing("request")
		case err != nil:
			return row, fmt.Errorf("request %s: %w", ref, err)
		}
		return row, nil
	}
}
