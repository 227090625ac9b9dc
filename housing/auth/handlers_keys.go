package auth

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

// ListApiKeys is the tenant's keys, without the keys themselves.
func (h *Handlers) ListApiKeys(ctx context.Context, r api.ListApiKeysRequestObject) (api.ListApiKeysResponseObject, error) { //nolint:revive,staticcheck // the operation's name, as the generator writes it
	caller := access.From(ctx)
	if err := caller.Require(access.KeysManage, false); err != nil {
		return nil, err
	}
	at, limit := newest(), rest.Limit(r.Params.Limit)
	if err := rest.ReadCursor(r.Params.Cursor, &at); err != nil {
		return nil, err
	}
	rows, err := h.auth.store.Read(ctx).APIKeys(ctx, db.APIKeysParams{
		TenantID: caller.Tenant, BeforeAt: at.At, BeforeID: at.ID, N: int32(limit + 1),
	})
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(k db.ApiKey) any { return place{k.CreatedAt, k.ID} })
	answer := api.ListApiKeys200JSONResponse{Items: make([]api.ApiKey, 0, len(rows)), NextCursor: next}
	for _, row := range rows {
		answer.Items = append(answer.Items, keyBody(row))
	}
	return answer, nil
}

// CreateApiKey makes a key with scopes that the caller has.
func (h *Handlers) CreateApiKey(ctx context.Context, r api.CreateApiKeyRequestObject) (api.CreateApiKeyResponseObject, error) { //nolint:revive,staticcheck // the operation's name, as the generator writes it
	caller := access.From(ctx)
	if err := caller.Require(access.KeysManage, false); err != nil {
		return nil, err
	}
	scopes := make([]access.Action, 0, len(r.Body.Scopes))
	for _, scope := range r.Body.Scopes {
		scopes = append(scopes, access.Action(scope))
	}
	var plain secret.Text
	var row db.ApiKey
	err := h.auth.store.Do(ctx, func(w *unit.Work) (err error) {
		if err := checkKey(w.Now, r.Body.Name, scopes, r.Body.ExpiresAt); err != nil {
			return err
		}
		if err := mayGive(caller, scopes); err != nil {
			return err
		}
		plain, row, err = h.auth.MakeKey(ctx, w, caller.Tenant, r.Body.Name, scopes, caller.ID(), r.Body.ExpiresAt)
		return err
	})
	return api.CreateApiKey201JSONResponse{Key: plain.Reveal(), Details: keyBody(row)}, err
}

// RevokeApiKey makes a key count no more.
func (h *Handlers) RevokeApiKey(ctx context.Context, r api.RevokeApiKeyRequestObject) (api.RevokeApiKeyResponseObject, error) { //nolint:revive,staticcheck // the operation's name, as the generator writes it
	caller := access.From(ctx)
	if err := caller.Require(access.KeysManage, false); err != nil {
		return nil, err
	}
	err := h.auth.store.Do(ctx, func(w *unit.Work) error {
		_, err := w.EndAPIKey(ctx, db.EndAPIKeyParams{TenantID: caller.Tenant, ID: r.Key, Now: w.Now})
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("API key")
		}
		if err != nil {
			return err
		}
		return h.auth.revoked.revoke(ctx, w, kindKey, caller.Tenant, r.Key)
	})
	return api.RevokeApiKey204Response{}, err
}

func keyBody(k db.ApiKey) api.ApiKey {
	return api.ApiKey{
		Id: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(),
		ExpiresAt: inUTC(k.ExpiresAt), LastUsedAt: inUTC(k.LastUsedAt), RevokedAt: inUTC(k.RevokedAt),
	}
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}
