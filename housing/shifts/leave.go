package shifts

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Leave takes a person out of the plan who may not work in some roles any more:
// shifts to come become free, an open one closes, what was offered to them is
// withdrawn. Requests stay with the person until somebody assigns them: left
// says how many. The person is locked and changed before.
func (h *Handlers) Leave(ctx context.Context, w *unit.Work, by access.Caller, user uuid.UUID, roles []string, why string) (freed, left int, err error) {
	c, err := company.Load(ctx, w.Queries, by.Tenant)
	if err != nil {
		return 0, 0, err
	}
	all, err := lockLeft(ctx, w, db.LockShiftsLeftParams{TenantID: by.Tenant, UserID: user, Roles: roles, Now: w.Now})
	if err != nil {
		return 0, 0, err
	}
	for _, shift := range all {
		t := &turn{Work: w, company: c, caller: by, actor: asActor(by), shift: shift}
		switch {
		case shift.UserID == nil || *shift.UserID != user:
			err = t.withdrawOffer(ctx, why)
		case shift.Status == open:
			err = t.close(ctx, why)
		default:
			freed++
			err = t.release(ctx, why)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	if !slices.Contains(roles, string(access.Executor)) {
		return freed, 0, nil
	}
	open, err := w.ShiftOpenRequests(ctx, by.Tenant, user)
	if err != nil {
		return 0, 0, fmt.Errorf("count open requests: %w", err)
	}
	return freed, int(open), nil
}

// lockLeft locks the shifts of a person who leaves, and those offered to them.
// Shifts are locked before the person's time, as everywhere; one that came
// between would be forgotten, and waiting for it could wait for ever.
func lockLeft(ctx context.Context, w *unit.Work, arg db.LockShiftsLeftParams) ([]db.Shift, error) {
	all, err := w.LockShiftsLeft(ctx, arg)
	if err != nil {
		return nil, fmt.Errorf("shifts of %s: %w", arg.UserID, err)
	}
	if err := w.LockShiftPerson(ctx, arg.TenantID, arg.UserID.String()); err != nil {
		return nil, err
	}
	now, err := w.CountShiftsLeft(ctx, db.CountShiftsLeftParams(arg))
	if err != nil {
		return nil, fmt.Errorf("shifts of %s: %w", arg.UserID, err)
	}
	if int(now) != len(all) {
		return nil, problem.New(problem.Conflict, "the person's shifts were changed at this moment: try again")
	}
	return all, nil
}
