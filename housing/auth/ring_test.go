package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/housing/auth"
	"ukbot/housing/unit"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// published is the ids in the JWKS.
func published(t *testing.T, a *auth.Auth) map[string]api.SigningKey {
	t.Helper()
	answer, err := a.Handlers().GetSigningKeys(t.Context(), api.GetSigningKeysRequestObject{})
	if err != nil {
		t.Fatal(err)
	}
	set, ok := answer.(api.GetSigningKeys200JSONResponse)
	if !ok || set.Headers.CacheControl != "public, max-age=60" {
		t.Fatalf("JWKS: %T, %+v", answer, answer)
	}
	keys := map[string]api.SigningKey{}
	for _, k := range set.Body.Keys {
		keys[k.Kid] = k
	}
	return keys
}

func TestReplicasMakeOneFirstKey(t *testing.T) {
	w := newWorld(t)
	const replicas = 6
	var wg sync.WaitGroup
	w.do(func(u *unit.Work) error { // all find no key before the first may make one
		if err := u.LockSigningKeys(t.Context()); err != nil {
			return err
		}
		for range replicas {
			wg.Go(func() { w.auth(nil).Reload(t.Context()) })
		}
		natstest.Wait(t, "the replicas to come", func() bool {
			var waiting int
			w.one(&waiting, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'")
			return waiting == replicas
		})
		return nil
	})
	wg.Wait()
	var keys int
	if w.one(&keys, "SELECT count(*) FROM auth_signing_keys"); keys != 1 {
		t.Errorf("%d keys, want 1", keys)
	}
}

func TestAnybodyCanCheckATokenWithTheJWKS(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	token := w.login(a, w.user(acme, "approved", "applicant")).Access
	_, err := jwt.Parse(token.Reveal(), func(parsed *jwt.Token) (any, error) {
		kid, _ := parsed.Header["kid"].(string)
		key := published(t, a)[kid]
		raw, err := base64.RawURLEncoding.DecodeString(key.X)
		return ed25519.PublicKey(raw), err
	}, jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithTimeFunc(w.clock.Now))
	if err != nil {
		t.Errorf("checked by the JWKS: %v", err)
	}
}

func TestRotationLogsNobodyOut(t *testing.T) {
	w := newWorld(t)
	here, there := w.auth(nil), w.auth(nil)
	user := w.user(acme, "approved", "applicant")
	before := w.login(here, user)
	if !counts(t, there, before.Access) {
		t.Fatal("the other replica does not know the first key")
	}
	if err := here.RotateSigningKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := here.RotateSigningKey(t.Context()); err != nil { // twice: one new key waits already
		t.Fatal(err)
	}
	if keys := published(t, here); len(keys) != 2 {
		t.Fatalf("the JWKS has %d keys, want the old and the new", len(keys))
	}
	waiting := w.login(here, user)
	if kidOf(t, waiting.Access) != kidOf(t, before.Access) {
		t.Error("the new key signs before everybody can know it")
	}
	w.clock.Advance(auth.ActivationDelay)
	after := w.login(here, user)
	if kidOf(t, after.Access) == kidOf(t, before.Access) {
		t.Error("the new key does not sign")
	}
	for name, token := range map[string]secret.Text{"before the rotation": before.Access, "while it waited": waiting.Access, "after it": after.Access} {
		if !counts(t, here, token) || !counts(t, there, token) { // there was not reloaded: it asks for the unknown key
			t.Errorf("a token of %s does not count everywhere", name)
		}
	}
	late := w.login(there, user)
	if kidOf(t, late.Access) != kidOf(t, after.Access) {
		t.Error("the other replica signs with the old key")
	}
	w.clock.Advance(14 * time.Minute)
	if !counts(t, here, late.Access) || !counts(t, there, late.Access) {
		t.Error("a token counts no more before it expires")
	}
	w.clock.Advance(auth.RetireAfter)
	if keys := published(t, here); len(keys) != 1 {
		t.Errorf("the JWKS has %d keys when the old one is gone, want 1", len(keys))
	}
	if _, err := w.refresh(here, before.Refresh); err != nil {
		t.Errorf("the session of before the rotation: %v", err)
	}
}

// TestALateReplicaMaySignWithTheOldKey: it has not heard of the new key until
// just before its minute is over, and its token lives 15 minutes more.
func TestALateReplicaMaySignWithTheOldKey(t *testing.T) {
	w := newWorld(t)
	here, late := w.auth(nil), w.auth(nil)
	user := w.user(acme, "approved", "applicant")
	w.login(late, user)
	if err := here.RotateSigningKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * auth.ActivationDelay) // a minute would be usual
	token := w.login(late, user).Access
	w.clock.Advance(auth.AccessLife - time.Second)
	here.Reload(t.Context())
	if !counts(t, here, token) {
		t.Error("its token does not count to its end")
	}
}

func TestKeysRotateByThemselvesAfter90Days(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	a.Reload(t.Context())
	for _, step := range []struct {
		after time.Duration
		keys  int
	}{{auth.RotateAfter - time.Minute, 1}, {time.Minute, 2}, {time.Hour, 1}, {auth.RotateAfter - 2*time.Hour, 1}, {2 * time.Hour, 2}} {
		w.clock.Advance(step.after)
		if err := a.RotateOld(t.Context()); err != nil {
			t.Fatal(err)
		}
		if keys := published(t, a); len(keys) != step.keys {
			t.Errorf("%s later there are %d keys, want %d", step.after, len(keys), step.keys)
		}
	}
}

func TestAKeysetThatOpensNoSigningKeySaysSo(t *testing.T) {
	w := newWorld(t)
	w.auth(nil).Reload(t.Context())
	strange, err := secret.ParseKeyset(secret.NewKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := auth.New(auth.Config{Store: w.store, Keys: strange, Log: zerolog.New(w.log)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryLogin(a, w.user(acme, "approved", "applicant")); err == nil {
		t.Error("it signed")
	}
	var keys int
	if w.one(&keys, "SELECT count(*) FROM auth_signing_keys"); keys != 1 {
		t.Errorf("%d keys, want the first alone", keys)
	}
}

func TestWhatHasExpiredIsSwept(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	user := w.user(acme, "approved", "applicant")
	w.login(a, user)
	if err := a.RotateSigningKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(auth.RefreshLife - time.Hour)
	living := w.login(a, user)
	caller, err := a.Token(t.Context(), w.login(a, user).Access.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if err := revoke["a logout"](w, a, caller); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(8 * 24 * time.Hour)
	if err := a.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []int
	for _, table := range []string{"auth_sessions", "auth_refresh_tokens", "auth_revocations", "auth_signing_keys"} {
		var n int
		w.one(&n, "SELECT count(*) FROM "+table)
		left = append(left, n)
	}
	if want := []int{2, 2, 0, 1}; !slices.Equal(left, want) {
		t.Errorf("sessions, tokens, revocations, keys left: %v, want %v", left, want)
	}
	if _, err := w.refresh(a, living.Refresh); err != nil {
		t.Errorf("a living session: %v", err)
	}
}
