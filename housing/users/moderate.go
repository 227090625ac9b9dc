package users

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// ListUserApartments is where a person lives.
func (h *Handlers) ListUserApartments(ctx context.Context, r api.ListUserApartmentsRequestObject) (api.ListUserApartmentsResponseObject, error) {
	by := access.From(ctx)
	q := h.deps.Store.Read(ctx)
	u, err := q.UserByID(ctx, by.Tenant, r.User)
	if err := missing(err, "person"); err != nil {
		return nil, err
	}
	if err := by.Require(access.ApartmentsView, by.Is(u.ID)); err != nil {
		return nil, err
	}
	rows, err := q.LinksOfUser(ctx, by.Tenant, u.ID)
	if err != nil {
		return nil, fmt.Errorf("links of %s: %w", u.ID, err)
	}
	items := []api.ApartmentLink{}
	for _, row := range rows {
		items = append(items, tellLink(db.LinksByStatusRow(row)))
	}
	return api.ListUserApartments200JSONResponse{Items: items}, nil
}

// linkCursor is where a page of links ended.
type linkCursor struct {
	Asked     time.Time `json:"t"`
	User      uuid.UUID `json:"u"`
	Apartment uuid.UUID `json:"a"`
}

// ListApartmentLinks is the links to decide about.
func (h *Handlers) ListApartmentLinks(ctx context.Context, r api.ListApartmentLinksRequestObject) (api.ListApartmentLinksResponseObject, error) {
	var after linkCursor
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	status, limit := linkPending, rest.Limit(r.Params.Limit)
	if r.Params.Status != nil {
		status = string(*r.Params.Status)
	}
	rows, err := h.deps.Store.Read(ctx).LinksByStatus(ctx, db.LinksByStatusParams{
		TenantID: access.From(ctx).Tenant, Status: status,
		After: after.Asked, AfterUser: after.User, AfterApartment: after.Apartment, PageSize: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	rows, next := rest.Page(rows, limit, func(row db.LinksByStatusRow) any {
		return linkCursor{row.UserApartment.AskedAt, row.UserApartment.UserID, row.UserApartment.ApartmentID}
	})
	items := []api.ApartmentLink{}
	for _, row := range rows {
		items = append(items, tellLink(row))
	}
	return api.ListApartmentLinks200JSONResponse{Items: items, NextCursor: next}, nil
}

// ApproveApartmentLink says that the person lives there.
func (h *Handlers) ApproveApartmentLink(ctx context.Context, r api.ApproveApartmentLinkRequestObject) (api.ApproveApartmentLinkResponseObject, error) {
	link, err := h.judge(ctx, r.User, r.Apartment, judgement{
		to: linkApproved, from: []string{linkPending, linkRejected}, change: events.UserApartmentApproved,
	})
	if err != nil {
		return nil, err
	}
	return api.ApproveApartmentLink200JSONResponse(link), nil
}

// RejectApartmentLink says that the person does not live there.
func (h *Handlers) RejectApartmentLink(ctx context.Context, r api.RejectApartmentLinkRequestObject) (api.RejectApartmentLinkResponseObject, error) {
	reason, err := cleanReason(r.Body.Reason)
	if err != nil {
		return nil, err
	}
	link, err := h.judge(ctx, r.User, r.Apartment, judgement{
		to: linkRejected, from: []string{linkPending}, change: events.UserApartmentRejected, reason: &reason,
	})
	if err != nil {
		return nil, err
	}
	return api.RejectApartmentLink200JSONResponse(link), nil
}

// judgement is a decision about a link.
type judgement struct {
	to     string
	from   []string // statuses it changes; of "to" it changes nothing
	change string   // events.User…
	reason *string
}

func (h *Handlers) judge(ctx context.Context, user, apartment uuid.UUID, j judgement) (told api.ApartmentLink, err error) {
	by := access.From(ctx)
	err = h.deps.Store.Do(ctx, func(w *unit.Work) error {
		if err := by.Require(access.ApartmentsModerate, false); err != nil {
			return err
		}
		u, err := lockUser(ctx, w, by.Tenant, user)
		if err != nil {
			return err
		}
		link, place, err := lockLink(ctx, w, u, apartment)
		if err != nil {
			return err
		}
		if link.Status != j.to {
			if err := decideLink(ctx, w, by, u, link, place, j); err != nil {
				return err
			}
		}
		told, err = readLink(ctx, w.Queries, u, apartment)
		return err
	})
	return told, err
}

func decideLink(ctx context.Context, w *unit.Work, by access.Caller, u db.User, link db.UserApartment, place *events.ApartmentBrief, j judgement) error {
	if !slices.Contains(j.from, link.Status) {
		return problem.New(problem.Conflict, "the link is "+link.Status+": remove it if it is wrong")
	}
	err := w.SaveLink(ctx, db.SaveLinkParams{
		TenantID: u.TenantID, UserID: u.ID, ApartmentID: link.ApartmentID, Relation: link.Relation, Status: j.to,
		AskedAt: link.AskedAt, DecidedBy: decider(by), DecidedAt: &w.Now, Reason: j.reason,
	})
	if err != nil {
		return fmt.Errorf("save link of %s: %w", u.ID, err)
	}
	_, err = linkChanged(ctx, w, by, u, change{name: j.change, apartment: place, reason: optional(j.reason), know: toSubject(u)})
	return err
}

// readLink is one link of a locked person, as the API shows it.
func readLink(ctx context.Context, q *db.Queries, u db.User, apartment uuid.UUID) (api.ApartmentLink, error) {
	row, err := q.LinkDetails(ctx, db.LinkDetailsParams{TenantID: u.TenantID, UserID: u.ID, ApartmentID: apartment})
	if err != nil {
		return api.ApartmentLink{}, fmt.Errorf("link of %s: %w", u.ID, err)
	}
	return tellLink(db.LinksByStatusRow(row)), nil
}

func tellLink(row db.LinksByStatusRow) api.ApartmentLink {
	l := row.UserApartment
	return api.ApartmentLink{
		User: api.PersonRef{Id: l.UserID.String(), Name: row.Name}, ApartmentId: l.ApartmentID, BuildingId: row.BuildingID,
		Address: row.Address, Apartment: row.Number, Relation: api.Relation(l.Relation), Status: api.LinkStatus(l.Status),
		AskedAt: l.AskedAt, DecidedAt: l.DecidedAt, Reason: l.Reason,
	}
}
