package buildings

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// yardKey is where a page of yards ended.
type yardKey struct {
	Name string `json:"n"`
}

// ListYards is a page of yards.
func (h *Handlers) ListYards(ctx context.Context, r api.ListYardsRequestObject) (api.ListYardsResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsView)
	if err != nil {
		return nil, err
	}
	var after yardKey
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	limit := rest.Limit(r.Params.Limit)
	rows, err := h.store.Read(ctx).Yards(ctx, db.YardsParams{TenantID: tenant, After: after.Name, PageSize: int32(limit + 1)})
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(row db.YardsRow) any { return yardKey{row.Name} })
	page := api.ListYards200JSONResponse{Items: make([]api.Yard, 0, len(rows)), NextCursor: next}
	for _, row := range rows {
		page.Items = append(page.Items, api.Yard{Id: row.ID, Name: row.Name, Buildings: int(row.Buildings), Etag: rest.ETag(row.Version)})
	}
	return page, nil
}

// CreateYard adds a yard.
func (h *Handlers) CreateYard(ctx context.Context, r api.CreateYardRequestObject) (api.CreateYardResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	name := clean(r.Body.Name)
	if err := filled("/name", name); err != nil {
		return nil, err
	}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		rows, err := w.AddYard(ctx, db.AddYardParams{TenantID: tenant, ID: id, Name: name, Now: w.Now})
		return added(rows, err, yardTaken)
	})
	if err != nil {
		return nil, err
	}
	return api.CreateYard201JSONResponse{
		Body:    api.Yard{Id: id, Name: name, Etag: rest.ETag(1)},
		Headers: api.CreateYard201ResponseHeaders{ETag: rest.ETag(1)},
	}, nil
}

// UpdateYard renames a yard.
func (h *Handlers) UpdateYard(ctx context.Context, r api.UpdateYardRequestObject) (api.UpdateYardResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	name := clean(r.Body.Name)
	if err := filled("/name", name); err != nil {
		return nil, err
	}
	yard := api.Yard{Id: r.Yard, Name: name}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		row, err := w.LockYard(ctx, tenant, r.Yard)
		if err != nil {
			return found(err, "yard")
		}
		if err := rest.MustMatch(r.Params.IfMatch, row.Version); err != nil {
			return err
		}
		yard.Etag = rest.ETag(row.Version + 1)
		if err := w.RenameYard(ctx, db.RenameYardParams{TenantID: tenant, ID: r.Yard, Name: name, Now: w.Now}); err != nil {
			return taken(err, yardTaken)
		}
		buildings, err := w.YardUse(ctx, tenant, r.Yard)
		yard.Buildings = int(buildings)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateYard200JSONResponse{Body: yard, Headers: api.UpdateYard200ResponseHeaders{ETag: yard.Etag}}, nil
}

// DeleteYard removes a yard in which nothing stands.
func (h *Handlers) DeleteYard(ctx context.Context, r api.DeleteYardRequestObject) (api.DeleteYardResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.LockYard(ctx, tenant, r.Yard); err != nil {
			return found(err, "yard")
		}
		buildings, err := w.YardUse(ctx, tenant, r.Yard)
		if err != nil {
			return err
		}
		if err := unused(use{buildings, "building"}); err != nil {
			return err
		}
		return w.DeleteYard(ctx, tenant, r.Yard)
	})
	if err != nil {
		return nil, err
	}
	return api.DeleteYard204Response{}, nil
}
