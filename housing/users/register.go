package users

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// RegisterUser takes in a Telegram person, once.
func (h *Handlers) RegisterUser(ctx context.Context, r api.RegisterUserRequestObject) (api.RegisterUserResponseObject, error) {
	by := access.From(ctx)
	var u db.User
	var fresh bool
	err := h.deps.Store.Do(ctx, func(w *unit.Work) (err error) {
		if err := by.Require(access.UsersRegister, false); err != nil {
			return err
		}
		if u, fresh, err = findOrAdd(ctx, w, by, *r.Body); err != nil {
			return err
		}
		if r.Body.Invitation != nil && u.Status != blocked {
			if u, err = accept(ctx, w, by, u, *r.Body.Invitation, fresh); err != nil {
				return err
			}
		}
		if fresh && r.Body.ApartmentId != nil {
			u, err = askFor(ctx, w, by, u, *r.Body.ApartmentId, optional(r.Body.Relation))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if !fresh {
		return api.RegisterUser200JSONResponse{Body: tell(u), Headers: api.RegisterUser200ResponseHeaders{ETag: etag(u)}}, nil
	}
	return api.RegisterUser201JSONResponse{Body: tell(u), Headers: api.RegisterUser201ResponseHeaders{ETag: etag(u)}}, nil
}

// findOrAdd is the person of a Telegram account, locked; fresh if there was none.
func findOrAdd(ctx context.Context, w *unit.Work, by access.Caller, body api.UserRegistration) (u db.User, fresh bool, err error) {
	u, err = w.LockUserByTelegram(ctx, by.Tenant, body.TelegramId)
	if !errors.Is(err, pgx.ErrNoRows) {
		return u, false, err
	}
	if u, found, err := adopt(ctx, w, by, body); found || err != nil {
		return u, false, err
	}
	name, err := cleanName(body.Name)
	if err != nil {
		return u, false, err
	}
	added, err := add(ctx, w, db.User{
		TenantID: by.Tenant, TelegramID: &body.TelegramId, Name: name, Phone: body.Phone, Language: string(body.Language),
		Status: pending, Roles: []string{string(access.Applicant)}, ActiveRole: string(access.Applicant),
	})
	if err != nil {
		return u, false, err
	}
	// Lost to the same registration at the same moment: its person is there now.
	if u, err = w.LockUserByTelegram(ctx, by.Tenant, body.TelegramId); err != nil || !added {
		return u, false, err
	}
	managers, err := w.Managers(ctx, by.Tenant)
	if err != nil {
		return u, false, err
	}
	return u, true, announce(w, by, u, change{name: events.UserRegistered, know: managers})
}

// adopt finds somebody who was entered by phone. Only a phone that Telegram
// vouches for counts, or anybody could become anybody; of two with one phone
// neither does.
func adopt(ctx context.Context, w *unit.Work, by access.Caller, body api.UserRegistration) (u db.User, found bool, err error) {
	if body.Phone == nil || !optional(body.PhoneVerified) {
		return u, false, nil
	}
	known, err := w.LockUsersWithoutTelegram(ctx, by.Tenant, *body.Phone)
	if err != nil || len(known) != 1 {
		return u, false, err
	}
	u = known[0]
	u.TelegramID, u.Language = &body.TelegramId, string(body.Language)
	u, err = save(ctx, w, u)
	if conflict(err, "users_tenant_id_telegram_id_key") {
		return u, false, problem.New(problem.Conflict, "the same person is being registered at this moment: try again")
	}
	if err != nil {
		return u, false, err
	}
	return u, true, announce(w, by, u, change{name: events.UserEdited})
}

// add inserts a person, with a new id; false if the Telegram account is somebody's.
func add(ctx context.Context, w *unit.Work, u db.User) (bool, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return false, err
	}
	if u.ID == uuid.Nil {
		u.ID = id
	}
	if u.Specialisations == nil {
		u.Specialisations = []string{}
	}
	rows, err := w.AddUser(ctx, db.AddUserParams{
		TenantID: u.TenantID, ID: u.ID, TelegramID: u.TelegramID, Name: u.Name, Phone: u.Phone, Language: u.Language, Status: u.Status,
		Roles: u.Roles, ActiveRole: u.ActiveRole, Specialisations: u.Specialisations,
		DecidedBy: u.DecidedBy, DecidedAt: u.DecidedAt, Search: searchForm(u), Now: w.Now,
	})
	if err != nil {
		return false, fmt.Errorf("add a person: %w", err)
	}
	return rows == 1, nil
}
