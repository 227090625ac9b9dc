package auth_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/secret"
	"ukbot/sql/dbtest"
)

func TestATokenSaysWhoAsks(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "executor", "manager")
	tokens := w.login(a, user)
	got, err := a.Token(t.Context(), tokens.Access.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if got.Tenant != acme || got.User != user.ID || got.Role != access.Executor || got.Session != tokens.Session || got.IsMachine() {
		t.Errorf("Token = %+v, want %s of %s as executor in session %s", got, user.ID, acme, tokens.Session)
	}
	w.clock.Advance(16 * time.Minute)
	_, err = a.Token(t.Context(), tokens.Access.Reveal())
	want(t, err, problem.Unauthorized)
}

// forgery is a token like ours with something else in header, claims or key.
type forgery struct {
	header map[string]any
	claims jwt.MapClaims
	key    any
}

func (f forgery) sign(t *testing.T, method jwt.SigningMethod) string {
	t.Helper()
	token := jwt.NewWithClaims(method, f.claims)
	maps.Copy(token.Header, f.header)
	signed, err := token.SignedString(f.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestOnlyOwnTokensCount makes tokens with the true signing key, each wrong in
// one thing.
func TestOnlyOwnTokensCount(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "applicant")
	session := w.login(a, user).Session
	kid, private := w.signingKey()
	_, foreign, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	public, isKey := private.Public().(ed25519.PublicKey)
	if !isKey {
		t.Fatal("no public key")
	}
	now := w.clock.Now()
	good := func() forgery {
		return forgery{
			header: map[string]any{"kid": kid}, key: private,
			claims: jwt.MapClaims{
				"iss": "ukbot", "aud": "ukbot", "sub": user.ID.String(), "tenant": acme, "role": "applicant", "sid": session.String(),
				"iat": now.Unix(), "iat_ms": now.UnixMilli(), "exp": now.Add(time.Minute).Unix(), "jti": "x",
			},
		}
	}
	claim := func(name string, value any) string {
		f := good()
		if f.claims[name] = value; value == nil {
			delete(f.claims, name)
		}
		return f.sign(t, jwt.SigningMethodEdDSA)
	}
	header := func(name string, value any) string {
		f := good()
		f.header[name] = value
		return f.sign(t, jwt.SigningMethodEdDSA)
	}
	signed := func(method jwt.SigningMethod, key any) string {
		f := good()
		f.key = key
		return f.sign(t, method)
	}
	own := good().sign(t, jwt.SigningMethodEdDSA)
	if _, err := a.Token(t.Context(), own); err != nil {
		t.Fatalf("the token that the others are made of does not count: %v", err)
	}
	if _, err := a.Token(t.Context(), claim("exp", now.Add(-4*time.Second).Unix())); err != nil {
		t.Errorf("a clock 4 s ahead makes a token expire: %v", err)
	}
	part := strings.Split(own, ".")
	for name, token := range map[string]string{
		"empty":                         "",
		"garbage":                       "garbage",
		"dots":                          "..",
		"garbage with dots":             "a.b.c",
		"10 KB":                         strings.Repeat("a", 10_000),
		"10 KB of a signed token":       claim("jti", strings.Repeat("x", 10_000)),
		"alg none":                      signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"alg none without signature":    base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + part[1] + ".",
		"HS256 with the public key":     signed(jwt.SigningMethodHS256, []byte(public)),
		"HS256 with its base64":         signed(jwt.SigningMethodHS256, []byte(base64.RawURLEncoding.EncodeToString(public))),
		"another key under our id":      signed(jwt.SigningMethodEdDSA, foreign),
		"an unknown key":                header("kid", "unknown"),
		"no key":                        header("kid", nil),
		"a key that is a number":        header("kid", 1),
		"no signature":                  part[0] + "." + part[1] + ".",
		"another's payload":             part[0] + "." + strings.Split(claim("role", "admin"), ".")[1] + "." + part[2],
		"a changed signature":           part[0] + "." + part[1] + "." + flip(part[2]),
		"a signature with a loose bit":  part[0] + "." + part[1] + "." + loose(part[2]),
		"a fourth part":                 own + ".x",
		"a space after it":              own + " ",
		"expired":                       claim("exp", now.Add(-time.Minute).Unix()),
		"no expiry":                     claim("exp", nil),
		"an expiry in words":            claim("exp", "tomorrow"),
		"not yet valid":                 claim("nbf", now.Add(time.Minute).Unix()),
		"issued in the future":          claim("iat", now.Add(time.Minute).Unix()),
		"another issuer":                claim("iss", "evil"),
		"no issuer":                     claim("iss", nil),
		"another audience":              claim("aud", "bank"),
		"no audience":                   claim("aud", nil),
		"no tenant":                     claim("tenant", nil),
		"all tenants":                   claim("tenant", "*"),
		"no person":                     claim("sub", nil),
		"a person who is no id":         claim("sub", "admin"),
		"nobody":                        claim("sub", uuid.Nil.String()),
		"no role":                       claim("role", nil),
		"a role that does not exist":    claim("role", "root"),
		"no session":                    claim("sid", nil),
		"a session that is no id":       claim("sid", "x"),
		"no time in milliseconds":       claim("iat_ms", nil),
		"a time before all revocations": claim("iat_ms", -1),
	} {
		t.Run(name+" does not count", func(t *testing.T) {
			caller, err := a.Token(t.Context(), token)
			want(t, err, problem.Unauthorized)
			if caller.User != uuid.Nil || caller.Tenant != "" {
				t.Errorf("refused, but names %+v", caller)
			}
		})
	}
}

// flip changes one character of a signature.
func flip(signature string) string {
	c := byte('A')
	if signature[10] == c {
		c = 'B'
	}
	return signature[:10] + string(c) + signature[11:]
}

// loose sets a bit of the last character that a lenient decoder drops.
func loose(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(alphabet, signature[len(signature)-1])
	return signature[:len(signature)-1] + string(alphabet[at^1])
}

// TestWhoWritesRowsMakesNoKey puts a key of one's own into the database.
func TestWhoWritesRowsMakesNoKey(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "applicant")
	session := w.login(a, user).Session
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := w.signingKey()
	w.exec(`INSERT INTO auth_signing_keys (kid, public, private, signs_from) SELECT 'mine', $1, private, signs_from FROM auth_signing_keys`, []byte(public))
	w.exec(`UPDATE auth_signing_keys SET public = $1 WHERE kid = $2`, []byte(public), kid)
	a = w.auth(nil)
	now := w.clock.Now()
	for _, kid := range []string{"mine", kid} {
		f := forgery{header: map[string]any{"kid": kid}, key: private, claims: jwt.MapClaims{
			"iss": "ukbot", "aud": "ukbot", "sub": user.ID.String(), "tenant": acme, "role": "admin", "sid": session.String(),
			"iat_ms": now.UnixMilli(), "exp": now.Add(time.Minute).Unix(),
		}}
		_, err := a.Token(t.Context(), f.sign(t, jwt.SigningMethodEdDSA))
		want(t, err, problem.Unauthorized)
	}
}

// counted counts the queries of signing keys.
type counted struct{ n chan struct{} }

func (c counted) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "name: SigningKeys") {
		c.n <- struct{}{}
	}
	return ctx
}

func (counted) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestUnknownKeysAskTheDatabaseOnceASecond(t *testing.T) {
	tracer := counted{make(chan struct{}, 1000)}
	cfg, err := pgxpool.ParseConfig(dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	w := newWorldOn(t, pool)
	a := w.auth(nil)
	w.login(a, w.user(acme, "approved", "applicant"))
	before, began := len(tracer.n), time.Now()
	token := forgery{header: map[string]any{"kid": "x"}, key: ed25519.NewKeyFromSeed(make([]byte, 32))}.sign(t, jwt.SigningMethodEdDSA)
	for range 200 {
		if counts(t, a, secret.Text(token)) {
			t.Fatal("it counts")
		}
	}
	if asked, allowed := len(tracer.n)-before, 1+int(time.Since(began)/time.Second); asked > allowed {
		t.Errorf("200 tokens of an unknown key asked the database %d times, want at most %d", asked, allowed)
	}
}

// FuzzToken looks for a text that is not refused, or panics.
func FuzzToken(f *testing.F) {
	header, err := json.Marshal(map[string]string{"alg": "none", "kid": "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(base64.RawURLEncoding.EncodeToString(header) + ".e30.")
	f.Add("eyJhbGciOiJFZERTQSJ9.e30.c2ln")
	f.Add("..")
	w := newWorld(f)
	a := w.auth(nil)
	w.login(a, w.user(acme, "approved", "applicant"))
	f.Fuzz(func(t *testing.T, token string) {
		_, err := a.Token(t.Context(), token)
		if !problem.Is(err, problem.Unauthorized) {
			t.Errorf("Token(%q) = %v, want unauthorized", token, err)
		}
	})
}
