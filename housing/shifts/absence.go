package shifts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// absenceMax is how long one absence lasts at most: a year of parental leave.
const absenceMax = 366 * 24 * time.Hour

// ListAbsences lists when a person is away, latest end first.
func (h *Handlers) ListAbsences(ctx context.Context, r api.ListAbsencesRequestObject) (api.ListAbsencesResponseObject, error) {
	q, limit := h.deps.Store.Read(ctx), rest.Limit(r.Params.Limit)
	caller, err := person(ctx, q, r.User, access.ScheduleView)
	if err != nil {
		return nil, err
	}
	var before key
	if err := rest.ReadCursor(r.Params.Cursor, &before); err != nil {
		return nil, err
	}
	rows, err := q.ListAbsences(ctx, db.ListAbsencesParams{
		TenantID: caller.Tenant, UserID: r.User, BeforeEnd: earlier(before), BeforeID: before.ID, Items: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("absences of %s: %w", r.User, err)
	}
	rows, next := rest.Page(rows, limit, func(a db.Absence) any { return key{a.EndsAt.UTC(), a.ID} })
	items := make([]api.Absence, len(rows))
	for i, row := range rows {
		items[i] = absenceView(row)
	}
	return api.ListAbsences200JSONResponse{Items: items, NextCursor: next}, nil
}

// AddAbsence says when a person is away, and counts the shifts that this
// touches: they stay until somebody moves them.
func (h *Handlers) AddAbsence(ctx context.Context, r api.AddAbsenceRequestObject) (api.AddAbsenceResponseObject, error) {
	a := db.Absence{
		ID: uuid.Must(uuid.NewV7()), UserID: r.User, StartsAt: moment(r.Body.StartsAt), EndsAt: moment(r.Body.EndsAt), Reason: r.Body.Reason,
	}
	var touched []db.Shift
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		caller, err := person(ctx, w.Queries, r.User, access.ScheduleEdit)
		if err != nil {
			return err
		}
		if err := checkAbsence(a, w.Now); err != nil {
			return err
		}
		// Who plans this person at the same moment waits, and sees the absence.
		if err := w.LockShiftPerson(ctx, caller.Tenant, r.User.String()); err != nil {
			return err
		}
		err = w.InsertAbsence(ctx, db.InsertAbsenceParams{
			TenantID: caller.Tenant, ID: a.ID, UserID: a.UserID, StartsAt: a.StartsAt, EndsAt: a.EndsAt, Reason: a.Reason, Now: w.Now,
		})
		if err != nil {
			return fmt.Errorf("absence: %w", err)
		}
		touched, err = w.ShiftsOfPeople(ctx, db.ShiftsOfPeopleParams{
			TenantID: caller.Tenant, Users: []uuid.UUID{r.User}, Since: a.StartsAt, Earliest: a.StartsAt.Add(-shiftMax), Until: a.EndsAt, Now: w.Now,
		})
		return err
	})
	return api.AddAbsence201JSONResponse{Absence: absenceView(a), PlannedShifts: len(touched)}, err
}

func checkAbsence(a db.Absence, now time.Time) error {
	switch {
	case !a.EndsAt.After(a.StartsAt):
		return problem.InvalidField("/ends_at", "is not after starts_at")
	case a.EndsAt.Sub(a.StartsAt) > absenceMax:
		return problem.InvalidField("/ends_at", "is more than 366 days after starts_at")
	case a.StartsAt.Sub(now) > farAhead, now.Sub(a.StartsAt) > farAhead:
		return problem.InvalidField("/starts_at", "is more than two years away")
	}
	return nil
}

// RemoveAbsence takes an absence back.
func (h *Handlers) RemoveAbsence(ctx context.Context, r api.RemoveAbsenceRequestObject) (api.RemoveAbsenceResponseObject, error) {
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		caller := access.From(ctx)
		a, err := w.LockAbsence(ctx, caller.Tenant, r.Absence)
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("absence")
		}
		if err != nil {
			return fmt.Errorf("absence %s: %w", r.Absence, err)
		}
		if err := caller.Require(access.ScheduleEdit, caller.Is(a.UserID)); err != nil {
			return err
		}
		return w.DeleteAbsence(ctx, caller.Tenant, r.Absence)
	})
	return api.RemoveAbsence204Response{}, err
}
