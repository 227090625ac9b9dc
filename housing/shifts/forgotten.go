package shifts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// overtimeMax is how long after its end a shift may stay open: half a usual
// shift. Until then whoever has it is on shift, as somebody finishing a job is;
// after that it was forgotten.
const overtimeMax = 6 * time.Hour

// CloseForgotten closes the shifts of all companies that were forgotten. Many
// may call it at once.
func (h *Handlers) CloseForgotten(ctx context.Context) error {
	companies, err := h.deps.Store.Read(ctx).Companies(ctx)
	if err != nil {
		return fmt.Errorf("list companies: %w", err)
	}
	for _, row := range companies {
		for more := true; more; {
			err := h.deps.Store.Own(ctx, func(w *unit.Work) (err error) {
				c, err := company.Load(ctx, w.Queries, row.TenantID)
				if err != nil {
					return err
				}
				t := &turn{Work: w, company: c, caller: access.Caller{Tenant: row.TenantID}, actor: byClock()}
				more, err = t.closeOver(ctx, nil, w.Now.Add(-overtimeMax), "nobody closed the shift")
				return err
			})
			if err != nil {
				return fmt.Errorf("forgotten shifts of %s: %w", row.TenantID, err)
			}
		}
	}
	return nil
}

// closeForgotten closes the shift that the person of this one forgot to close.
func (t *turn) closeForgotten(ctx context.Context) error {
	before := *t
	_, err := before.closeOver(ctx, t.shift.UserID, t.Now, "the next shift was opened")
	return err
}

// closeOver makes an open shift that ended before a time the turn's, and closes
// it; false if there is none. One that somebody is changing now is passed over:
// it is not the first shift that the turn locks, and must not wait.
func (t *turn) closeOver(ctx context.Context, person *uuid.UUID, before time.Time, why string) (bool, error) {
	shift, err := t.LockForgottenShift(ctx, db.LockForgottenShiftParams{TenantID: t.caller.Tenant, Person: person, Before: before})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("forgotten shift: %w", err)
	}
	t.shift = shift
	return true, t.close(ctx, why)
}
