package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

// Handlers answers the operations of the tag auth.
type Handlers struct{ auth *Auth }

// Handlers is this Auth's part of the API.
func (a *Auth) Handlers() *Handlers { return &Handlers{a} }

// LoginTelegram begins a session of the person with a Telegram id; the API key
// that asks vouches for it.
func (h *Handlers) LoginTelegram(ctx context.Context, r api.LoginTelegramRequestObject) (api.LoginTelegramResponseObject, error) {
	caller := access.From(ctx)
	if err := caller.Require(access.AuthTelegram, false); err != nil {
		return nil, err
	}
	var answer api.LoginTelegram200JSONResponse
	err := h.auth.store.Do(ctx, func(w *unit.Work) error {
		user, err := w.AuthUserByTelegram(ctx, caller.Tenant, r.Body.TelegramId)
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("user")
		}
		if err != nil {
			return err
		}
		tokens, err := h.auth.Login(ctx, w, caller.Tenant, user, caller.ID())
		answer = api.LoginTelegram200JSONResponse{Tokens: tokensBody(tokens), User: userBody(user)}
		return err
	})
	return answer, err
}

// RefreshToken gives the next tokens for a refresh token.
func (h *Handlers) RefreshToken(ctx context.Context, r api.RefreshTokenRequestObject) (api.RefreshTokenResponseObject, error) {
	tokens, err := h.auth.refresh(ctx, secret.Text(r.Body.RefreshToken))
	return api.RefreshToken200JSONResponse(tokensBody(tokens)), err
}

// Logout ends the session of the token that asks.
func (h *Handlers) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	caller := access.From(ctx)
	if caller.IsMachine() {
		return nil, problem.New(problem.Forbidden, "an API key has no session to end: revoke the key")
	}
	err := h.auth.store.Do(ctx, func(w *unit.Work) error {
		_, _, err := h.auth.endSession(ctx, w, caller.Tenant, caller.Session, LoggedOut)
		return err
	})
	return api.Logout204Response{}, err
}

// SwitchRole makes another of the caller's roles the active one.
func (h *Handlers) SwitchRole(ctx context.Context, r api.SwitchRoleRequestObject) (api.SwitchRoleResponseObject, error) {
	caller, role := access.From(ctx), access.Role(r.Body.Role)
	if caller.IsMachine() {
		return nil, problem.New(problem.Forbidden, "an API key has no role to switch")
	}
	var token secret.Text
	err := h.auth.store.Do(ctx, func(w *unit.Work) (err error) {
		token, err = h.auth.switchRole(ctx, w, caller, role)
		return err
	})
	return api.SwitchRole200JSONResponse{
		TokenType: api.RoleTokenTokenTypeBearer, AccessToken: token.Reveal(), ExpiresIn: int(caller.Expires.Sub(h.auth.store.Now()).Seconds()), Role: r.Body.Role,
	}, err
}

// ListSessions is where the caller, or another person, is logged in.
func (h *Handlers) ListSessions(ctx context.Context, r api.ListSessionsRequestObject) (api.ListSessionsResponseObject, error) {
	caller := access.From(ctx)
	user, err := h.whose(ctx, caller, r.Params.User)
	if err != nil {
		return nil, err
	}
	at, limit := newest(), rest.Limit(r.Params.Limit)
	if err := rest.ReadCursor(r.Params.Cursor, &at); err != nil {
		return nil, err
	}
	rows, err := h.auth.store.Read(ctx).Sessions(ctx, db.SessionsParams{
		TenantID: caller.Tenant, UserID: user, Now: h.auth.store.Now(), BeforeAt: at.At, BeforeID: at.ID, N: int32(limit + 1),
	})
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(s db.AuthSession) any { return place{s.CreatedAt, s.ID} })
	answer := api.ListSessions200JSONResponse{Items: make([]api.Session, 0, len(rows)), NextCursor: next}
	for _, s := range rows {
		answer.Items = append(answer.Items, sessionBody(s, caller))
	}
	return answer, nil
}

// whose is the person whose sessions are asked for, if the caller may see them.
func (h *Handlers) whose(ctx context.Context, caller access.Caller, asked *uuid.UUID) (uuid.UUID, error) {
	switch {
	case asked == nil && caller.IsMachine():
		return uuid.Nil, problem.InvalidField("query/user", "an API key has no sessions: say whose you want to see")
	case asked == nil || caller.Is(*asked):
		return caller.User, caller.Require(access.SessionsView, true)
	}
	if _, err := h.auth.store.Read(ctx).AuthUser(ctx, caller.Tenant, *asked); errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, problem.Missing("user")
	} else if err != nil {
		return uuid.Nil, err
	}
	return *asked, caller.Require(access.SessionsView, false)
}

// RevokeSession ends a session of the caller or, for administrators, of anybody.
func (h *Handlers) RevokeSession(ctx context.Context, r api.RevokeSessionRequestObject) (api.RevokeSessionResponseObject, error) {
	caller := access.From(ctx)
	err := h.auth.store.Do(ctx, func(w *unit.Work) error {
		session, err := w.AuthSession(ctx, caller.Tenant, r.Session)
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("session")
		}
		if err != nil {
			return err
		}
		if err := caller.Require(access.SessionsRevoke, caller.Is(session.UserID)); err != nil {
			return err
		}
		_, _, err = h.auth.endSession(ctx, w, caller.Tenant, session.ID, Revoked)
		return err
	})
	return api.RevokeSession204Response{}, err
}

// RevokeUserSessions ends every session of the caller or, for administrators, of anybody.
func (h *Handlers) RevokeUserSessions(ctx context.Context, r api.RevokeUserSessionsRequestObject) (api.RevokeUserSessionsResponseObject, error) {
	caller, revoked := access.From(ctx), 0
	err := h.auth.store.Do(ctx, func(w *unit.Work) error {
		user, err := w.LockAuthUser(ctx, caller.Tenant, r.User)
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("user")
		}
		if err != nil {
			return err
		}
		if err := caller.Require(access.SessionsRevoke, caller.Is(user.ID)); err != nil {
			return err
		}
		revoked, err = h.auth.endSessions(ctx, w, caller.Tenant, user.ID, Revoked)
		return err
	})
	return api.RevokeUserSessions200JSONResponse{Revoked: revoked}, err
}

// keysFor is how long the JWKS may be kept: less than a new key waits to sign.
const keysFor = "public, max-age=60"

// GetSigningKeys is the JWKS.
func (h *Handlers) GetSigningKeys(ctx context.Context, _ api.GetSigningKeysRequestObject) (api.GetSigningKeysResponseObject, error) {
	keys, err := h.auth.ring.all(ctx)
	if err != nil {
		return nil, err
	}
	set := api.SigningKeySet{Keys: []api.SigningKey{}}
	for _, k := range keys {
		if k.good(h.auth.store.Now()) {
			set.Keys = append(set.Keys, api.SigningKey{
				Kty: api.OKP, Crv: api.Ed25519, Alg: api.EdDSA, Use: api.Sig, Kid: k.id, X: base64.RawURLEncoding.EncodeToString(k.public()),
			})
		}
	}
	return api.GetSigningKeys200JSONResponse{Body: set, Headers: api.GetSigningKeys200ResponseHeaders{CacheControl: keysFor}}, nil
}

// place is where a list goes on: the last item's sort key.
type place struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// newest is before everything in a list that goes newest first.
func newest() place {
	return place{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Max}
}

func tokensBody(t Tokens) api.AuthTokens {
	return api.AuthTokens{
		TokenType: api.AuthTokensTokenTypeBearer, AccessToken: t.Access.Reveal(), ExpiresIn: int(AccessLife.Seconds()),
		RefreshToken: t.Refresh.Reveal(), RefreshExpiresAt: t.RefreshExpires, Session: t.Session, Role: api.Role(t.Role),
	}
}

func userBody(u db.User) api.AuthUser {
	roles := make([]api.Role, 0, len(u.Roles))
	for _, role := range u.Roles {
		roles = append(roles, api.Role(role))
	}
	return api.AuthUser{Id: u.ID, Name: u.Name, Language: api.Language(u.Language), Role: api.Role(u.ActiveRole), Roles: roles}
}

func sessionBody(s db.AuthSession, caller access.Caller) api.Session {
	return api.Session{
		Id: s.ID, User: s.UserID, Client: s.Client, CreatedAt: s.CreatedAt.UTC(), LastUsedAt: s.LastUsedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
		Current: !caller.IsMachine() && caller.Session == s.ID,
	}
}
