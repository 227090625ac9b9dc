package shifts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/sql/db"
)

// key is where a page of shifts ends.
type key struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// ListShifts lists shifts by start.
func (h *Handlers) ListShifts(ctx context.Context, r api.ListShiftsRequestObject) (api.ListShiftsResponseObject, error) {
	caller, p, limit := access.From(ctx), r.Params, rest.Limit(r.Params.Limit)
	var after key
	if err := rest.ReadCursor(p.Cursor, &after); err != nil {
		return nil, err
	}
	// No shift is longer: what starts before that ends before from.
	if p.From != nil && after.At.Before(p.From.Add(-shiftMax)) {
		after = key{At: p.From.Add(-shiftMax)}
	}
	rows, err := visible(ctx, h.deps.Store.Read(ctx), seenBy(caller, access.ShiftsView), db.ListShiftsParams{
		TenantID: caller.Tenant, AfterStart: after.At, AfterID: after.ID, EndsAfter: p.From, StartsBefore: p.To, Person: p.User,
		Role: (*string)(p.Role), Status: (*string)(p.Status), Free: value(p.Free), Items: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("shifts: %w", err)
	}
	rows, next := rest.Page(rows, limit, func(row db.ListShiftsRow) any { return key{row.Shift.StartsAt.UTC(), row.Shift.ID} })
	items := make([]api.Shift, len(rows))
	for i, row := range rows {
		items[i] = shiftView(row.Shift, row.Person, h.deps.Store.Now())
	}
	return api.ListShifts200JSONResponse{Items: items, NextCursor: next}, nil
}

// visible is a page of what a person sees: their own shifts and free ones, each
// from its own index; nil sees all.
func visible(ctx context.Context, q *db.Queries, person *uuid.UUID, arg db.ListShiftsParams) ([]db.ListShiftsRow, error) {
	if person == nil {
		return q.ListShifts(ctx, arg)
	}
	var rows []db.ListShiftsRow
	if !arg.Free && (arg.Person == nil || *arg.Person == *person) {
		own := arg
		own.Person = person
		found, err := q.ListShifts(ctx, own)
		if err != nil {
			return nil, err
		}
		rows = found
	}
	if arg.Person == nil {
		arg.Free = true
		found, err := q.ListShifts(ctx, arg)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	slices.SortFunc(rows, byStart)
	return rows[:min(len(rows), int(arg.Items))], nil
}

func byStart(a, b db.ListShiftsRow) int {
	return cmp.Or(a.Shift.StartsAt.Compare(b.Shift.StartsAt), bytes.Compare(a.Shift.ID[:], b.Shift.ID[:]))
}

// seenBy is whose things alone a list may show; nil: everybody's.
func seenBy(caller access.Caller, action access.Action) *uuid.UUID {
	if caller.May(action) == access.Any {
		return nil
	}
	return &caller.User
}

// GetShift is one shift.
func (h *Handlers) GetShift(ctx context.Context, r api.GetShiftRequestObject) (api.GetShiftResponseObject, error) {
	caller := access.From(ctx)
	row, err := h.deps.Store.Read(ctx).Shift(ctx, caller.Tenant, r.Shift)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.Missing("shift")
	}
	if err != nil {
		return nil, err
	}
	s := row.Shift
	if err := caller.Require(access.ShiftsView, s.UserID == nil || caller.Is(*s.UserID)); err != nil {
		return nil, err
	}
	return api.GetShift200JSONResponse{Body: shiftView(s, row.Person, h.deps.Store.Now()), Headers: api.GetShift200ResponseHeaders{ETag: rest.ETag(s.Version)}}, nil
}

// ListHandovers lists hand-overs, newest first.
func (h *Handlers) ListHandovers(ctx context.Context, r api.ListHandoversRequestObject) (api.ListHandoversResponseObject, error) {
	caller, p, limit := access.From(ctx), r.Params, rest.Limit(r.Params.Limit)
	var before key
	if err := rest.ReadCursor(p.Cursor, &before); err != nil {
		return nil, err
	}
	arg := db.ListHandoversParams{
		TenantID: caller.Tenant, BeforeTime: earlier(before), BeforeID: before.ID, Status: (*string)(p.Status),
		SeenBy: seenBy(caller, access.ShiftsHandover), Items: int32(limit + 1),
	}
	switch string(value(p.Mine)) {
	case "to":
		arg.ToID = &caller.User
	case "from":
		arg.FromID = &caller.User
	}
	rows, err := h.deps.Store.Read(ctx).ListHandovers(ctx, arg)
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(row db.ListHandoversRow) any {
		return key{row.ShiftHandover.CreatedAt.UTC(), row.ShiftHandover.ID}
	})
	items := make([]api.Handover, len(rows))
	for i, row := range rows {
		items[i] = handoverView(db.HandoverRow(row), h.deps.Store.Now())
	}
	return api.ListHandovers200JSONResponse{Items: items, NextCursor: next}, nil
}

// earlier is where a page that goes back in time begins; nil: at the newest.
func earlier(k key) *time.Time {
	if k.At.IsZero() {
		return nil
	}
	return &k.At
}
