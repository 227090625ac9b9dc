// Package requests is repair requests over HTTP: made, taken, worked on,
// accepted; commented, corrected, remembered. What may be done stands in
// package workflow, when it is late in package sla.
//
// It promises that every change of a request goes through Change: one row, one
// version, one line of history, one event, together. It never touches shifts,
// files' bytes or the lists and figures of package reports.
package requests

import (
	"context"

	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Deps is what the operations stand on.
type Deps struct {
	Store unit.Store
}

// Handlers is the operations.
type Handlers struct {
	store unit.Store
}

// New makes the operations.
func New(deps Deps) *Handlers { return &Handlers{store: deps.Store} }

// work is one change that a caller asks for, inside its unit.
type work struct {
	*unit.Work
	viewer
}

// do runs fn in a unit of work, with the caller looked up.
func (h *Handlers) do(ctx context.Context, fn func(work) error) error {
	return h.store.Do(ctx, func(w *unit.Work) error {
		v, err := h.viewer(ctx, w.Queries)
		if err != nil {
			return err
		}
		v.now = w.Now
		return fn(work{w, v})
	})
}

// viewer is the caller of a request, as the company of now sees them.
func (h *Handlers) viewer(ctx context.Context, q *db.Queries) (viewer, error) {
	caller := access.From(ctx)
	c, err := company.Load(ctx, q, caller.Tenant)
	if err != nil {
		return viewer{}, err
	}
	return look(ctx, q, caller, c, h.store.Now())
}
