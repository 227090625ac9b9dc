package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// Render is requests as a caller sees them, with what the caller may do now.
// All names come from one query.
func Render(ctx context.Context, q *db.Queries, caller access.Caller, c company.Company, now time.Time, rows []db.Request) ([]api.Request, error) {
	v, err := look(ctx, q, caller, c, now)
	if err != nil {
		return nil, err
	}
	return v.render(ctx, q, rows...)
}

func (v viewer) render(ctx context.Context, q *db.Queries, rows ...db.Request) ([]api.Request, error) {
	known, err := v.names(ctx, q, rows)
	if err != nil {
		return nil, err
	}
	shown := make([]api.Request, 0, len(rows))
	for _, row := range rows {
		shown = append(shown, v.show(row, known))
	}
	return shown, nil
}

// names is those of everybody and every place in the rows.
func (v viewer) names(ctx context.Context, q *db.Queries, rows []db.Request) (names, error) {
	ask := db.RequestNamesParams{TenantID: v.Tenant}
	for _, row := range rows {
		ask.Users = append(ask.Users, row.ApplicantID)
		ask.Buildings = append(ask.Buildings, row.BuildingID)
		if row.ExecutorID != nil {
			ask.Users = append(ask.Users, *row.ExecutorID)
		}
		if row.ApartmentID != nil {
			ask.Apartments = append(ask.Apartments, *row.ApartmentID)
		}
		if author, err := uuid.Parse(row.CreatedBy); err == nil {
			ask.Users = append(ask.Users, author)
		}
	}
	return callNames(ctx, q, ask)
}

// names is what things are called, by id.
type names map[uuid.UUID]db.RequestNamesRow

func callNames(ctx context.Context, q *db.Queries, ask db.RequestNamesParams) (names, error) {
	rows, err := q.RequestNames(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	known := make(names, len(rows))
	for _, row := range rows {
		known[row.ID] = row
	}
	return known, nil
}

// author is who is kept as text: a person's id, or the name of a key or the clock.
func (n names) author(kept string) api.PersonRef {
	if id, err := uuid.Parse(kept); err == nil {
		return api.PersonRef{Id: kept, Name: n[id].Name}
	}
	return api.PersonRef{Id: kept, Name: kept}
}

func (n names) person(id *uuid.UUID) *api.PersonRef {
	if id == nil {
		return nil
	}
	return &api.PersonRef{Id: id.String(), Name: n[*id].Name}
}

func (n names) place(id uuid.UUID) api.RequestPlace {
	return api.RequestPlace{Id: id, Name: n[id].Name}
}

// show is one request as the viewer sees it.
func (v viewer) show(r db.Request, n names) api.Request {
	shown := api.Request{
		Id: r.ID, Number: r.Number, Status: api.RequestStatus(r.Status), Category: api.Category(r.Category), Urgency: api.Urgency(r.Urgency),
		Description: r.Description, Address: r.Address, Building: n.place(r.BuildingID),
		Applicant: api.RequestApplicant{Id: r.ApplicantID, Name: n[r.ApplicantID].Name},
		Executor:  n.person(r.ExecutorID), CreatedBy: n.author(r.CreatedBy),
		StatusSince: r.StatusSince.UTC(), ReactedAt: utc(r.ReactedAt), CompletedAt: utc(r.CompletedAt), ClosedAt: utc(r.ClosedAt),
		Deadlines: api.RequestDeadlines{
			Reaction: r.ReactionDue.UTC(), Completion: r.CompletionDue.UTC(), PausedSince: utc(r.PausedAt),
			ReactionOverdueAt: utc(r.ReactionOverdueAt), CompletionOverdueAt: utc(r.CompletionOverdueAt),
		},
		Overdue: Overdue(r, v.now), Review: r.Review, Actions: []api.RequestAction{},
		Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.ApartmentID != nil {
		place := n.place(*r.ApartmentID)
		shown.Apartment = &place
	}
	if r.Stars != nil {
		stars := int(*r.Stars)
		shown.Stars = &stars
	}
	if phone := n[r.ApplicantID].Phone; phone != "" && v.calls(r) {
		shown.Applicant.Phone = &phone
	}
	for _, action := range v.actions(r) {
		shown.Actions = append(shown.Actions, api.RequestAction(action))
	}
	return shown
}

// calls says whether the viewer may phone the resident: the executor who has
// the request, and managers.
func (v viewer) calls(r db.Request) bool {
	return v.May(access.RequestsView) == access.Any || v.Role == access.Executor && v.owns(r)
}

// Overdue says whether a deadline has passed and is still to be met. The query
// FindRequests selects by the same rule.
func Overdue(r db.Request, now time.Time) bool {
	if workflow.ClockOf(workflow.Status(r.Status)) == workflow.Stopped {
		return false
	}
	stands := now
	if r.PausedAt != nil {
		stands = *r.PausedAt
	}
	return r.CompletionDue.Before(stands) || r.ReactedAt == nil && r.ReactionDue.Before(now)
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
