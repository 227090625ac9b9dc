package shifts

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// CreateShift plans a shift, somebody's or a free one.
func (h *Handlers) CreateShift(ctx context.Context, r api.CreateShiftRequestObject) (api.CreateShiftResponseObject, error) {
	var answer api.Shift
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		t, err := plan(ctx, w, *r.Body)
		if err == nil {
			answer, err = t.answer(ctx)
		}
		return err
	})
	return api.CreateShift201JSONResponse{Body: answer, Headers: api.CreateShift201ResponseHeaders{ETag: rest.ETag(answer.Version)}}, err
}

func plan(ctx context.Context, w *unit.Work, body api.NewShift) (*turn, error) {
	caller := access.From(ctx)
	if err := caller.Require(access.ShiftsPlan, false); err != nil {
		return nil, err
	}
	c, err := company.Load(ctx, w.Queries, caller.Tenant)
	if err != nil {
		return nil, err
	}
	t := &turn{Work: w, company: c, caller: caller, actor: asActor(caller), shift: db.Shift{
		ID: uuid.Must(uuid.NewV7()), UserID: body.UserId, Role: string(body.Role), Status: planned,
		StartsAt: moment(body.StartsAt), EndsAt: moment(body.EndsAt), Note: value(body.Note),
	}}
	if err := checkTimes(t.shift.StartsAt, t.shift.EndsAt, w.Now); err != nil {
		return nil, err
	}
	if err := t.fits(ctx, "/user_id"); err != nil {
		return nil, err
	}
	return t, t.insert(ctx, news{change: events.ShiftPlanned, know: []events.Knower{holder(t.shift)}})
}

// fits refuses a person who cannot have the shift as it stands in the turn;
// pointer is the field that names the person.
func (t *turn) fits(ctx context.Context, pointer string) error {
	if t.shift.UserID == nil {
		return nil
	}
	why, err := t.unfit(ctx, *t.shift.UserID)
	if err != nil {
		return err
	}
	if why != "" {
		return problem.InvalidField(pointer, why)
	}
	return t.reserve(ctx, *t.shift.UserID, t.shift.StartsAt, t.shift.EndsAt)
}

// UpdateShift changes a planned shift.
func (h *Handlers) UpdateShift(ctx context.Context, r api.UpdateShiftRequestObject) (api.UpdateShiftResponseObject, error) {
	var answer api.Shift
	err := h.change(ctx, r.Shift, access.ShiftsPlan, func(t *turn) error {
		if err := rest.MustMatch(r.Params.IfMatch, t.shift.Version); err != nil {
			return err
		}
		err := t.edit(ctx, *r.Body)
		if err == nil {
			answer, err = t.answer(ctx)
		}
		return err
	})
	return api.UpdateShift200JSONResponse{Body: answer, Headers: api.UpdateShift200ResponseHeaders{ETag: rest.ETag(answer.Version)}}, err
}

func (t *turn) edit(ctx context.Context, body api.ShiftChange) error {
	if t.shift.Status != planned {
		return problem.New(problem.Conflict, "only a planned shift can be changed; this one is "+t.shift.Status)
	}
	before, after := t.shift, changed(t.shift, body)
	know := []events.Knower{holder(after)}
	if before.UserID != nil && *before.UserID != *after.UserID {
		know = append(know, subject(*before.UserID))
	}
	moved := !sameTurn(before, after)
	if moved {
		if err := checkTimes(after.StartsAt, after.EndsAt, t.Now); err != nil {
			return err
		}
		if err := t.withdrawOffer(ctx, "the shift was changed"); err != nil {
			return err
		}
	}
	t.shift = changed(t.shift, body)
	if moved {
		if err := t.fits(ctx, "/user_id"); err != nil {
			return err
		}
	}
	return t.write(ctx, news{change: events.ShiftEdited, know: know})
}

// changed is a shift with what a body says.
func changed(s db.Shift, body api.ShiftChange) db.Shift {
	if body.UserId != nil {
		s.UserID = body.UserId
	}
	if body.Role != nil {
		s.Role = string(*body.Role)
	}
	if body.StartsAt != nil {
		s.StartsAt = moment(*body.StartsAt)
	}
	if body.EndsAt != nil {
		s.EndsAt = moment(*body.EndsAt)
	}
	if body.Note != nil {
		s.Note = *body.Note
	}
	return s
}

// sameTurn says whether nobody needs to be asked again: person, role and time are the same.
func sameTurn(a, b db.Shift) bool {
	samePerson := a.UserID == b.UserID || a.UserID != nil && b.UserID != nil && *a.UserID == *b.UserID
	return samePerson && a.Role == b.Role && a.StartsAt.Equal(b.StartsAt) && a.EndsAt.Equal(b.EndsAt)
}

// CancelShift cancels a planned shift.
func (h *Handlers) CancelShift(ctx context.Context, r api.CancelShiftRequestObject) (api.CancelShiftResponseObject, error) {
	var answer api.Shift
	err := h.change(ctx, r.Shift, access.ShiftsPlan, func(t *turn) error {
		if t.shift.Status != planned {
			return problem.New(problem.Conflict, "only a planned shift can be cancelled; this one is "+t.shift.Status)
		}
		if err := t.withdrawOffer(ctx, "the shift was cancelled"); err != nil {
			return err
		}
		t.shift.Status, t.shift.Reason = cancelled, &r.Body.Reason
		err := t.write(ctx, news{change: events.ShiftCancelled, reason: r.Body.Reason, know: []events.Knower{holder(t.shift)}})
		if err == nil {
			answer, err = t.answer(ctx)
		}
		return err
	})
	return api.CancelShift200JSONResponse{Body: answer, Headers: api.CancelShift200ResponseHeaders{ETag: rest.ETag(answer.Version)}}, err
}
