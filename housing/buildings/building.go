package buildings

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/spelling"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

func present(row db.BuildingRow) api.Building {
	return api.Building{
		Id: row.Building.ID, Address: row.Building.Address, Lat: row.Building.Lat, Lon: row.Building.Lon,
		Yard:      api.YardRef{Id: row.Building.YardID, Name: row.Yard},
		Entrances: int(row.Entrances), Apartments: int(row.Apartments),
	}
}

// GetBuilding is one building.
func (h *Handlers) GetBuilding(ctx context.Context, r api.GetBuildingRequestObject) (api.GetBuildingResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsView)
	if err != nil {
		return nil, err
	}
	row, err := h.store.Read(ctx).Building(ctx, tenant, r.Building)
	if err != nil {
		return nil, found(err, "building")
	}
	return api.GetBuilding200JSONResponse{
		Body: present(row), Headers: api.GetBuilding200ResponseHeaders{ETag: rest.ETag(row.Building.Version)},
	}, nil
}

// placed refuses half a pair of coordinates.
func placed(lat, lon *float64) error {
	switch {
	case lat != nil && lon == nil:
		return problem.InvalidField("/lon", "lat and lon come together")
	case lat == nil && lon != nil:
		return problem.InvalidField("/lat", "lat and lon come together")
	}
	return nil
}

// CreateBuilding adds a building.
func (h *Handlers) CreateBuilding(ctx context.Context, r api.CreateBuildingRequestObject) (api.CreateBuildingResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	address := clean(r.Body.Address)
	if err := filled("/address", address); err != nil {
		return nil, err
	}
	if err := placed(r.Body.Lat, r.Body.Lon); err != nil {
		return nil, err
	}
	var row db.BuildingRow
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.KeepYard(ctx, tenant, r.Body.YardId); err != nil {
			return referred(err, "/yard_id", "yard")
		}
		rows, err := w.AddBuilding(ctx, db.AddBuildingParams{
			TenantID: tenant, ID: id, YardID: r.Body.YardId, Address: address, Lat: r.Body.Lat, Lon: r.Body.Lon,
			Search: spelling.Fold(address), Now: w.Now,
		})
		if err := added(rows, err, addressTaken); err != nil {
			return err
		}
		row, err = w.Building(ctx, tenant, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.CreateBuilding201JSONResponse{
		Body: present(row), Headers: api.CreateBuilding201ResponseHeaders{ETag: rest.ETag(row.Building.Version)},
	}, nil
}

// UpdateBuilding changes a building.
func (h *Handlers) UpdateBuilding(ctx context.Context, r api.UpdateBuildingRequestObject) (api.UpdateBuildingResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	if err := placed(r.Body.Lat, r.Body.Lon); err != nil {
		return nil, err
	}
	var row db.BuildingRow
	err = h.store.Do(ctx, func(w *unit.Work) error {
		locked, err := w.LockBuilding(ctx, tenant, r.Building)
		if err != nil {
			return found(err, "building")
		}
		if err := rest.MustMatch(r.Params.IfMatch, locked.Version); err != nil {
			return err
		}
		if err := change(ctx, w, locked, *r.Body); err != nil {
			return err
		}
		row, err = w.Building(ctx, tenant, r.Building)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateBuilding200JSONResponse{
		Body: present(row), Headers: api.UpdateBuilding200ResponseHeaders{ETag: rest.ETag(row.Building.Version)},
	}, nil
}

// change writes what a change says into a locked building.
func change(ctx context.Context, w *unit.Work, locked db.Building, say api.BuildingChange) error {
	to := db.UpdateBuildingParams{
		TenantID: locked.TenantID, ID: locked.ID, YardID: locked.YardID, Address: locked.Address,
		Lat: locked.Lat, Lon: locked.Lon, Now: w.Now,
	}
	if say.YardId != nil {
		if _, err := w.KeepYard(ctx, locked.TenantID, *say.YardId); err != nil {
			return referred(err, "/yard_id", "yard")
		}
		to.YardID = *say.YardId
	}
	if say.Address != nil {
		to.Address = clean(*say.Address)
		if err := filled("/address", to.Address); err != nil {
			return err
		}
	}
	if say.Lat != nil {
		to.Lat, to.Lon = say.Lat, say.Lon
	}
	to.Search = spelling.Fold(to.Address)
	return taken(w.UpdateBuilding(ctx, to), addressTaken)
}

// DeleteBuilding removes a building that nothing refers to.
func (h *Handlers) DeleteBuilding(ctx context.Context, r api.DeleteBuildingRequestObject) (api.DeleteBuildingResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.LockBuilding(ctx, tenant, r.Building); err != nil {
			return found(err, "building")
		}
		of, err := w.BuildingUse(ctx, tenant, r.Building)
		if err != nil {
			return err
		}
		if err := unused(use{of.Entrances, "entrance"}, use{of.Apartments, "apartment"}, use{of.Requests, "request"}); err != nil {
			return err
		}
		return w.DeleteBuilding(ctx, tenant, r.Building)
	})
	if err != nil {
		return nil, err
	}
	return api.DeleteBuilding204Response{}, nil
}
