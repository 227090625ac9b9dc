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
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// CreateUser enters a resident who phones.
func (h *Handlers) CreateUser(ctx context.Context, r api.CreateUserRequestObject) (api.CreateUserResponseObject, error) {
	by := access.From(ctx)
	name, err := cleanName(r.Body.Name)
	if err != nil {
		return nil, err
	}
	var u db.User
	err = h.deps.Store.Do(ctx, func(w *unit.Work) (err error) {
		if err := by.Require(access.UsersCreate, false); err != nil {
			return err
		}
		if err := freePhone(ctx, w, by.Tenant, r.Body.Phone); err != nil {
			return err
		}
		u, err = enter(ctx, w, by, name, *r.Body)
		if err != nil || r.Body.ApartmentId == nil {
			return err
		}
		u, err = settle(ctx, w, by, u, *r.Body.ApartmentId, optional(r.Body.Relation))
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.CreateUser201JSONResponse{Body: tell(u), Headers: api.CreateUser201ResponseHeaders{ETag: etag(u)}}, nil
}

// freePhone refuses a phone that somebody has: the caller most likely is them.
func freePhone(ctx context.Context, w *unit.Work, tenant, phone string) error {
	if err := w.LockPhone(ctx, tenant, phone); err != nil {
		return fmt.Errorf("lock a phone: %w", err)
	}
	known, err := w.UserByPhone(ctx, tenant, phone)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("who has a phone: %w", err)
	}
	return &problem.Problem{
		Code: problem.Exists, Detail: "somebody has this phone already",
		By: &problem.Person{ID: known.ID.String(), Name: known.Name},
	}
}

// enter adds a person who counts at once.
func enter(ctx context.Context, w *unit.Work, by access.Caller, name string, body api.UserEntry) (u db.User, err error) {
	language := string(optional(body.Language))
	if language == "" {
		c, err := company.Load(ctx, w.Queries, by.Tenant)
		if err != nil {
			return u, err
		}
		language = c.Language
	}
	id, err := uuid.NewV7()
	if err != nil {
		return u, err
	}
	_, err = add(ctx, w, db.User{
		TenantID: by.Tenant, ID: id, Name: name, Phone: &body.Phone, Language: language, Status: approved,
		Roles: []string{string(access.Applicant)}, ActiveRole: string(access.Applicant), DecidedBy: decider(by), DecidedAt: &w.Now,
	})
	if err != nil {
		return u, err
	}
	if u, err = lockUser(ctx, w, by.Tenant, id); err != nil {
		return u, err
	}
	return u, announce(w, by, u, change{name: events.UserRegistered})
}
