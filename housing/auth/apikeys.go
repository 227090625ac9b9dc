package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

// Form of an API key: "uk_" and two times 26 characters of base32, 260 random bits.
const (
	keyPrefix = "uk_"
	keyLength = len(keyPrefix) + 2*26
)

// Limits of what is kept about keys in memory.
const (
	keyFresh = 5 * time.Second // since it was read; revocations come faster, through NATS
	keysMax  = 10_000          // keys in the cache; when full it begins anew
	noteGap  = time.Minute     // between notes of a key's use
)

// MakeKey makes an API key of a tenant. The plain key is in the answer and
// nowhere else. Whether the maker may give these scopes, the caller has checked.
func (a *Auth) MakeKey(
	ctx context.Context, w *unit.Work, tenant, name string, scopes []access.Action, by string, expires *time.Time,
) (secret.Text, db.ApiKey, error) {
	if err := checkKey(w.Now, name, scopes, expires); err != nil {
		return "", db.ApiKey{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", db.ApiKey{}, err
	}
	plain := secret.Text(keyPrefix + rand.Text() + rand.Text())
	names := make([]string, 0, len(scopes))
	for _, scope := range scopes {
		names = append(names, string(scope))
	}
	slices.Sort(names)
	row, err := w.AddAPIKey(ctx, db.AddAPIKeyParams{
		TenantID: tenant, ID: id, Name: name, Hash: hash(plain), Scopes: slices.Compact(names),
		CreatedBy: by, CreatedAt: w.Now, ExpiresAt: expires,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", row, problem.New(problem.Exists, "a key of this name is in use: take another name or revoke that one")
	}
	return plain, row, err
}

// reservedNames would be taken for the system in the history of what keys did.
var reservedNames = []string{"clock", "system", "key"}

// checkKey checks what the document cannot say.
func checkKey(now time.Time, name string, scopes []access.Action, expires *time.Time) error {
	if _, err := uuid.Parse(name); err == nil || name == "" || slices.Contains(reservedNames, strings.ToLower(name)) {
		return problem.InvalidField("/name", "would be taken for somebody else's: choose another name")
	}
	if len(scopes) == 0 {
		return problem.InvalidField("/scopes", "a key needs at least one scope")
	}
	for _, scope := range scopes {
		if _, known := access.Table[scope]; !known {
			return problem.InvalidField("/scopes", "holds a scope that does not exist")
		}
	}
	if expires != nil && !expires.After(now) {
		return problem.InvalidField("/expires_at", "is over already")
	}
	return nil
}

// mayGive refuses scopes that the maker may not use as far as a key does: on
// everything of the tenant.
func mayGive(maker access.Caller, scopes []access.Action) error {
	for _, scope := range scopes {
		if maker.May(scope) != access.Any {
			return problem.New(problem.Forbidden, "you may not give the scope "+string(scope)+": you do not have it yourself")
		}
	}
	return nil
}

// keyCache is keys that were seen lately, by hash, and the uses not yet noted.
type keyCache struct {
	mu    sync.Mutex
	keys  map[[32]byte]cachedKey
	uses  map[keyID]time.Time
	noted map[keyID]time.Time // when a use of the key was last written
}

type cachedKey struct {
	row  db.APIKeyByHashRow
	read time.Time // by the machine's clock
}

type keyID struct {
	tenant string
	id     uuid.UUID
}

func newKeyCache() *keyCache {
	return &keyCache{keys: map[[32]byte]cachedKey{}, uses: map[keyID]time.Time{}, noted: map[keyID]time.Time{}}
}

// Key is who an API key belongs to; a Problem if it does not count.
func (a *Auth) Key(ctx context.Context, key secret.Text) (access.Caller, error) {
	if text := key.Reveal(); len(text) != keyLength || !strings.HasPrefix(text, keyPrefix) {
		return access.Caller{}, errUnknownKey()
	}
	if err := a.revoked.ready(ctx); err != nil {
		return access.Caller{}, err
	}
	row, err := a.keyRow(ctx, [32]byte(hash(key)))
	if errors.Is(err, pgx.ErrNoRows) {
		return access.Caller{}, errUnknownKey()
	}
	if err != nil {
		return access.Caller{}, err
	}
	now := a.store.Now()
	switch {
	case row.RevokedAt != nil, a.revoked.has(kindKey, row.TenantID, row.ID, 0):
		return access.Caller{}, errUnknownKey()
	case row.ExpiresAt != nil && !row.ExpiresAt.After(now):
		return access.Caller{}, nobody("the API key has expired: ask an administrator for a new one")
	}
	a.keys.used(keyID{row.TenantID, row.ID}, now)
	caller := access.Caller{Tenant: row.TenantID, Name: row.Name, Key: row.ID}
	for _, scope := range row.Scopes {
		caller.Scopes = append(caller.Scopes, access.Action(scope))
	}
	return caller, nil
}

func errUnknownKey() error { return nobody("this is no access token, and no API key in use") }

// keyRow is a key by its hash. Unknown ones are not remembered: there are as
// many as anybody likes, and a new one must count at once.
func (a *Auth) keyRow(ctx context.Context, hash [32]byte) (db.APIKeyByHashRow, error) {
	if row, ok := a.keys.get(hash); ok {
		return row, nil
	}
	read := time.Now() // before the query: what is revoked meanwhile is not kept longer
	row, err := a.db().APIKeyByHash(ctx, hash[:])
	if err == nil {
		a.keys.put(hash, cachedKey{row, read})
	}
	return row, err
}

func (c *keyCache) get(hash [32]byte) (db.APIKeyByHashRow, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.keys[hash]
	return k.row, ok && time.Since(k.read) < keyFresh
}

func (c *keyCache) put(hash [32]byte, k cachedKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= keysMax {
		clear(c.keys)
	}
	c.keys[hash] = k
}

func (c *keyCache) used(id keyID, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uses[id] = at
}

// due takes the uses that are to be noted now.
func (c *keyCache) due() map[keyID]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := map[keyID]time.Time{}
	for id, at := range c.uses {
		if at.Sub(c.noted[id]) >= noteGap {
			due[id] = at
			c.noted[id] = at
			delete(c.uses, id)
		}
	}
	return due
}

// noteUses writes when keys were last used. A use that cannot be written is
// lost: the next one is noted a minute later.
func (a *Auth) noteUses(ctx context.Context) {
	for id, at := range a.keys.due() {
		if err := a.db().TouchAPIKey(ctx, db.TouchAPIKeyParams{
			TenantID: id.tenant, ID: id.id, UsedAt: at, NotedBefore: at.Add(-noteGap),
		}); err != nil {
			a.warn(ctx, err, "use of an API key not noted")
			return
		}
	}
}
