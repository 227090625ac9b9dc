package requests

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// HandOver gives everything that an executor has in hand to another, who must
// be an executor of the company c, and says how many requests that were.
// Their statuses and clocks stay as they are.
func HandOver(ctx context.Context, w *unit.Work, c company.Company, actor access.Caller, from, to uuid.UUID, reason string) (moved int, err error) {
	held, err := w.LockHeldRequests(ctx, c.Tenant, from)
	if err != nil {
		return 0, fmt.Errorf("requests of %s: %w", from, err)
	}
	for _, row := range held {
		err := Change(ctx, w, &row, Entry{
			Actor: By(actor), Action: ActionHandOver, Event: events.RequestHandedOver, Reason: reason, Inside: true,
			Set: func(r *db.Request) { r.ExecutorID = &to },
		})
		if err != nil {
			return 0, err
		}
	}
	return len(held), nil
}
