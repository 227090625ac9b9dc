package users

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// self is the person who asks. A key may have the scope, but is nobody.
func self(by access.Caller) (uuid.UUID, error) {
	if by.IsMachine() {
		return uuid.Nil, problem.New(problem.Forbidden, "an API key is no person: log one in, or name them in the path")
	}
	return by.User, nil
}

// GetMe is the person who asks.
func (h *Handlers) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	by := access.From(ctx)
	id, err := self(by)
	if err != nil {
		return nil, err
	}
	u, err := h.read(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return api.GetMe200JSONResponse{Body: tell(u), Headers: api.GetMe200ResponseHeaders{ETag: etag(u)}}, nil
}

// GetUser is any person, or oneself.
func (h *Handlers) GetUser(ctx context.Context, r api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	u, err := h.read(ctx, access.From(ctx), r.User)
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse{Body: tell(u), Headers: api.GetUser200ResponseHeaders{ETag: etag(u)}}, nil
}

func (h *Handlers) read(ctx context.Context, by access.Caller, id uuid.UUID) (db.User, error) {
	u, err := h.deps.Store.Read(ctx).UserByID(ctx, by.Tenant, id)
	if err := missing(err, "person"); err != nil {
		return u, err
	}
	return u, by.Require(access.UsersView, by.Is(id))
}

// UpdateMe changes who asks.
func (h *Handlers) UpdateMe(ctx context.Context, r api.UpdateMeRequestObject) (api.UpdateMeResponseObject, error) {
	by := access.From(ctx)
	id, err := self(by)
	if err != nil {
		return nil, err
	}
	u, err := h.edit(ctx, by, id, r.Params.IfMatch, *r.Body)
	if err != nil {
		return nil, err
	}
	return api.UpdateMe200JSONResponse{Body: tell(u), Headers: api.UpdateMe200ResponseHeaders{ETag: etag(u)}}, nil
}

// UpdateUser changes any person, or oneself.
func (h *Handlers) UpdateUser(ctx context.Context, r api.UpdateUserRequestObject) (api.UpdateUserResponseObject, error) {
	u, err := h.edit(ctx, access.From(ctx), r.User, r.Params.IfMatch, *r.Body)
	if err != nil {
		return nil, err
	}
	return api.UpdateUser200JSONResponse{Body: tell(u), Headers: api.UpdateUser200ResponseHeaders{ETag: etag(u)}}, nil
}

func (h *Handlers) edit(ctx context.Context, by access.Caller, id uuid.UUID, ifMatch *string, body api.UserChange) (u db.User, err error) {
	err = h.deps.Store.Do(ctx, func(w *unit.Work) error {
		if u, err = lockUser(ctx, w, by.Tenant, id); err != nil {
			return err
		}
		if err := by.Require(access.UsersEdit, by.Is(id)); err != nil {
			return err
		}
		if err := rest.MustMatch(ifMatch, u.Version); err != nil {
			return err
		}
		if err := apply(&u, body); err != nil {
			return err
		}
		if u, err = save(ctx, w, u); err != nil {
			return err
		}
		return announce(w, by, u, change{name: events.UserEdited})
	})
	return u, err
}

func apply(u *db.User, body api.UserChange) (err error) {
	if body.Name != nil {
		if u.Name, err = cleanName(*body.Name); err != nil {
			return err
		}
	}
	if body.Phone != nil {
		u.Phone = body.Phone
	}
	if body.Language != nil {
		u.Language = string(*body.Language)
	}
	return nil
}
