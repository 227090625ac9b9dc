package users

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// An invitation's token is the prefix and 32 random bytes in base64url: 47
// characters. Telegram's deep links take 64 of A-Z, a-z, 0-9, "_" and "-"
// (core.telegram.org/bots/features#deep-linking).
const (
	tokenPrefix  = "inv_"
	tokenBytes   = 32
	expiresHours = 24 // unless the caller says otherwise
)

func newToken() string {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// mayInvite refuses to make managers and administrators to who may not give
// these roles to people either.
func mayInvite(by access.Caller, role string) error {
	if err := by.Require(access.InvitationsManage, false); err != nil {
		return err
	}
	if role != string(access.Manager) && role != string(access.Admin) {
		return nil
	}
	return by.Require(access.UsersRoles, false)
}

// CreateInvitation invites somebody; the token is in this answer only.
func (h *Handlers) CreateInvitation(ctx context.Context, r api.CreateInvitationRequestObject) (api.CreateInvitationResponseObject, error) {
	by, token := access.From(ctx), newToken()
	if err := mayInvite(by, string(r.Body.Role)); err != nil {
		return nil, err
	}
	if len(optional(r.Body.Specialisations)) > 0 && r.Body.Role != api.RoleExecutor {
		return nil, problem.InvalidField("/specialisations", "only executors have any")
	}
	var told api.Invitation
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		row, err := newInvitation(by, *r.Body, token, w.Now)
		if err != nil {
			return err
		}
		if row.ApartmentID != nil {
			if _, err := placeOf(ctx, w, by.Tenant, *row.ApartmentID, api.Relation(*row.Relation)); err != nil {
				return err
			}
		}
		added, err := w.AddInvitation(ctx, row)
		if err != nil {
			return fmt.Errorf("add an invitation: %w", err)
		}
		names, err := namesOf(ctx, w.Queries, by.Tenant, []db.Invitation{added})
		told = tellInvitation(added, names, w.Now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.CreateInvitation201JSONResponse{Token: token, Invitation: told}, nil
}

func newInvitation(by access.Caller, body api.InvitationEntry, token string, now time.Time) (db.AddInvitationParams, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return db.AddInvitationParams{}, err
	}
	hours := expiresHours
	if body.ExpiresInHours != nil {
		hours = *body.ExpiresInHours
	}
	row := db.AddInvitationParams{
		TenantID: by.Tenant, ID: id, Hash: hashOf(token), Role: string(body.Role), Specialisations: words[string](optional(body.Specialisations)),
		CreatedBy: by.ID(), CreatedAt: now, ExpiresAt: now.Add(time.Duration(hours) * time.Hour),
	}
	if body.ApartmentId != nil {
		relation := string(api.RelationOwner)
		if body.Relation != nil {
			relation = string(*body.Relation)
		}
		row.ApartmentID, row.Relation = body.ApartmentId, &relation
	}
	return row, nil
}

// ListInvitations is the invitations, newest first.
func (h *Handlers) ListInvitations(ctx context.Context, r api.ListInvitationsRequestObject) (api.ListInvitationsResponseObject, error) {
	by, limit := access.From(ctx), rest.Limit(r.Params.Limit)
	before := newest()
	if err := rest.ReadCursor(r.Params.Cursor, &before); err != nil {
		return nil, err
	}
	q := h.deps.Store.Read(ctx)
	rows, err := q.Invitations(ctx, db.InvitationsParams{TenantID: by.Tenant, Before: before.At, BeforeID: before.ID, PageSize: int32(limit + 1)})
	if err != nil {
		return nil, fmt.Errorf("invitations: %w", err)
	}
	rows, next := rest.Page(rows, limit, func(i db.Invitation) any { return spot{At: i.CreatedAt, ID: i.ID} })
	names, err := namesOf(ctx, q, by.Tenant, rows)
	if err != nil {
		return nil, err
	}
	items, now := []api.Invitation{}, h.deps.Store.Now()
	for _, row := range rows {
		items = append(items, tellInvitation(row, names, now))
	}
	return api.ListInvitations200JSONResponse{Items: items, NextCursor: next}, nil
}

// RevokeInvitation makes an invitation void.
func (h *Handlers) RevokeInvitation(ctx context.Context, r api.RevokeInvitationRequestObject) (api.RevokeInvitationResponseObject, error) {
	by := access.From(ctx)
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		row, err := w.LockInvitation(ctx, by.Tenant, r.Invitation)
		if err := missing(err, "invitation"); err != nil {
			return err
		}
		if err := mayInvite(by, row.Role); err != nil {
			return err
		}
		if row.UsedAt != nil {
			return problem.New(problem.Used, "somebody has come with this invitation: block them, or take the role back")
		}
		if row.RevokedAt != nil {
			return nil
		}
		return w.WithdrawInvitation(ctx, db.WithdrawInvitationParams{TenantID: by.Tenant, ID: row.ID, Now: w.Now})
	})
	if err != nil {
		return nil, err
	}
	return api.RevokeInvitation204Response{}, nil
}

// namesOf is what the people are called who made and used invitations.
func namesOf(ctx context.Context, q *db.Queries, tenant string, rows []db.Invitation) (map[string]string, error) {
	ids := []uuid.UUID{}
	for _, row := range rows {
		if maker, err := uuid.Parse(row.CreatedBy); err == nil {
			ids = append(ids, maker)
		}
		if row.UsedBy != nil {
			ids = append(ids, *row.UsedBy)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	people, err := q.UserNames(ctx, tenant, slices.Compact(ids))
	if err != nil {
		return nil, fmt.Errorf("names of people: %w", err)
	}
	names := map[string]string{}
	for _, person := range people {
		names[person.ID.String()] = person.Name
	}
	return names, nil
}

func tellInvitation(i db.Invitation, names map[string]string, now time.Time) api.Invitation {
	maker := api.PersonRef{Id: i.CreatedBy, Name: i.CreatedBy} // a key is its name
	if name, ok := names[i.CreatedBy]; ok {
		maker.Name = name
	}
	told := api.Invitation{
		Id: i.ID, Role: api.Role(i.Role), ApartmentId: i.ApartmentID, Specialisations: words[api.Category](i.Specialisations),
		State: stateOf(i, now), CreatedBy: maker, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, UsedAt: i.UsedAt,
	}
	if i.Relation != nil {
		relation := api.Relation(*i.Relation)
		told.Relation = &relation
	}
	if i.UsedBy != nil {
		told.UsedBy = &api.PersonRef{Id: i.UsedBy.String(), Name: names[i.UsedBy.String()]}
	}
	return told
}

func stateOf(i db.Invitation, now time.Time) api.InvitationState {
	switch {
	case i.UsedAt != nil:
		return api.InvitationStateUsed
	case i.RevokedAt != nil:
		return api.InvitationStateRevoked
	case !now.Before(i.ExpiresAt):
		return api.InvitationStateExpired
	}
	return api.InvitationStateOpen
}
