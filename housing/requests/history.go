package requests

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/rest"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// GetHistory shows a page of a request's changes.
func (h *Handlers) GetHistory(ctx context.Context, r api.GetHistoryRequestObject) (api.GetHistoryResponseObject, error) {
	q := h.store.Read(ctx)
	v, err := h.viewer(ctx, q)
	if err != nil {
		return nil, err
	}
	row, err := v.find(ctx, q, r.Ref)
	if err != nil {
		return nil, err
	}
	var after int64
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	limit := rest.Limit(r.Params.Limit)
	lines, err := q.RequestHistoryPage(ctx, db.RequestHistoryPageParams{
		TenantID: v.Tenant, RequestID: row.ID, After: after, Inside: v.inside(row), Max: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("history of request %s: %w", row.Number, err)
	}
	lines, next := rest.Page(lines, limit, func(l db.RequestHistory) any { return l.Seq })
	items, err := v.history(ctx, q, row, lines)
	if err != nil {
		return nil, err
	}
	return api.GetHistory200JSONResponse{Items: items, NextCursor: next}, nil
}

// history is lines with the names of those in them.
func (v viewer) history(ctx context.Context, q *db.Queries, row db.Request, lines []db.RequestHistory) ([]api.HistoryEntry, error) {
	var actors []string
	var executors []uuid.UUID
	for _, line := range lines {
		actors = append(actors, line.ActorID)
		if line.ExecutorID != nil {
			executors = append(executors, *line.ExecutorID)
		}
	}
	known, err := v.people(ctx, q, actors, executors...)
	if err != nil {
		return nil, err
	}
	items := make([]api.HistoryEntry, 0, len(lines))
	for _, line := range lines {
		item, err := entryOf(line, known)
		if err != nil {
			return nil, fmt.Errorf("history of request %s: %w", row.Number, err)
		}
		if insideReason(line) && !v.inside(row) {
			item.Reason = nil
		}
		items = append(items, item)
	}
	return items, nil
}

// insideReason says whether a line's reason is for staff.
func insideReason(line db.RequestHistory) bool {
	return line.Action == ActionHandOver || workflow.InsideReason(workflow.Status(line.FromStatus), workflow.Action(line.Action))
}

// entryOf is a line as the API shows it.
func entryOf(line db.RequestHistory, known names) (api.HistoryEntry, error) {
	item := api.HistoryEntry{
		Seq: line.Seq, At: line.At.UTC(), Actor: known.author(line.ActorID), Role: line.ActorRole, Action: line.Action,
		ToStatus: api.RequestStatus(line.ToStatus), Executor: known.person(line.ExecutorID), Reason: line.Reason,
		Changes: map[string]api.HistoryChange{},
	}
	if line.FromStatus != "" {
		from := api.RequestStatus(line.FromStatus)
		item.FromStatus = &from
	}
	if line.FromStatus != "" && line.FromStatus != line.ToStatus {
		item.Seconds = &line.Seconds
	}
	changes := map[string][2]any{}
	if err := json.Unmarshal(line.Changes, &changes); err != nil {
		return item, err
	}
	for field, values := range changes {
		item.Changes[field] = api.HistoryChange{From: values[0], To: values[1]}
	}
	return item, nil
}
