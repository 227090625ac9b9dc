package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

// Rules of signing keys.
const (
	// activationDelay is how long a key is published before it signs: every
	// replica, and whoever keeps the JWKS, has it by then.
	activationDelay = 2 * time.Minute
	// retireAfter is how long a key verifies after a newer one signs: a token's
	// life, and a replica whose clock or reload is late.
	retireAfter = AccessLife + activationDelay + leeway
	rotateAfter = 90 * 24 * time.Hour
	reloadPause = time.Second // between reloads for unknown keys, which anybody can cause
)

var errNoSigningKey = errors.New("no signing key opens with the keyset (UKBOT_KEYS): put back the key it was sealed with")

// signingKey is a key pair. Its id is the thumbprint of its public half.
type signingKey struct {
	id      string
	private ed25519.PrivateKey
	from    time.Time  // signs since
	gone    *time.Time // verifies until
}

func (k signingKey) public() ed25519.PublicKey {
	return k.private.Public().(ed25519.PublicKey) // ed25519 promises the type
}

// ring is the signing keys of the installation as this replica knows them.
type ring struct {
	store unit.Store
	seal  *secret.Keyset
	log   zerolog.Logger

	mu   sync.RWMutex
	keys []signingKey // the newest first; replaced, never changed

	loading sync.Mutex // one reload for an unknown key at a time
	loaded  time.Time  // when the last one was, by the machine's clock
}

// all is the keys there are, loaded if they never were.
func (r *ring) all(ctx context.Context) ([]signingKey, error) {
	if keys := r.known(); keys != nil {
		return keys, nil
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	return r.known(), nil
}

func (r *ring) known() []signingKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys
}

// signer is the newest key that signs by now. If none does, this clock is behind
// that of who made the very first one: it is good.
func (r *ring) signer(ctx context.Context) (signingKey, error) {
	keys, err := r.all(ctx)
	if err != nil {
		return signingKey{}, err
	}
	now := r.store.Now()
	for i, k := range keys {
		if (!k.from.After(now) || i == len(keys)-1) && k.good(now) {
			return k, nil
		}
	}
	return signingKey{}, errNoSigningKey
}

func (k signingKey) good(now time.Time) bool { return k.gone == nil || k.gone.After(now) }

// verifier is the key of an id; false if no such key is good. An unknown id may
// be a key that another replica has just made, so the keys are loaded again.
func (r *ring) verifier(ctx context.Context, id string) (ed25519.PublicKey, bool, error) {
	keys, err := r.all(ctx)
	if err != nil {
		return nil, false, err
	}
	k, found := find(keys, id)
	if !found {
		if err := r.loadOncePerPause(ctx); err != nil {
			return nil, false, err
		}
		if k, found = find(r.known(), id); !found {
			return nil, false, nil
		}
	}
	return k.public(), k.good(r.store.Now()), nil
}

func find(keys []signingKey, id string) (signingKey, bool) {
	i := slices.IndexFunc(keys, func(k signingKey) bool { return k.id == id })
	if i < 0 {
		return signingKey{}, false
	}
	return keys[i], true
}

func (r *ring) loadOncePerPause(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	if time.Since(r.loaded) < reloadPause { // a limit on load, not a rule: it follows the machine's clock
		return nil
	}
	r.loaded = time.Now()
	return r.load(ctx)
}

// load reads the keys, and makes the first one if there is none.
func (r *ring) load(ctx context.Context) error {
	rows, err := db.New(r.store.Pool).SigningKeys(ctx, r.store.Now())
	if err == nil && len(rows) == 0 {
		rows, err = r.first(ctx)
	}
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	keys := make([]signingKey, 0, len(rows))
	for _, row := range rows {
		k, err := r.open(row)
		if err != nil {
			r.log.Error().Err(err).Str("kid", row.Kid).Msg("signing key does not open, its tokens do not count")
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return errNoSigningKey
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = keys
	return nil
}

// open unseals a key. The public half in the row is for people with a database
// client; what verifies is computed, so that who writes rows still makes no key.
func (r *ring) open(row db.SigningKeysRow) (signingKey, error) {
	seed, err := r.seal.Open(row.Private, sealOwner(row.Kid))
	if err != nil {
		return signingKey{}, err
	}
	if len(seed.Reveal()) != ed25519.SeedSize {
		return signingKey{}, secret.ErrSealBroken
	}
	k := signingKey{private: ed25519.NewKeyFromSeed([]byte(seed.Reveal())), from: row.SignsFrom, gone: row.GoneAt}
	if k.id = thumbprint(k.public()); k.id != row.Kid {
		return signingKey{}, secret.ErrSealBroken
	}
	return k, nil
}

func sealOwner(kid string) string { return "signing-key/" + kid }

// thumbprint is the id of a public key (RFC 7638, RFC 8037).
func thumbprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// first makes the first key, which signs at once; of several replicas one does.
func (r *ring) first(ctx context.Context) (rows []db.SigningKeysRow, err error) {
	err = r.store.Own(ctx, func(w *unit.Work) error {
		if err := w.LockSigningKeys(ctx); err != nil {
			return err
		}
		if rows, err = w.SigningKeys(ctx, w.Now); err != nil || len(rows) > 0 {
			return err
		}
		if err := r.add(ctx, w, w.Now); err != nil {
			return err
		}
		rows, err = w.SigningKeys(ctx, w.Now)
		return err
	})
	return rows, err
}

// add makes a key that signs from a time on and says until when the others verify.
func (r *ring) add(ctx context.Context, w *unit.Work, from time.Time) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	kid := thumbprint(public)
	if err := w.AddSigningKey(ctx, db.AddSigningKeyParams{
		Kid: kid, Public: public, Private: r.seal.Seal(secret.Text(private.Seed()), sealOwner(kid)),
		SignsFrom: from, CreatedAt: w.Now,
	}); err != nil {
		return err
	}
	return w.RetireSigningKeys(ctx, from.Add(retireAfter), kid)
}

// rotate makes the next key if the newest has signed for that long; one that
// does not sign yet is next already.
func (r *ring) rotate(ctx context.Context, age time.Duration) error {
	err := r.store.Own(ctx, func(w *unit.Work) error {
		if err := w.LockSigningKeys(ctx); err != nil {
			return err
		}
		rows, err := w.SigningKeys(ctx, w.Now)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return r.add(ctx, w, w.Now)
		}
		if newest := rows[0].SignsFrom; newest.After(w.Now) || newest.After(w.Now.Add(-age)) {
			return nil
		}
		return r.add(ctx, w, w.Now.Add(activationDelay))
	})
	if err != nil {
		return fmt.Errorf("rotate signing keys: %w", err)
	}
	return r.load(ctx)
}

// RotateSigningKey makes a new signing key. It signs two minutes later, when
// every replica knows it; the tokens of the old ones count until they expire.
// While a new key waits for its turn, nothing more is done.
func (a *Auth) RotateSigningKey(ctx context.Context) error { return a.ring.rotate(ctx, 0) }
