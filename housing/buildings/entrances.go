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

// numberKey is where a page of entrances or apartments ended.
type numberKey struct {
	Key string    `json:"k"` // sort_key
	ID  uuid.UUID `json:"i"`
}

// ListEntrances is a page of a building's entrances.
func (h *Handlers) ListEntrances(ctx context.Context, r api.ListEntrancesRequestObject) (api.ListEntrancesResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsView)
	if err != nil {
		return nil, err
	}
	var after numberKey
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	q, limit := h.store.Read(ctx), rest.Limit(r.Params.Limit)
	if _, err := q.BuildingExists(ctx, tenant, r.Building); err != nil {
		return nil, found(err, "building")
	}
	rows, err := q.Entrances(ctx, db.EntrancesParams{
		TenantID: tenant, BuildingID: r.Building, AfterKey: after.Key, AfterID: after.ID, PageSize: int32(limit + 1),
	})
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(row db.EntrancesRow) any { return numberKey{row.SortKey, row.ID} })
	page := api.ListEntrances200JSONResponse{Items: make([]api.Entrance, 0, len(rows)), NextCursor: next}
	for _, row := range rows {
		page.Items = append(page.Items, api.Entrance{Id: row.ID, BuildingId: r.Building, Number: row.Number, Apartments: int(row.Apartments)})
	}
	return page, nil
}

// CreateEntrance adds an entrance to a building.
func (h *Handlers) CreateEntrance(ctx context.Context, r api.CreateEntranceRequestObject) (api.CreateEntranceResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	number := cleanNumber(r.Body.Number)
	if err := filled("/number", number); err != nil {
		return nil, err
	}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.KeepBuilding(ctx, tenant, r.Building); err != nil {
			return found(err, "building")
		}
		rows, err := w.AddEntrance(ctx, db.AddEntranceParams{TenantID: tenant, ID: id, BuildingID: r.Building, Number: number})
		return added(rows, err, entranceTaken)
	})
	if err != nil {
		return nil, err
	}
	return api.CreateEntrance201JSONResponse{Id: id, BuildingId: r.Building, Number: number}, nil
}

// DeleteEntrance removes an entrance without apartments.
func (h *Handlers) DeleteEntrance(ctx context.Context, r api.DeleteEntranceRequestObject) (api.DeleteEntranceResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.LockEntrance(ctx, tenant, r.Entrance); err != nil {
			return found(err, "entrance")
		}
		apartments, err := w.EntranceUse(ctx, tenant, r.Entrance)
		if err != nil {
			return err
		}
		if err := unused(use{apartments, "apartment"}); err != nil {
			return err
		}
		return w.DeleteEntrance(ctx, tenant, r.Entrance)
	})
	if err != nil {
		return nil, err
	}
	return api.DeleteEntrance204Response{}, nil
}
