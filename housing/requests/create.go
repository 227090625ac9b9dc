package requests

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/sla"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// CreateRequest makes a request.
func (h *Handlers) CreateRequest(ctx context.Context, r api.CreateRequestRequestObject) (api.CreateRequestResponseObject, error) {
	var shown api.Request
	err := h.do(ctx, func(w work) error {
		row, err := w.draft(ctx, *r.Body)
		if err != nil {
			return err
		}
		shown, err = w.create(ctx, &row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.CreateRequest201JSONResponse{Body: shown, Headers: api.CreateRequest201ResponseHeaders{ETag: rest.ETag(shown.Version)}}, nil
}

// draft is a request as it will be stored, all but its number.
func (w work) draft(ctx context.Context, body api.RequestNew) (db.Request, error) {
	var row db.Request
	description, err := said("/description", body.Description)
	if err != nil {
		return row, err
	}
	applicant, err := w.applicant(ctx, body.ApplicantId)
	if err != nil {
		return row, err
	}
	address, err := w.address(ctx, body.BuildingId, body.ApartmentId)
	if err != nil {
		return row, err
	}
	if err := w.livesThere(ctx, body); err != nil {
		return row, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return row, fmt.Errorf("id of a request: %w", err)
	}
	row = db.Request{
		TenantID: w.Tenant, ID: id, Status: string(workflow.New), Category: string(body.Category), Urgency: string(body.Urgency),
		Description: description, BuildingID: body.BuildingId, ApartmentID: body.ApartmentId, Address: address,
		ApplicantID: applicant, CreatedBy: w.Caller.ID(), Version: 1, StatusSince: w.Now, CreatedAt: w.Now, UpdatedAt: w.Now,
	}
	sla.Begin(&row, w.company.Settings.Deadlines[row.Urgency], w.Now)
	return row, nil
}

// applicant is whom the request is for: oneself, or for managers anybody.
func (w work) applicant(ctx context.Context, asked *uuid.UUID) (uuid.UUID, error) {
	if asked == nil {
		if w.IsMachine() {
			return uuid.Nil, problem.InvalidField("/applicant_id", "say whom the request is for")
		}
		return w.User, w.Require(access.RequestsCreate, true)
	}
	if err := w.Require(access.RequestsCreate, w.Is(*asked)); err != nil {
		return uuid.Nil, err
	}
	person, err := w.RequestPerson(ctx, w.Tenant, *asked)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, problem.InvalidField("/applicant_id", "there is no such person")
	case err != nil:
		return uuid.Nil, fmt.Errorf("applicant %s: %w", asked, err)
	case person.Status == "blocked":
		return uuid.Nil, problem.InvalidField("/applicant_id", "this person is blocked")
	}
	return *asked, nil
}

// apartments is how an apartment stands in an address, by the company's language.
var apartments = map[string]string{"ru": "%s, кв. %s", "uz": "%s, %s-xonadon", "en": "%s, apt. %s"}

// address is the place in words, as it is now.
func (w work) address(ctx context.Context, building uuid.UUID, apartment *uuid.UUID) (string, error) {
	place, err := w.RequestPlace(ctx, db.RequestPlaceParams{TenantID: w.Tenant, BuildingID: building, ApartmentID: apartment})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", problem.InvalidField("/building_id", "there is no such building")
	case err != nil:
		return "", fmt.Errorf("building %s: %w", building, err)
	case apartment == nil:
		return place.Address, nil
	case place.Apartment == nil:
		return "", problem.InvalidField("/apartment_id", "there is no such apartment in the building")
	}
	return fmt.Sprintf(apartments[w.company.Language], place.Address, *place.Apartment), nil
}

// livesThere refuses a place that is not the caller's own, where only that is allowed.
func (w work) livesThere(ctx context.Context, body api.RequestNew) error {
	if w.May(access.RequestsCreate) == access.Any {
		return nil
	}
	lives, err := w.LivesAt(ctx, db.LivesAtParams{TenantID: w.Tenant, UserID: w.User, BuildingID: body.BuildingId, ApartmentID: body.ApartmentId})
	if err != nil {
		return fmt.Errorf("apartments of %s: %w", w.Caller.ID(), err)
	}
	if lives {
		return nil
	}
	if body.ApartmentId == nil {
		return problem.InvalidField("/building_id", "you have no approved apartment in this building")
	}
	return problem.InvalidField("/apartment_id", "this apartment is not linked to you, or the link is not approved yet")
}

// create stores a draft and gives it as the caller sees it. The number is drawn
// when all that asks the database is done: it is locked from then until commit.
func (w work) create(ctx context.Context, row *db.Request) (api.Request, error) {
	shown, err := w.render(ctx, w.Queries, *row)
	if err != nil {
		return api.Request{}, err
	}
	people, err := audience(ctx, w.Work, *row)
	if err != nil {
		return api.Request{}, err
	}
	if row.Number, err = number(ctx, w.Queries, w.company, w.Now); err != nil {
		return api.Request{}, err
	}
	shown[0].Number = row.Number
	if err := w.InsertRequest(ctx, inserted(*row)); err != nil {
		return api.Request{}, fmt.Errorf("store request %s: %w", row.Number, err)
	}
	entry := Entry{Actor: By(w.Caller), Action: ActionCreate, Event: events.RequestCreated, Text: row.Description}
	if err := remember(ctx, w.Work, db.Request{}, *row, entry); err != nil {
		return api.Request{}, err
	}
	if err := announce(w.Work, db.Request{}, *row, entry, people); err != nil {
		return api.Request{}, err
	}
	return shown[0], sla.Arm(w.Work, *row)
}

func inserted(r db.Request) db.InsertRequestParams {
	return db.InsertRequestParams{
		TenantID: r.TenantID, ID: r.ID, Number: r.Number, Status: r.Status, Category: r.Category, Urgency: r.Urgency,
		Description: r.Description, BuildingID: r.BuildingID, ApartmentID: r.ApartmentID, Address: r.Address, ApplicantID: r.ApplicantID,
		CreatedBy: r.CreatedBy, StatusSince: r.StatusSince, ReactionSeconds: r.ReactionSeconds, CompletionSeconds: r.CompletionSeconds,
		ReactionDue: r.ReactionDue, CompletionDue: r.CompletionDue, Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// said is a text without the space around it; blank is none.
func said(pointer, text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", problem.InvalidField(pointer, "say something")
	}
	return text, nil
}
