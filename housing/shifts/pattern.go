package shifts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Lengths in minutes.
const (
	dayMinutes  = 24 * 60
	weekMinutes = 7 * dayMinutes
)

// person refuses what the caller may not do with a person of the tenant.
func person(ctx context.Context, q *db.Queries, id uuid.UUID, action access.Action) (access.Caller, error) {
	caller := access.From(ctx)
	_, err := q.ShiftPerson(ctx, caller.Tenant, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return caller, problem.Missing("user")
	}
	if err != nil {
		return caller, fmt.Errorf("person %s: %w", id, err)
	}
	return caller, caller.Require(action, caller.Is(id))
}

// GetSchedule is a person's usual week.
func (h *Handlers) GetSchedule(ctx context.Context, r api.GetScheduleRequestObject) (api.GetScheduleResponseObject, error) {
	q := h.deps.Store.Read(ctx)
	caller, err := person(ctx, q, r.User, access.ScheduleView)
	if err != nil {
		return nil, err
	}
	rows, err := q.ShiftPattern(ctx, caller.Tenant, r.User)
	if err != nil {
		return nil, fmt.Errorf("schedule of %s: %w", r.User, err)
	}
	items := make([]api.ScheduleSpan, len(rows))
	for i, row := range rows {
		items[i] = api.ScheduleSpan{Weekday: int(row.Weekday), Starts: clockText(row.Starts), Ends: clockText(row.Ends)}
	}
	return api.GetSchedule200JSONResponse{Items: items}, nil
}

// PutSchedule replaces a person's usual week. Shifts that are planned stay.
func (h *Handlers) PutSchedule(ctx context.Context, r api.PutScheduleRequestObject) (api.PutScheduleResponseObject, error) {
	items := slices.Clone(r.Body.Items)
	slices.SortFunc(items, func(a, b api.ScheduleSpan) int { return begins(a) - begins(b) })
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		caller, err := person(ctx, w.Queries, r.User, access.ScheduleEdit)
		if err != nil {
			return err
		}
		if err := checkWeek(r.Body.Items); err != nil {
			return err
		}
		// Two who replace the same week would leave a mixture of both.
		if err := w.LockShiftPerson(ctx, caller.Tenant, r.User.String()); err != nil {
			return err
		}
		if err := w.ClearShiftPattern(ctx, caller.Tenant, r.User); err != nil {
			return err
		}
		rows := make([]db.InsertShiftPatternParams, len(items))
		for i, span := range items {
			rows[i] = db.InsertShiftPatternParams{
				TenantID: caller.Tenant, UserID: r.User, Weekday: int16(span.Weekday), Starts: clock(span.Starts), Ends: clock(span.Ends),
			}
		}
		_, err = w.InsertShiftPattern(ctx, rows)
		return err
	})
	return api.PutSchedule200JSONResponse{Items: items}, err
}

// checkWeek refuses spans that overlap, also from Sunday into Monday.
func checkWeek(items []api.ScheduleSpan) error {
	for i, a := range items {
		for j, b := range items[:i] {
			if meets(a, b) {
				return problem.InvalidField(fmt.Sprintf("/items/%d", i), fmt.Sprintf("overlaps /items/%d", j))
			}
		}
	}
	return nil
}

// meets says whether two spans of a week that repeats share a minute.
func meets(a, b api.ScheduleSpan) bool {
	for _, weeks := range []int{-1, 0, 1} {
		from := begins(b) + weeks*weekMinutes
		if begins(a) < from+lasts(b) && from < begins(a)+lasts(a) {
			return true
		}
	}
	return false
}

// begins is a span's start in minutes since Monday 0:00.
func begins(s api.ScheduleSpan) int { return (s.Weekday-1)*dayMinutes + minutes(s.Starts) }

// lasts is a span's length in minutes; what does not end after its start ends the next day.
func lasts(s api.ScheduleSpan) int {
	length := minutes(s.Ends) - minutes(s.Starts)
	if length <= 0 {
		length += dayMinutes
	}
	return length
}

// minutes of a clock time such as "08:30", which the document has checked.
func minutes(text string) int {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

func clock(text string) pgtype.Time {
	return pgtype.Time{Microseconds: (time.Duration(minutes(text)) * time.Minute).Microseconds(), Valid: true}
}

func clockText(t pgtype.Time) string {
	m := clockMinutes(t)
	return fmt.Sprintf("%02d:%02d", m/60, m%60)
}

func clockMinutes(t pgtype.Time) int {
	return int(time.Duration(t.Microseconds) * time.Microsecond / time.Minute)
}
