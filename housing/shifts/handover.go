package shifts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// What an offer may become.
const (
	accepted  = "accepted"
	declined  = "declined"
	withdrawn = "withdrawn"
)

// OfferHandover asks somebody to take a shift over.
func (h *Handlers) OfferHandover(ctx context.Context, r api.OfferHandoverRequestObject) (api.OfferHandoverResponseObject, error) {
	var answer api.Handover
	err := h.change(ctx, r.Shift, access.ShiftsHandover, func(t *turn) error {
		id, err := t.offer(ctx, r.Body.To, r.Body.Reason)
		if err != nil {
			return err
		}
		answer, err = t.handover(ctx, id)
		return err
	})
	return api.OfferHandover201JSONResponse(answer), err
}

func (t *turn) offer(ctx context.Context, to uuid.UUID, reason string) (uuid.UUID, error) {
	if err := t.offerable(ctx); err != nil {
		return uuid.Nil, err
	}
	if to == *t.shift.UserID {
		return uuid.Nil, problem.InvalidField("/to", "has this shift already")
	}
	why, err := t.unfit(ctx, to)
	if err != nil {
		return uuid.Nil, err
	}
	if why != "" {
		return uuid.Nil, problem.InvalidField("/to", why)
	}
	if err := t.reserve(ctx, to, t.restFrom(), t.shift.EndsAt); err != nil {
		return uuid.Nil, err
	}
	id := uuid.Must(uuid.NewV7())
	offer := db.ShiftHandover{ID: id, ShiftID: t.shift.ID, FromID: *t.shift.UserID, ToID: to, Reason: reason}
	err = t.InsertHandover(ctx, db.InsertHandoverParams{
		TenantID: t.caller.Tenant, ID: id, ShiftID: offer.ShiftID, FromID: offer.FromID, ToID: to, Reason: reason, Now: t.Now,
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("offer: %w", err)
	}
	return id, t.tell(ctx, events.ShiftHandoverOffered, reason, offer, false)
}

// offerable refuses to offer what cannot be handed over now.
func (t *turn) offerable(ctx context.Context) error {
	switch {
	case t.shift.UserID == nil:
		return problem.New(problem.Conflict, "this shift is free: it has nobody who could hand it over")
	case t.shift.Status != planned && t.shift.Status != open:
		return problem.New(problem.Conflict, "only a planned or open shift can be handed over; this one is "+t.shift.Status)
	case t.over():
		return problem.New(problem.Conflict, "this shift is over: there is nothing left to hand over")
	}
	_, err := t.OfferedHandover(ctx, t.caller.Tenant, t.shift.ID)
	if err == nil {
		return problem.New(problem.Exists, "this shift is on offer already: withdraw that offer first")
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("offer of shift %s: %w", t.shift.ID, err)
	}
	return nil
}

// restFrom is from when on the other person has the shift: of an open one only
// what is left of it.
func (t *turn) restFrom() time.Time {
	if t.shift.Status == open {
		return later(t.Now, t.shift.StartsAt)
	}
	return t.shift.StartsAt
}

// tell writes the shift and announces to both people, and to the managers where
// they must know, what became of an offer.
func (t *turn) tell(ctx context.Context, change, reason string, offer db.ShiftHandover, managers bool) error {
	from, err := t.named(ctx, offer.FromID)
	if err != nil {
		return err
	}
	to, err := t.named(ctx, offer.ToID)
	if err != nil {
		return err
	}
	brief := &events.HandoverBrief{ID: offer.ID.String(), From: from, To: to, Moved: int(offer.Moved)}
	if offer.NextShiftID != nil {
		brief.NextShift = offer.NextShiftID.String()
	}
	know := []events.Knower{subject(offer.FromID), subject(offer.ToID)}
	return t.write(ctx, news{change: change, reason: reason, handover: brief, know: know, managers: managers})
}

// handover is one as it is now.
func (t *turn) handover(ctx context.Context, id uuid.UUID) (api.Handover, error) {
	row, err := t.Handover(ctx, t.caller.Tenant, id)
	if err != nil {
		return api.Handover{}, fmt.Errorf("hand-over %s: %w", id, err)
	}
	return handoverView(row, t.Now), nil
}

// withdrawOffer takes back the offer of a shift that is about to change, if
// there is one: who answers it would answer to something else.
func (t *turn) withdrawOffer(ctx context.Context, why string) error {
	offer, err := t.OfferedHandover(ctx, t.caller.Tenant, t.shift.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("offer of shift %s: %w", t.shift.ID, err)
	}
	return t.decide(ctx, offer, withdrawn, &why)
}

// decide ends an offer that moves nothing.
func (t *turn) decide(ctx context.Context, offer db.ShiftHandover, status string, answer *string) error {
	offer, err := t.DecideHandover(ctx, db.DecideHandoverParams{
		TenantID: t.caller.Tenant, ID: offer.ID, Status: status, Answer: answer, Now: &t.Now,
	})
	if err != nil {
		return fmt.Errorf("%s hand-over: %w", status, err)
	}
	return t.tell(ctx, "handover."+status, value(answer), offer, false)
}

// ahead orders people for locking.
func ahead(a, b uuid.UUID) (first, second uuid.UUID) {
	if bytes.Compare(a[:], b[:]) > 0 {
		return b, a
	}
	return a, b
}

// settle locks the shift of an offer and lets fn decide it. Whose the offer is,
// own says: it is asked once both are locked and before anything is told.
func (h *Handlers) settle(ctx context.Context, id uuid.UUID, own func(db.ShiftHandover) uuid.UUID, fn func(*turn, db.ShiftHandover) error) (api.Handover, error) {
	var answer api.Handover
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		tenant := access.From(ctx).Tenant
		found, err := w.Handover(ctx, tenant, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("hand-over")
		}
		if err != nil {
			return fmt.Errorf("hand-over %s: %w", id, err)
		}
		t, err := begin(ctx, w, found.Shift.ID)
		if err != nil {
			return err
		}
		if err := t.caller.Require(access.ShiftsHandover, t.caller.Is(own(found.ShiftHandover))); err != nil {
			return err
		}
		offer, err := t.OfferedHandover(ctx, tenant, t.shift.ID)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && offer.ID != id {
			return t.decided(ctx, id)
		}
		if err != nil {
			return fmt.Errorf("hand-over %s: %w", id, err)
		}
		if err := fn(t, offer); err != nil {
			return err
		}
		answer, err = t.handover(ctx, id)
		return err
	})
	return answer, err
}

// decided says that somebody was faster.
func (t *turn) decided(ctx context.Context, id uuid.UUID) error {
	now, err := t.handover(ctx, id)
	if err != nil {
		return err
	}
	return problem.New(problem.Conflict, "this hand-over is not on offer any more: it was "+string(now.Status))
}

func sender(h db.ShiftHandover) uuid.UUID    { return h.FromID }
func recipient(h db.ShiftHandover) uuid.UUID { return h.ToID }

// DeclineHandover refuses a shift that was offered.
func (h *Handlers) DeclineHandover(ctx context.Context, r api.DeclineHandoverRequestObject) (api.DeclineHandoverResponseObject, error) {
	answer, err := h.settle(ctx, r.Handover, recipient, func(t *turn, offer db.ShiftHandover) error {
		return t.decide(ctx, offer, declined, &r.Body.Reason)
	})
	return api.DeclineHandover200JSONResponse(answer), err
}

// WithdrawHandover takes an offer back.
func (h *Handlers) WithdrawHandover(ctx context.Context, r api.WithdrawHandoverRequestObject) (api.WithdrawHandoverResponseObject, error) {
	answer, err := h.settle(ctx, r.Handover, sender, func(t *turn, offer db.ShiftHandover) error {
		return t.decide(ctx, offer, withdrawn, nil)
	})
	return api.WithdrawHandover200JSONResponse(answer), err
}
