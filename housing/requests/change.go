package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/sla"
	"ukbot/housing/unit"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// Actions of the history that are none of the workflow's.
const (
	ActionCreate   = "create"
	ActionEdit     = "edit"
	ActionComment  = "comment"
	ActionNote     = "note" // an internal comment
	ActionFile     = "file"
	ActionHandOver = "hand_over"
	ActionSLA      = "sla" // a deadline passed
)

// Actor is who changes a request.
type Actor struct{ ID, Role string }

// By is a caller as an actor.
func By(caller access.Caller) Actor { return Actor{ID: caller.ID(), Role: caller.RoleName()} }

// ByClock is the actor of what nobody asked for: deadlines.
func ByClock() Actor { return Actor{ID: "clock", Role: "system"} }

// Entry is one change of a request, and why.
type Entry struct {
	Actor    Actor
	Action   string            // a workflow.Action or one of the above
	Event    string            // events.RequestAssigned …
	Reason   string            // reason, comment or review: for history and event
	Text     string            // of the event where it is not Reason: what history need not repeat
	Inside   bool              // Reason is for staff: the event does not tell it
	Internal bool              // the change is for staff: no resident is told
	Clock    string            // of the event: which deadline
	Set      func(*db.Request) // what changes; version, clocks and times follow by themselves
}

// Change is the one place where a request changes. The row must be locked. It
// writes the row, one line of history, one event and, where the deadlines may
// have moved, their schedule; row is then as it is stored.
func Change(ctx context.Context, w *unit.Work, row *db.Request, e Entry) error {
	before := *row
	// Who waited for the lock began earlier than who had it: time goes on all the same.
	now := w.Now
	if now.Before(row.UpdatedAt) {
		now = row.UpdatedAt
	}
	if e.Set != nil {
		e.Set(row)
	}
	row.Version, row.UpdatedAt = before.Version+1, now
	if row.Status != before.Status {
		row.StatusSince = now
		if workflow.ClockOf(workflow.Status(row.Status)) == workflow.Stopped {
			row.ClosedAt = &now
		}
		sla.Moved(row, workflow.Status(before.Status), workflow.Status(row.Status), now)
	}
	if err := store(ctx, w, before, *row, e); err != nil {
		return err
	}
	people, err := audience(ctx, w, *row)
	if err != nil {
		return err
	}
	if err := announce(w, before, *row, e, people); err != nil {
		return err
	}
	if row.Status != before.Status || row.Urgency != before.Urgency || e.Action == ActionSLA {
		return sla.Arm(w, *row)
	}
	return nil
}

// store writes the row and its line of history.
func store(ctx context.Context, w *unit.Work, before, row db.Request, e Entry) error {
	stored, err := w.UpdateRequest(ctx, updated(row))
	if err != nil {
		return fmt.Errorf("change request %s: %w", row.ID, err)
	}
	if stored != 1 {
		return fmt.Errorf("change request %s: it is not locked at version %d", row.ID, before.Version)
	}
	return remember(ctx, w, before, row, e)
}

// remember writes a line of history; before is zero for the first.
func remember(ctx context.Context, w *unit.Work, before, row db.Request, e Entry) error {
	changes, err := json.Marshal(difference(before, row))
	if err != nil {
		return fmt.Errorf("history of request %s: %w", row.ID, err)
	}
	line := db.InsertRequestHistoryParams{
		TenantID: row.TenantID, RequestID: row.ID, Seq: row.Version, At: row.UpdatedAt,
		ActorID: e.Actor.ID, ActorRole: e.Actor.Role, Action: e.Action,
		FromStatus: before.Status, ToStatus: row.Status, ExecutorID: row.ExecutorID, Changes: changes,
	}
	if e.Reason != "" {
		line.Reason = &e.Reason
	}
	if before.Status != "" && before.Status != row.Status {
		line.Seconds = int64(row.UpdatedAt.Sub(before.StatusSince) / time.Second)
	}
	if err := w.InsertRequestHistory(ctx, line); err != nil {
		return fmt.Errorf("history of request %s: %w", row.ID, err)
	}
	return nil
}

// difference is the fields that changed, each as [from, to]. Status and
// executor have columns of their own in history.
func difference(before, row db.Request) map[string][2]any {
	changes := map[string][2]any{}
	note := func(field string, from, to any, same bool) {
		if !same {
			changes[field] = [2]any{from, to}
		}
	}
	note("category", text(before.Category), row.Category, before.Category == row.Category)
	note("urgency", text(before.Urgency), row.Urgency, before.Urgency == row.Urgency)
	note("description", text(before.Description), row.Description, before.Description == row.Description)
	note("stars", before.Stars, row.Stars, same(before.Stars, row.Stars))
	note("review", before.Review, row.Review, same(before.Review, row.Review))
	return changes
}

// text is nil for nothing, as a new request has no category before.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// audience is what the event tells besides the request.
func audience(ctx context.Context, w *unit.Work, row db.Request) (db.RequestAudienceRow, error) {
	people, err := w.RequestAudience(ctx, db.RequestAudienceParams{TenantID: row.TenantID, ExecutorID: row.ExecutorID, ApartmentID: row.ApartmentID})
	if err != nil {
		return people, fmt.Errorf("who must know of request %s: %w", row.ID, err)
	}
	return people, nil
}

// announce emits the event of a change: one per version.
func announce(w *unit.Work, before, row db.Request, e Entry, people db.RequestAudienceRow) error {
	data := events.RequestChanged{
		Request: events.RequestBrief{
			ID: row.ID.String(), Number: row.Number, Status: row.Status, Category: row.Category,
			Urgency: row.Urgency, Address: row.Address, Apartment: people.Apartment, Version: row.Version,
		},
		Action: e.Action, From: before.Status, To: row.Status, Actor: events.Actor{ID: e.Actor.ID, Role: e.Actor.Role},
		Text: e.Text, Clock: e.Clock, Internal: e.Internal, Know: know(before, row, e, people.Managers),
	}
	if data.Text == "" && !e.Inside {
		data.Text = e.Reason
	}
	if row.ExecutorID != nil {
		data.Executor = &events.Named{ID: row.ExecutorID.String(), Name: people.ExecutorName}
	}
	if row.Stars != nil && e.Event == events.RequestAccepted {
		data.Stars = int(*row.Stars)
	}
	return w.Emit(unit.Event{
		ID:   events.DeriveID(row.ID.String(), "v"+strconv.FormatInt(row.Version, 10)),
		Type: events.TypeRequestPrefix + e.Event, Subject: events.RequestSubject(row.TenantID, e.Event),
		Tenant: row.TenantID, Correlation: row.ID.String(), Data: data,
	})
}

// know is who must hear of a change: its people, and the managers on shift or,
// when none is, all managers.
func know(before, row db.Request, e Entry, managers []uuid.UUID) []events.Knower {
	var people []events.Knower
	add := func(person uuid.UUID, relation events.Relation) {
		people = append(people, events.Knower{Person: person.String(), Relation: relation})
	}
	if !e.Internal {
		add(row.ApplicantID, events.RelationApplicant)
	}
	if row.ExecutorID != nil {
		add(*row.ExecutorID, events.RelationExecutor)
	}
	if before.ExecutorID != nil && !same(before.ExecutorID, row.ExecutorID) {
		add(*before.ExecutorID, events.RelationPreviousExecutor)
	}
	return append(people, unit.Managers(managers)...)
}

// updated is the columns that may change.
func updated(r db.Request) db.UpdateRequestParams {
	return db.UpdateRequestParams{
		TenantID: r.TenantID, ID: r.ID, Was: r.Version - 1, Version: r.Version, UpdatedAt: r.UpdatedAt,
		Status: r.Status, StatusSince: r.StatusSince, Category: r.Category, Urgency: r.Urgency, Description: r.Description,
		ExecutorID: r.ExecutorID, ReactedAt: r.ReactedAt, CompletedAt: r.CompletedAt, ClosedAt: r.ClosedAt,
		ReactionSeconds: r.ReactionSeconds, CompletionSeconds: r.CompletionSeconds,
		ReactionDue: r.ReactionDue, CompletionDue: r.CompletionDue, PausedAt: r.PausedAt,
		ReactionWarnedAt: r.ReactionWarnedAt, ReactionOverdueAt: r.ReactionOverdueAt,
		CompletionWarnedAt: r.CompletionWarnedAt, CompletionOverdueAt: r.CompletionOverdueAt,
		Stars: r.Stars, Review: r.Review,
	}
}
