package users

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// pendingMax is how many links of one person may wait: a family has fewer, and
// nobody fills the managers' list.
const pendingMax = 10

// Statuses of links.
const (
	linkPending  = "pending"
	linkApproved = "approved"
	linkRejected = "rejected"
)

// LinkApartment says where a person lives: a manager's word counts, one's own waits.
func (h *Handlers) LinkApartment(ctx context.Context, r api.LinkApartmentRequestObject) (api.LinkApartmentResponseObject, error) {
	by := access.From(ctx)
	var link api.ApartmentLink
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		u, err := lockUser(ctx, w, by.Tenant, r.User)
		if err != nil {
			return err
		}
		if err := by.Require(access.ApartmentsLink, by.Is(u.ID)); err != nil {
			return err
		}
		write := askFor
		if by.May(access.ApartmentsLink) == access.Any {
			write = settle
		}
		if _, err := write(ctx, w, by, u, r.Body.ApartmentId, r.Body.Relation); err != nil {
			return err
		}
		link, err = readLink(ctx, w.Queries, u, r.Body.ApartmentId)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.LinkApartment201JSONResponse(link), nil
}

// askFor asks for a link of a locked person; a manager decides.
func askFor(ctx context.Context, w *unit.Work, by access.Caller, u db.User, apartment uuid.UUID, relation api.Relation) (db.User, error) {
	waiting, err := w.CountPendingLinks(ctx, u.TenantID, u.ID)
	if err != nil {
		return u, fmt.Errorf("count links of %s: %w", u.ID, err)
	}
	if waiting >= pendingMax {
		return u, problem.New(problem.Conflict, fmt.Sprintf("%d links wait already: a manager decides about them first", waiting))
	}
	managers, err := w.Managers(ctx, u.TenantID)
	if err != nil {
		return u, err
	}
	return writeLink(ctx, w, by, u, linkWish{
		apartment: apartment, relation: relation, status: linkPending,
		taken:  []string{linkPending, linkApproved},
		change: events.UserApartmentAsked, know: managers,
	})
}

// settle makes a link of a locked person that counts at once.
func settle(ctx context.Context, w *unit.Work, by access.Caller, u db.User, apartment uuid.UUID, relation api.Relation) (db.User, error) {
	return writeLink(ctx, w, by, u, linkWish{
		apartment: apartment, relation: relation, status: linkApproved,
		taken: []string{linkApproved}, decided: &w.Now, decider: decider(by),
		change: events.UserApartmentApproved, know: toSubject(u),
	})
}

// linkWish is a link as somebody wants it.
type linkWish struct {
	apartment uuid.UUID
	relation  api.Relation // default owner
	status    string
	taken     []string // statuses in which a link is there already
	decided   *time.Time
	decider   *uuid.UUID
	change    string // events.User…
	know      []events.Knower
}

// writeLink writes a link of a locked person and announces it.
func writeLink(ctx context.Context, w *unit.Work, by access.Caller, u db.User, wish linkWish) (db.User, error) {
	if wish.relation == "" {
		wish.relation = api.RelationOwner
	}
	place, err := placeOf(ctx, w, u.TenantID, wish.apartment, wish.relation)
	if err != nil {
		return u, err
	}
	have, err := w.LockLink(ctx, db.LockLinkParams{TenantID: u.TenantID, UserID: u.ID, ApartmentID: wish.apartment})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return u, fmt.Errorf("lock link of %s: %w", u.ID, err)
	}
	for _, status := range wish.taken {
		if err == nil && have.Status == status {
			return u, problem.New(problem.Exists, "this link is there already: it is "+status)
		}
	}
	err = w.SaveLink(ctx, db.SaveLinkParams{
		TenantID: u.TenantID, UserID: u.ID, ApartmentID: wish.apartment, Relation: string(wish.relation), Status: wish.status,
		AskedAt: w.Now, DecidedBy: wish.decider, DecidedAt: wish.decided,
	})
	if err != nil {
		return u, fmt.Errorf("save link of %s: %w", u.ID, err)
	}
	return linkChanged(ctx, w, by, u, change{name: wish.change, apartment: place, know: wish.know})
}

// linkChanged makes the next version of a person whose links have changed, so
// that events about them are in order and each has its own id.
func linkChanged(ctx context.Context, w *unit.Work, by access.Caller, u db.User, c change) (db.User, error) {
	u, err := save(ctx, w, u)
	if err != nil {
		return u, err
	}
	return u, announce(w, by, u, c)
}

// placeOf is an apartment that somebody named in a body, for the event. It
// stays until commit.
func placeOf(ctx context.Context, w *unit.Work, tenant string, id uuid.UUID, relation api.Relation) (*events.ApartmentBrief, error) {
	place, err := w.ShareApartmentPlace(ctx, tenant, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.InvalidField("/apartment_id", "there is no such apartment")
	}
	if err != nil {
		return nil, fmt.Errorf("apartment %s: %w", id, err)
	}
	return &events.ApartmentBrief{ID: id.String(), Address: place.Address, Number: place.Number, Relation: string(relation)}, nil
}

// UnlinkApartment ends a link.
func (h *Handlers) UnlinkApartment(ctx context.Context, r api.UnlinkApartmentRequestObject) (api.UnlinkApartmentResponseObject, error) {
	by := access.From(ctx)
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		u, err := lockUser(ctx, w, by.Tenant, r.User)
		if err != nil {
			return err
		}
		if err := by.Require(access.ApartmentsLink, by.Is(u.ID)); err != nil {
			return err
		}
		link, place, err := lockLink(ctx, w, u, r.Apartment)
		if err != nil {
			return err
		}
		if _, err := w.DeleteLink(ctx, db.DeleteLinkParams{TenantID: u.TenantID, UserID: u.ID, ApartmentID: link.ApartmentID}); err != nil {
			return fmt.Errorf("delete link of %s: %w", u.ID, err)
		}
		_, err = linkChanged(ctx, w, by, u, change{name: events.UserApartmentRemoved, apartment: place, know: toSubject(u)})
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UnlinkApartment204Response{}, nil
}

// lockLink is a link of a locked person, and its apartment for the event.
func lockLink(ctx context.Context, w *unit.Work, u db.User, apartment uuid.UUID) (db.UserApartment, *events.ApartmentBrief, error) {
	link, err := w.LockLink(ctx, db.LockLinkParams{TenantID: u.TenantID, UserID: u.ID, ApartmentID: apartment})
	if err := missing(err, "link to this apartment"); err != nil {
		return link, nil, err
	}
	place, err := placeOf(ctx, w, u.TenantID, apartment, api.Relation(link.Relation))
	return link, place, err
}
