package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// replay tells the request's life from its history, compares the end with the
// row and gives the lines.
func (f *firm) replay(t *testing.T, id uuid.UUID) []db.RequestHistory {
	ctx, q := context.Background(), db.New(f.pool)
	row, err := q.RequestByID(ctx, tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := q.RequestHistoryPage(ctx, db.RequestHistoryPageParams{TenantID: tenant, RequestID: id, Inside: true, Max: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if row.Version != int64(len(lines)) {
		t.Errorf("version %d, but %d lines of history", row.Version, len(lines))
	}
	told := db.Request{}
	for i, line := range lines {
		if line.Seq != int64(i+1) || line.FromStatus != told.Status || line.At.Before(told.UpdatedAt) {
			t.Errorf("line %d is number %d, from %q after %q, at %s after %s", i+1, line.Seq, line.FromStatus, told.Status, line.At, told.UpdatedAt)
		}
		tell(t, &told, line)
	}
	for what, pair := range map[string][2]any{
		"status":      {told.Status, row.Status},
		"executor":    {fmt.Sprint(told.ExecutorID), fmt.Sprint(row.ExecutorID)},
		"category":    {told.Category, row.Category},
		"urgency":     {told.Urgency, row.Urgency},
		"description": {told.Description, row.Description},
		"stars":       {number16(told.Stars), number16(row.Stars)},
		"review":      {told.Review != nil, row.Review != nil},
		"status time": {told.StatusSince.UTC(), row.StatusSince.UTC()},
		"last change": {told.UpdatedAt.UTC(), row.UpdatedAt.UTC()},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: history tells %v, the row says %v", what, pair[0], pair[1])
		}
	}
	return lines
}

func number16(n *int16) int {
	if n == nil {
		return 0
	}
	return int(*n)
}

// tell applies a line of history to what was told so far.
func tell(t *testing.T, told *db.Request, line db.RequestHistory) {
	changes := map[string][2]any{}
	if err := json.Unmarshal(line.Changes, &changes); err != nil {
		t.Error(err)
	}
	for field, to := range changes {
		switch field {
		case "category":
			told.Category = to[1].(string)
		case "urgency":
			told.Urgency = to[1].(string)
		case "description":
			told.Description = to[1].(string)
		case "stars":
			stars := int16(to[1].(float64))
			told.Stars = &stars
		case "review":
			review := to[1].(string)
			told.Review = &review
		default:
			t.Errorf("history tells of %q", field)
		}
	}
	if told.Status != line.ToStatus {
		told.StatusSince = line.At
	}
	told.Status, told.ExecutorID, told.UpdatedAt = line.ToStatus, line.ExecutorID, line.At
}

// checkEvents expects one event for each line of history, in its order.
func checkEvents(t *testing.T, told []events.RequestChanged, lines []db.RequestHistory) {
	if len(told) != len(lines) {
		t.Errorf("%d events of %d changes", len(told), len(lines))
		return
	}
	for i, e := range told {
		if e.Request.Version != lines[i].Seq || e.Action != lines[i].Action || e.To != lines[i].ToStatus {
			t.Errorf("event %d tells of version %d, %s to %s; history of %d, %s to %s",
				i+1, e.Request.Version, e.Action, e.To, lines[i].Seq, lines[i].Action, lines[i].ToStatus)
		}
		resident := slices.ContainsFunc(e.Know, func(k events.Knower) bool { return k.Relation == events.RelationApplicant })
		if e.Internal == resident || e.Internal != (e.Action == ActionNote) {
			t.Errorf("%s: internal %v, the resident is told: %v", e.Action, e.Internal, resident)
		}
	}
}

// told is every event about requests, by request, in the order of publishing.
func (f *firm) told() map[uuid.UUID][]events.RequestChanged {
	rows, err := f.pool.Query(context.Background(), "SELECT data FROM outbox WHERE subject LIKE 'housing.request.%' ORDER BY seq")
	if err != nil {
		f.t.Fatal(err)
	}
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		f.t.Fatal(err)
	}
	told := map[uuid.UUID][]events.RequestChanged{}
	for _, body := range bodies {
		var e events.RequestChanged
		if err := json.Unmarshal(body, &e); err != nil {
			f.t.Fatal(err)
		}
		id := uuid.MustParse(e.Request.ID)
		told[id] = append(told[id], e)
	}
	return told
}

// TestTimeDoesNotGoBack: who waits for a request's lock has begun before the
// one who holds it.
func TestTimeDoesNotGoBack(t *testing.T) {
	f := newFirm(t)
	resident, executor, began := f.person(access.Applicant), f.person(access.Executor, "plumbing"), *f.now.Load()
	number, err := f.make(t.Context(), resident)
	if err != nil {
		t.Fatal(err)
	}
	f.set(began.Add(time.Hour))
	if _, _, err := f.handlers.act(access.With(t.Context(), executor), number, nil, workflow.Take, given{}); err != nil {
		t.Fatal(err)
	}
	f.set(began.Add(time.Minute))
	text := "нужна прокладка"
	shown, _, err := f.handlers.act(access.With(t.Context(), executor), number, nil, workflow.Buy, given{comment: &text})
	if err != nil || !shown.StatusSince.Equal(began.Add(time.Hour)) {
		t.Errorf("in purchase since %s, %v; want since it was taken, %s", shown.StatusSince, err, began.Add(time.Hour))
	}
	for _, line := range f.replay(t, shown.Id) {
		if line.Seconds < 0 {
			t.Errorf("line %d: %d seconds in %s", line.Seq, line.Seconds, line.FromStatus)
		}
	}
}
