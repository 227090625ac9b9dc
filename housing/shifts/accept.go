package shifts

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// AcceptHandover takes a shift over. A planned shift changes hands as a whole.
// An open one is cut in two, so that each person's hours stay what they were:
// it is closed now for who offered it, and its rest is a new open shift of who
// accepted, to whom the open requests go.
func (h *Handlers) AcceptHandover(ctx context.Context, r api.AcceptHandoverRequestObject) (api.AcceptHandoverResponseObject, error) {
	answer, err := h.settle(ctx, r.Handover, recipient, func(t *turn, offer db.ShiftHandover) error {
		if err := t.acceptable(ctx, offer); err != nil {
			return err
		}
		if t.shift.Status == open {
			return h.split(ctx, t, offer)
		}
		return t.pass(ctx, offer)
	})
	return api.AcceptHandover200JSONResponse(answer), err
}

// acceptable asks again what the offer asked: people and times may have changed.
func (t *turn) acceptable(ctx context.Context, offer db.ShiftHandover) error {
	if t.over() {
		return problem.New(problem.Conflict, "this shift is over: there is nothing left to take over")
	}
	first, second := ahead(offer.FromID, offer.ToID)
	for _, person := range []uuid.UUID{first, second} {
		if err := t.LockShiftPerson(ctx, t.caller.Tenant, person.String()); err != nil {
			return err
		}
	}
	why, err := t.unfit(ctx, offer.ToID)
	if err != nil {
		return err
	}
	if why != "" {
		return problem.New(problem.Conflict, "who was asked cannot have the shift: the person "+why)
	}
	return t.reserve(ctx, offer.ToID, t.restFrom(), t.shift.EndsAt)
}

// pass gives a planned shift to who accepted.
func (t *turn) pass(ctx context.Context, offer db.ShiftHandover) error {
	offer, err := t.accepted(ctx, offer, t.shift.ID, 0)
	if err != nil {
		return err
	}
	t.shift.UserID = &offer.ToID
	return t.tell(ctx, events.ShiftHandoverAccepted, offer.Reason, offer, true)
}

// split closes an open shift and opens its rest for who accepted.
func (h *Handlers) split(ctx context.Context, t *turn, offer db.ShiftHandover) error {
	rest := &turn{Work: t.Work, company: t.company, caller: t.caller, actor: t.actor, shift: db.Shift{
		ID: uuid.Must(uuid.NewV7()), UserID: &offer.ToID, Role: t.shift.Role, StartsAt: t.restFrom(), EndsAt: t.shift.EndsAt,
		Status: open, OpenedAt: &t.Now, Note: t.shift.Note,
	}}
	if err := rest.noneOpen(ctx); err != nil {
		return err
	}
	opened := news{change: events.ShiftOpened, know: []events.Knower{subject(offer.ToID)}, managers: true}
	if err := rest.insert(ctx, opened); err != nil {
		return err
	}
	moved, err := h.moveRequests(ctx, t, offer)
	if err != nil {
		return err
	}
	if offer, err = t.accepted(ctx, offer, rest.shift.ID, moved); err != nil {
		return err
	}
	t.end()
	return t.tell(ctx, events.ShiftHandoverAccepted, offer.Reason, offer, true)
}

// moveRequests gives the open requests of an executor's shift to who accepted,
// who is on shift by now. A manager has none.
func (h *Handlers) moveRequests(ctx context.Context, t *turn, offer db.ShiftHandover) (int, error) {
	if t.shift.Role != string(access.Executor) {
		return 0, nil
	}
	moved, err := h.deps.HandOver(ctx, t.Work, t.company, t.caller, offer.FromID, offer.ToID, offer.Reason)
	if err != nil {
		return 0, fmt.Errorf("hand over requests: %w", err)
	}
	return moved, nil
}

// accepted notes what came of an offer.
func (t *turn) accepted(ctx context.Context, offer db.ShiftHandover, next uuid.UUID, moved int) (db.ShiftHandover, error) {
	offer, err := t.DecideHandover(ctx, db.DecideHandoverParams{
		TenantID: t.caller.Tenant, ID: offer.ID, Status: accepted, Moved: int32(moved), NextShiftID: &next, Now: &t.Now,
	})
	if err != nil {
		return offer, fmt.Errorf("accept hand-over: %w", err)
	}
	return offer, nil
}
