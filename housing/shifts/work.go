package shifts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
)

// OpenShift begins a shift.
func (h *Handlers) OpenShift(ctx context.Context, r api.OpenShiftRequestObject) (api.OpenShiftResponseObject, error) {
	var answer api.Shift
	err := h.change(ctx, r.Shift, access.ShiftsWork, func(t *turn) error {
		err := t.open(ctx)
		if err == nil {
			answer, err = t.answer(ctx)
		}
		return err
	})
	return api.OpenShift200JSONResponse{Body: answer, Headers: api.OpenShift200ResponseHeaders{ETag: rest.ETag(answer.Version)}}, err
}

func (t *turn) open(ctx context.Context) error {
	switch {
	case t.shift.Status != planned:
		return problem.New(problem.Conflict, "only a planned shift can be opened; this one is "+t.shift.Status)
	case t.shift.UserID == nil:
		return problem.New(problem.Conflict, "this shift is free: take it first")
	case t.over():
		return problem.New(problem.Conflict, "this shift is over: it was "+t.span(t.shift.StartsAt, t.shift.EndsAt))
	case t.Now.Before(t.shift.StartsAt.Add(-openEarly)):
		return problem.New(problem.Conflict, "it is too early: a shift opens one hour before its start at the earliest; this one is "+t.span(t.shift.StartsAt, t.shift.EndsAt))
	}
	why, err := t.unfit(ctx, *t.shift.UserID)
	if err != nil {
		return err
	}
	if why != "" {
		return problem.New(problem.Conflict, "the person cannot work this shift: they "+why)
	}
	if err := t.closeForgotten(ctx); err != nil {
		return err
	}
	if err := t.noneOpen(ctx); err != nil {
		return err
	}
	t.shift.Status, t.shift.OpenedAt = open, &t.Now
	return t.write(ctx, news{change: events.ShiftOpened, know: []events.Knower{subject(*t.shift.UserID)}, managers: true})
}

// noneOpen refuses if the shift's person has an open one.
func (t *turn) noneOpen(ctx context.Context) error {
	if err := t.LockShiftPerson(ctx, t.caller.Tenant, t.shift.UserID.String()); err != nil {
		return err
	}
	other, err := t.Queries.OpenShift(ctx, t.caller.Tenant, *t.shift.UserID)
	if err == nil {
		return problem.New(problem.Conflict, "the person has an open shift "+t.span(other.StartsAt, other.EndsAt)+": close it first")
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("open shift: %w", err)
	}
	return nil
}

// CloseShift ends a shift and counts what is left to do.
func (h *Handlers) CloseShift(ctx context.Context, r api.CloseShiftRequestObject) (api.CloseShiftResponseObject, error) {
	var answer api.ClosedShift
	err := h.change(ctx, r.Shift, access.ShiftsWork, func(t *turn) error {
		if t.shift.Status != open {
			return problem.New(problem.Conflict, "only an open shift can be closed; this one is "+t.shift.Status)
		}
		if err := t.close(ctx, ""); err != nil {
			return err
		}
		left, err := t.ShiftOpenRequests(ctx, t.caller.Tenant, *t.shift.UserID)
		if err != nil {
			return fmt.Errorf("count open requests: %w", err)
		}
		shift, err := t.answer(ctx)
		answer = api.ClosedShift{Shift: shift, OpenRequests: int(left)}
		return err
	})
	return api.CloseShift200JSONResponse{Body: answer, Headers: api.CloseShift200ResponseHeaders{ETag: rest.ETag(answer.Shift.Version)}}, err
}

// close ends an open shift; why is for those who did not ask for it.
func (t *turn) close(ctx context.Context, why string) error {
	if err := t.withdrawOffer(ctx, "the shift was closed"); err != nil {
		return err
	}
	// The shift's time shrinks: whoever plans this person waits and sees it.
	if err := t.LockShiftPerson(ctx, t.caller.Tenant, t.shift.UserID.String()); err != nil {
		return err
	}
	t.end()
	return t.write(ctx, news{change: events.ShiftClosed, reason: why, know: []events.Knower{subject(*t.shift.UserID)}, managers: true})
}

// end closes the shift now. What is left of its time is free again; closed
// before its start, it takes up no time at all.
func (t *turn) end() {
	t.shift.Status, t.shift.ClosedAt = closed, &t.Now
	if t.Now.Before(t.shift.EndsAt) {
		t.shift.EndsAt = later(t.Now, t.shift.StartsAt)
	}
}

// TakeShift gives a free shift to who asks.
func (h *Handlers) TakeShift(ctx context.Context, r api.TakeShiftRequestObject) (api.TakeShiftResponseObject, error) {
	var answer api.Shift
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		t, err := begin(ctx, w, r.Shift)
		if err != nil {
			return err
		}
		if err = t.take(ctx); err == nil {
			answer, err = t.answer(ctx)
		}
		return err
	})
	return api.TakeShift200JSONResponse{Body: answer, Headers: api.TakeShift200ResponseHeaders{ETag: rest.ETag(answer.Version)}}, err
}

func (t *turn) take(ctx context.Context) error {
	if err := t.caller.Require(access.ShiftsWork, true); err != nil {
		return err
	}
	if t.caller.IsMachine() {
		return problem.New(problem.Forbidden, "only a person can take a shift: change the shift to give it to somebody")
	}
	if t.shift.UserID != nil {
		return t.taken(ctx)
	}
	if t.shift.Status != planned || t.over() {
		return problem.New(problem.Conflict, "this shift cannot be taken any more")
	}
	why, err := t.unfit(ctx, t.caller.User)
	if err != nil {
		return err
	}
	if why != "" {
		return problem.New(problem.Forbidden, "who takes this shift must be approved and have the role "+t.shift.Role)
	}
	if err := t.reserve(ctx, t.caller.User, t.shift.StartsAt, t.shift.EndsAt); err != nil {
		return err
	}
	t.shift.UserID, t.shift.Reason = &t.caller.User, nil
	return t.write(ctx, news{change: events.ShiftTaken, know: []events.Knower{subject(t.caller.User)}, managers: true})
}

// taken says who was faster.
func (t *turn) taken(ctx context.Context) error {
	person, err := t.named(ctx, *t.shift.UserID)
	if err != nil {
		return err
	}
	return &problem.Problem{
		Code: problem.AlreadyTaken, Detail: "this shift has somebody already",
		By: &problem.Person{ID: person.ID, Name: person.Name},
	}
}

// ReleaseShift makes a planned shift free.
func (h *Handlers) ReleaseShift(ctx context.Context, r api.ReleaseShiftRequestObject) (api.ReleaseShiftResponseObject, error) {
	var answer api.Shift
	err := h.change(ctx, r.Shift, access.ShiftsWork, func(t *turn) error {
		err := t.release(ctx, r.Body.Reason)
		if err == nil {
			answer, err = t.answer(ctx)
		}
		return err
	})
	return api.ReleaseShift200JSONResponse{Body: answer, Headers: api.ReleaseShift200ResponseHeaders{ETag: rest.ETag(answer.Version)}}, err
}

func (t *turn) release(ctx context.Context, reason string) error {
	switch {
	case t.shift.Status != planned:
		return problem.New(problem.Conflict, "only a planned shift can be released; this one is "+t.shift.Status)
	case t.shift.UserID == nil:
		return problem.New(problem.Conflict, "this shift is free already")
	case t.over():
		return problem.New(problem.Conflict, "this shift is over")
	}
	if err := t.withdrawOffer(ctx, "the shift was released"); err != nil {
		return err
	}
	was := subject(*t.shift.UserID)
	t.shift.UserID, t.shift.Reason = nil, &reason
	return t.write(ctx, news{
		change: events.ShiftReleased, reason: reason, know: []events.Knower{was, holder(t.shift)},
		managers: t.shift.Role != string(access.Manager), // who are told already: any of them may take it
	})
}
