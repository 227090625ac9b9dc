package users

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/rest"
	"ukbot/sql/db"
)

// executorCursor is where a page of executors ended. Load is 0 in a list by name.
type executorCursor struct {
	Load int64     `json:"l"`
	Name string    `json:"n"`
	ID   uuid.UUID `json:"i"`
}

// ListExecutors is who can do the work, and how busy they are.
func (h *Handlers) ListExecutors(ctx context.Context, r api.ListExecutorsRequestObject) (api.ListExecutorsResponseObject, error) {
	after, limit := executorCursor{Load: -1}, rest.Limit(r.Params.Limit)
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	rows, err := h.deps.Store.Read(ctx).Executors(ctx, db.ExecutorsParams{
		TenantID: access.From(ctx).Tenant, Specialisation: string(optional(r.Params.Specialisation)), OnShift: r.Params.OnShift,
		ByLoad:    optional(r.Params.Sort) != "name",
		AfterLoad: after.Load, AfterName: after.Name, AfterID: after.ID, PageSize: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("executors: %w", err)
	}
	rows, next := rest.Page(rows, limit, func(row db.ExecutorsRow) any { return executorCursor{row.Load, row.Name, row.ID} })
	items := make([]api.Executor, len(rows))
	for i, row := range rows {
		items[i] = tellExecutor(row)
	}
	return api.ListExecutors200JSONResponse{Items: items, NextCursor: next}, nil
}

func tellExecutor(row db.ExecutorsRow) api.Executor {
	e := api.Executor{
		Id: row.ID, Name: row.Name, Phone: row.Phone, Specialisations: words[api.Category](row.Specialisations),
		OnShift: row.OnShift, OpenRequests: int(row.OpenRequests),
	}
	if row.Rating > 0 {
		e.Rating = &row.Rating
	}
	return e
}
