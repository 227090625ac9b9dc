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

// ListApartments is a page of a building's apartments.
func (h *Handlers) ListApartments(ctx context.Context, r api.ListApartmentsRequestObject) (api.ListApartmentsResponseObject, error) {
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
	rows, err := q.ApartmentsOf(ctx, db.ApartmentsOfParams{
		TenantID: tenant, BuildingID: r.Building, EntranceID: r.Params.Entrance, AfterKey: after.Key, AfterID: after.ID, PageSize: int32(limit + 1),
	})
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(row db.ApartmentsOfRow) any { return numberKey{row.Apartment.SortKey, row.Apartment.ID} })
	page := api.ListApartments200JSONResponse{Items: make([]api.Apartment, 0, len(rows)), NextCursor: next}
	for _, row := range rows {
		page.Items = append(page.Items, api.Apartment{
			Id: row.Apartment.ID, BuildingId: row.Apartment.BuildingID, Number: row.Apartment.Number,
			Floor: floorOut(row.Apartment.Floor), Entrance: entranceRef(row.Apartment.EntranceID, row.Entrance),
		})
	}
	return page, nil
}

func entranceRef(id *uuid.UUID, number string) *api.EntranceRef {
	if id == nil {
		return nil
	}
	return &api.EntranceRef{Id: *id, Number: number}
}

func floorOut(floor *int16) *int {
	if floor == nil {
		return nil
	}
	return new(int(*floor))
}

func floorIn(floor *int) *int16 {
	if floor == nil {
		return nil
	}
	return new(int16(*floor)) // the document's bounds are far inside
}

func details(row db.ApartmentDetailsRow) api.ApartmentDetails {
	a := row.Apartment
	return api.ApartmentDetails{
		Id: a.ID, Number: a.Number, Floor: floorOut(a.Floor), Entrance: entranceRef(a.EntranceID, row.Entrance),
		Building: api.BuildingRef{Id: a.BuildingID, Address: row.Address}, Yard: api.YardRef{Id: row.YardID, Name: row.Yard},
	}
}

// GetApartment is one apartment and where it lies.
func (h *Handlers) GetApartment(ctx context.Context, r api.GetApartmentRequestObject) (api.GetApartmentResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsView)
	if err != nil {
		return nil, err
	}
	row, err := h.store.Read(ctx).ApartmentDetails(ctx, tenant, r.Apartment)
	if err != nil {
		return nil, found(err, "apartment")
	}
	return api.GetApartment200JSONResponse{
		Body: details(row), Headers: api.GetApartment200ResponseHeaders{ETag: rest.ETag(row.Apartment.Version)},
	}, nil
}

// keepEntrance refuses an entrance that is not of the building.
func keepEntrance(ctx context.Context, w *unit.Work, tenant string, building uuid.UUID, entrance *uuid.UUID) error {
	if entrance == nil {
		return nil
	}
	_, err := w.KeepEntrance(ctx, db.KeepEntranceParams{TenantID: tenant, BuildingID: building, ID: *entrance})
	return referred(err, "/entrance_id", "entrance in this building")
}

// CreateApartment adds an apartment to a building.
func (h *Handlers) CreateApartment(ctx context.Context, r api.CreateApartmentRequestObject) (api.CreateApartmentResponseObject, error) {
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
	var row db.ApartmentDetailsRow
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.KeepBuilding(ctx, tenant, r.Building); err != nil {
			return found(err, "building")
		}
		if err := keepEntrance(ctx, w, tenant, r.Building, r.Body.EntranceId); err != nil {
			return err
		}
		rows, err := w.AddApartment(ctx, db.AddApartmentParams{
			TenantID: tenant, ID: id, BuildingID: r.Building, EntranceID: r.Body.EntranceId, Number: number, Floor: floorIn(r.Body.Floor), Now: w.Now,
		})
		if err := added(rows, err, apartmentTaken); err != nil {
			return err
		}
		row, err = w.ApartmentDetails(ctx, tenant, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.CreateApartment201JSONResponse{
		Body: details(row), Headers: api.CreateApartment201ResponseHeaders{ETag: rest.ETag(row.Apartment.Version)},
	}, nil
}

// UpdateApartment changes an apartment.
func (h *Handlers) UpdateApartment(ctx context.Context, r api.UpdateApartmentRequestObject) (api.UpdateApartmentResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	var row db.ApartmentDetailsRow
	err = h.store.Do(ctx, func(w *unit.Work) error {
		locked, err := w.LockApartment(ctx, tenant, r.Apartment)
		if err != nil {
			return found(err, "apartment")
		}
		if err := rest.MustMatch(r.Params.IfMatch, locked.Version); err != nil {
			return err
		}
		if err := renumber(ctx, w, locked, *r.Body); err != nil {
			return err
		}
		row, err = w.ApartmentDetails(ctx, tenant, r.Apartment)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateApartment200JSONResponse{
		Body: details(row), Headers: api.UpdateApartment200ResponseHeaders{ETag: rest.ETag(row.Apartment.Version)},
	}, nil
}

// renumber writes what a change says into a locked apartment.
func renumber(ctx context.Context, w *unit.Work, locked db.Apartment, say api.ApartmentChange) error {
	to := db.UpdateApartmentParams{
		TenantID: locked.TenantID, ID: locked.ID, EntranceID: locked.EntranceID, Number: locked.Number, Floor: locked.Floor, Now: w.Now,
	}
	if say.Number != nil {
		to.Number = cleanNumber(*say.Number)
		if err := filled("/number", to.Number); err != nil {
			return err
		}
	}
	if say.EntranceId != nil {
		if err := keepEntrance(ctx, w, locked.TenantID, locked.BuildingID, say.EntranceId); err != nil {
			return err
		}
		to.EntranceID = say.EntranceId
	}
	if say.Floor != nil {
		to.Floor = floorIn(say.Floor)
	}
	return taken(w.UpdateApartment(ctx, to), apartmentTaken)
}

// DeleteApartment removes an apartment that nothing refers to.
func (h *Handlers) DeleteApartment(ctx context.Context, r api.DeleteApartmentRequestObject) (api.DeleteApartmentResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsEdit)
	if err != nil {
		return nil, err
	}
	err = h.store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.LockApartment(ctx, tenant, r.Apartment); err != nil {
			return found(err, "apartment")
		}
		of, err := w.ApartmentUse(ctx, tenant, r.Apartment)
		if err != nil {
			return err
		}
		if err := unused(use{of.People, "resident"}, use{of.Invitations, "invitation"}, use{of.Requests, "request"}); err != nil {
			return err
		}
		return w.DeleteApartment(ctx, tenant, r.Apartment)
	})
	if err != nil {
		return nil, err
	}
	return api.DeleteApartment204Response{}, nil
}
