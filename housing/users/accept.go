package users

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// UseInvitation gives the caller what an invitation holds.
func (h *Handlers) UseInvitation(ctx context.Context, r api.UseInvitationRequestObject) (api.UseInvitationResponseObject, error) {
	by := access.From(ctx)
	id, err := self(by)
	if err != nil {
		return nil, err
	}
	var u db.User
	err = h.deps.Store.Do(ctx, func(w *unit.Work) (err error) {
		if err := by.Require(access.InvitationsUse, true); err != nil {
			return err
		}
		if u, err = lockUser(ctx, w, by.Tenant, id); err != nil {
			return err
		}
		if u.Status == blocked {
			return problem.New(problem.Blocked, "you are blocked: ask the company")
		}
		u, err = accept(ctx, w, by, u, r.Body.Token, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UseInvitation200JSONResponse{Body: tell(u), Headers: api.UseInvitation200ResponseHeaders{ETag: etag(u)}}, nil
}

// accept gives a locked person who is not blocked what an invitation holds. One
// who has come with it before is left as they are; a fresh person is nothing
// but what they were invited as.
func accept(ctx context.Context, w *unit.Work, by access.Caller, u db.User, token string, fresh bool) (db.User, error) {
	invitation, err := w.LockInvitationByHash(ctx, u.TenantID, hashOf(token))
	if err := missing(err, "invitation"); err != nil {
		return u, err
	}
	if invitation.UsedBy != nil && *invitation.UsedBy == u.ID {
		return u, nil
	}
	if err := open(invitation, w); err != nil {
		return u, err
	}
	if err := vouched(ctx, w, invitation); err != nil {
		return u, err
	}
	if err := w.UseUpInvitation(ctx, db.UseUpInvitationParams{TenantID: u.TenantID, ID: invitation.ID, Now: w.Now, UsedBy: u.ID}); err != nil {
		return u, fmt.Errorf("use up invitation %s: %w", invitation.ID, err)
	}
	grant(&u, invitation, w, fresh)
	place, err := moveIn(ctx, w, u, invitation)
	if err != nil {
		return u, err
	}
	if u, err = save(ctx, w, u); err != nil {
		return u, err
	}
	return u, announce(w, by, u, change{
		name: events.UserInvitedUsed, apartment: place, invitation: invitation.ID.String(), know: toInviter(invitation),
	})
}

// open refuses an invitation that counts no more.
func open(i db.Invitation, w *unit.Work) error {
	switch stateOf(i, w.Now) {
	case api.InvitationStateUsed:
		return problem.New(problem.Used, "somebody has come with this invitation: ask for another one")
	case api.InvitationStateRevoked:
		return problem.New(problem.Expired, "this invitation was withdrawn: ask for another one")
	case api.InvitationStateExpired:
		return problem.New(problem.Expired, "this invitation is over: ask for another one")
	}
	return nil
}

// vouched refuses the invitation of somebody who may no longer invite like this:
// who was shut out would come back with one made in time.
func vouched(ctx context.Context, w *unit.Work, i db.Invitation) error {
	id := inviter(i)
	if id == nil {
		return nil
	}
	maker, err := w.UserByID(ctx, i.TenantID, *id)
	if err != nil {
		return fmt.Errorf("who made invitation %s: %w", i.ID, err)
	}
	may := func(role string) bool {
		return mayInvite(access.Caller{Tenant: i.TenantID, User: maker.ID, Role: access.Role(role)}, i.Role) == nil
	}
	if maker.Status == approved && slices.ContainsFunc(maker.Roles, may) {
		return nil
	}
	return problem.New(problem.Expired, "who made this invitation may no longer do so: ask for another one")
}

// grant adds the role and specialisations, and approves who waits.
func grant(u *db.User, i db.Invitation, w *unit.Work, fresh bool) {
	if fresh {
		u.Roles, u.ActiveRole = []string{i.Role}, i.Role
	}
	if !slices.Contains(u.Roles, i.Role) {
		u.Roles = append(u.Roles, i.Role)
	}
	for _, s := range i.Specialisations {
		if !slices.Contains(u.Specialisations, s) {
			u.Specialisations = append(u.Specialisations, s)
		}
	}
	if u.Status == pending {
		u.Status, u.DecidedBy, u.DecidedAt = approved, inviter(i), &w.Now
	}
}

// moveIn links a locked person to the invitation's apartment, if it has one.
func moveIn(ctx context.Context, w *unit.Work, u db.User, i db.Invitation) (*events.ApartmentBrief, error) {
	if i.ApartmentID == nil {
		return nil, nil //nolint:nilnil // an invitation without an apartment is the usual one
	}
	relation := optional(i.Relation)
	place, err := placeOf(ctx, w, u.TenantID, *i.ApartmentID, api.Relation(relation))
	if err != nil {
		return nil, err
	}
	err = w.SaveLink(ctx, db.SaveLinkParams{
		TenantID: u.TenantID, UserID: u.ID, ApartmentID: *i.ApartmentID, Relation: relation, Status: linkApproved,
		AskedAt: w.Now, DecidedBy: inviter(i), DecidedAt: &w.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("save link of %s: %w", u.ID, err)
	}
	return place, nil
}

// inviter is the person who made an invitation; nil for a key.
func inviter(i db.Invitation) *uuid.UUID {
	id, err := uuid.Parse(i.CreatedBy)
	if err != nil {
		return nil
	}
	return &id
}

func toInviter(i db.Invitation) []events.Knower {
	if inviter(i) == nil {
		return nil
	}
	return []events.Knower{{Person: i.CreatedBy, Relation: events.RelationManager}}
}
