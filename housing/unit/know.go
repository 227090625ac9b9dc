package unit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ukbot/events"
)

// Managers is who must know of what concerns the managers of a tenant.
func (w *Work) Managers(ctx context.Context, tenant string) ([]events.Knower, error) {
	onShift, err := w.ManagersOnShift(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("managers on shift: %w", err)
	}
	return Managers(onShift), nil
}

// Managers is those who are on shift or, when none is, all there are.
func Managers(onShift []uuid.UUID) []events.Knower {
	if len(onShift) == 0 {
		return []events.Knower{{Relation: events.RelationManager}}
	}
	know := make([]events.Knower, len(onShift))
	for i, manager := range onShift {
		know[i] = events.Knower{Person: manager.String(), Relation: events.RelationManager}
	}
	return know
}
