package auth_test

import (
	"context"
	"crypto/ed25519"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/secret"
	"ukbot/secret/logtest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// world is an installation without its HTTP server: a database, streams, a
// clock, and as many replicas of Auth as a test wants.
type world struct {
	t     testing.TB
	pool  *pgxpool.Pool
	store unit.Store
	env   *natstest.Env // started with the first replica
	keys  *secret.Keyset
	clock *clock
	log   *logtest.Lines

	people atomic.Int64
}

// clock stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

const (
	acme  = "acme"
	other = "other"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, dbtest.New(t))
}

func newWorldOn(t testing.TB, pool *pgxpool.Pool) *world {
	t.Helper()
	keys, err := secret.ParseKeyset(secret.NewKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, pool: pool, keys: keys, log: &logtest.Lines{},
		clock: &clock{now: time.Date(2026, 3, 2, 4, 0, 0, 123456789, time.UTC)},
	}
	w.store = unit.Store{Pool: pool, Now: w.clock.Now}
	for _, tenant := range []string{acme, other} {
		w.exec("INSERT INTO companies (tenant_id, name) VALUES ($1, $1)", tenant)
	}
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) one(into any, sql string, args ...any) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(into); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// auth is an Auth that does not run; conn may be nil.
func (w *world) auth(conn *nats.Conn) *auth.Auth {
	w.t.Helper()
	a, err := auth.New(auth.Config{Store: w.store, Keys: w.keys, Conn: conn, Log: zerolog.New(w.log)})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// replica is an Auth that runs until the test ends.
func (w *world) replica() *auth.Auth {
	w.t.Helper()
	if w.env == nil {
		w.env = natstest.Start(w.t)
	}
	a := w.auth(w.env.Connect("housing"))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(func() { stop(); wg.Wait() })
	return a
}

// user makes a person; the first role is the active one.
func (w *world) user(tenant, status string, roles ...string) db.User {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7())
	w.exec(`INSERT INTO users (tenant_id, id, telegram_id, name, language, status, roles, active_role, search)
		VALUES ($1, $2, $3, 'Азиз Каримов', 'uz', $4, $5, $6, '')`, tenant, id, w.people.Add(1), status, roles, roles[0])
	user, err := db.New(w.pool).AuthUser(w.t.Context(), tenant, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

func (w *world) login(a *auth.Auth, user db.User) auth.Tokens {
	w.t.Helper()
	tokens, err := w.tryLogin(a, user)
	if err != nil {
		w.t.Fatalf("log %s in: %v", user.ID, err)
	}
	return tokens
}

func (w *world) tryLogin(a *auth.Auth, user db.User) (tokens auth.Tokens, err error) {
	err = w.store.Do(w.t.Context(), func(u *unit.Work) error {
		tokens, err = a.Login(w.t.Context(), u, user.TenantID, user, "bot")
		return err
	})
	return tokens, err
}

// do makes one unit of work that must work.
func (w *world) do(fn func(*unit.Work) error) {
	w.t.Helper()
	if err := w.store.Do(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// signingKey is the key that signs now, as only the holder of the keyset has it.
func (w *world) signingKey() (kid string, private ed25519.PrivateKey) {
	w.t.Helper()
	var sealed string
	if err := w.pool.QueryRow(w.t.Context(), "SELECT kid, private FROM auth_signing_keys ORDER BY signs_from DESC LIMIT 1").Scan(&kid, &sealed); err != nil {
		w.t.Fatal(err)
	}
	seed, err := w.keys.Open(sealed, "signing-key/"+kid)
	if err != nil {
		w.t.Fatal(err)
	}
	return kid, ed25519.NewKeyFromSeed([]byte(seed.Reveal()))
}

// counts says whether an access token counts.
func counts(t testing.TB, a *auth.Auth, token secret.Text) bool {
	t.Helper()
	_, err := a.Token(t.Context(), token.Reveal())
	if err != nil && !problem.Is(err, problem.Unauthorized) {
		t.Fatalf("Token: %v, want a caller or unauthorized", err)
	}
	return err == nil
}

// want fails the test unless an error is a problem of the code.
func want(t *testing.T, err error, code problem.Code) {
	t.Helper()
	if !problem.Is(err, code) {
		t.Errorf("got %v, want a problem %s", err, code)
	}
}

// kidOf is the key that a token says it was signed with.
func kidOf(t *testing.T, token secret.Text) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token.Reveal(), jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := parsed.Header["kid"].(string)
	return kid
}

// soon waits until a condition holds, at most for a limit that is less than what
// would make it hold anyway.
func soon(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}

// as is a request of somebody.
func (w *world) as(caller access.Caller) context.Context { return access.With(w.t.Context(), caller) }

// leaks says whether a text holds a secret, or its last part, which alone would do.
func leaks(text string, secrets ...secret.Text) bool {
	for _, s := range secrets {
		parts := strings.FieldsFunc(s.Reveal(), func(r rune) bool { return r == '.' || r == '_' })
		if strings.Contains(text, s.Reveal()) || strings.Contains(text, parts[len(parts)-1]) {
			return true
		}
	}
	return false
}
