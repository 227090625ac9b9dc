package shifts

import (
	"context"
	"time"

	"ukbot/api"
	"ukbot/sql/db"
)

// answer is the shift as it stands in the turn, for who changed it.
func (t *turn) answer(ctx context.Context) (api.Shift, error) {
	if t.shift.UserID == nil {
		return shiftView(t.shift, nil, t.Now), nil
	}
	person, err := t.named(ctx, *t.shift.UserID)
	return shiftView(t.shift, &person.Name, t.Now), err
}

func shiftView(s db.Shift, person *string, now time.Time) api.Shift {
	view := api.Shift{
		Id: s.ID, Role: api.ShiftRole(s.Role), StartsAt: s.StartsAt.UTC(), EndsAt: s.EndsAt.UTC(), Status: api.ShiftStatus(s.Status),
		Note: s.Note, Reason: s.Reason, OpenedAt: utc(s.OpenedAt), ClosedAt: utc(s.ClosedAt), Version: s.Version,
	}
	if s.Status == open && s.EndsAt.Before(now) {
		view.Late = new(true)
	}
	if s.UserID != nil && person != nil {
		view.User = &api.PersonRef{Id: s.UserID.String(), Name: *person}
	}
	return view
}

func handoverView(row db.HandoverRow, now time.Time) api.Handover {
	h := row.ShiftHandover
	return api.Handover{
		Id: h.ID, Shift: shiftView(row.Shift, row.Person, now), Reason: h.Reason, Status: api.HandoverStatus(h.Status),
		From: api.PersonRef{Id: h.FromID.String(), Name: row.FromName}, To: api.PersonRef{Id: h.ToID.String(), Name: row.ToName},
		Answer: h.Answer, Moved: int(h.Moved), NextShiftId: h.NextShiftID, CreatedAt: h.CreatedAt.UTC(), DecidedAt: utc(h.DecidedAt),
	}
}

func absenceView(a db.Absence) api.Absence {
	return api.Absence{Id: a.ID, UserId: a.UserID, StartsAt: a.StartsAt.UTC(), EndsAt: a.EndsAt.UTC(), Reason: a.Reason}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// value is what a pointer points to, zero if it is nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
