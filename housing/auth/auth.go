// Package auth knows who is asking: people by signed access tokens that live 15
// minutes, machines by API keys. A refresh token gives the next access token
// once; the use of an old one ends the session it belongs to. What was revoked
// counts on no replica after seconds. Signing keys change without logging
// anybody out.
//
// It decides who somebody is, never what they may do: that is access. Tokens and
// keys are kept as hashes only and stand in no log and no error.
package auth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"

	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/secret"
	"ukbot/sql/db"
)

// How long things live.
const (
	AccessLife  = 15 * time.Minute    // of an access token; the bucket of revocations keeps four times that
	RefreshLife = 30 * 24 * time.Hour // of a refresh token, and of a session since it was last refreshed
	leeway      = 5 * time.Second     // between the clocks of replicas
)

// Config is what Auth needs; everything but the connection is required. Without
// a connection (the command line) revocations travel through PostgreSQL alone.
type Config struct {
	Store unit.Store
	Keys  *secret.Keyset // seals the private halves of signing keys
	Conn  *nats.Conn
	Log   zerolog.Logger
}

// Auth issues and checks tokens and keys.
type Auth struct {
	store   unit.Store
	conn    *nats.Conn
	log     zerolog.Logger
	parser  *jwt.Parser
	ring    *ring
	revoked *revocations
	keys    *keyCache
}

// New makes an Auth. It asks no server: keys and revocations are loaded when
// Run begins or when they are first needed.
func New(cfg Config) (*Auth, error) {
	if cfg.Store.Pool == nil || cfg.Store.Now == nil || cfg.Keys == nil {
		return nil, errors.New("auth needs a store with a clock and a keyset (UKBOT_KEYS)")
	}
	log := cfg.Log.With().Str("component", "auth").Logger()
	return &Auth{
		store: cfg.Store, conn: cfg.Conn, log: log,
		parser:  newParser(cfg.Store.Now),
		ring:    &ring{store: cfg.Store, seal: cfg.Keys, log: log},
		revoked: &revocations{store: cfg.Store, conn: cfg.Conn, log: log, until: map[string]int64{}},
		keys:    newKeyCache(),
	}, nil
}

// Rhythms of Run.
const (
	reloadEvery = time.Minute      // signing keys and revocations from PostgreSQL; below activationDelay
	usesEvery   = 15 * time.Second // the uses of API keys to PostgreSQL
	resendEvery = time.Second      // revocations that NATS did not take
	sweepEvery  = time.Hour        // what has expired
)

// Run keeps this replica current until ctx ends: it hears of revocations, loads
// and rotates signing keys, notes the uses of API keys, and removes, on one
// replica of all, what has expired.
func (a *Auth) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { every(ctx, reloadEvery, a.reload) })
	wg.Go(func() { every(ctx, usesEvery, a.noteUses) })
	if a.conn != nil {
		wg.Go(func() { a.revoked.watch(ctx) })
		wg.Go(func() { every(ctx, resendEvery, a.revoked.resend) })
		wg.Go(func() { a.leased(ctx) })
	}
	wg.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), resendEvery)
	defer cancel()
	a.noteUses(last)
	return nil
}

// every does something at once and then again and again until ctx ends.
func every(ctx context.Context, period time.Duration, do func(context.Context)) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// reload reads from PostgreSQL what other replicas have done.
func (a *Auth) reload(ctx context.Context) {
	if err := a.ring.load(ctx); err != nil {
		a.warn(ctx, err, "signing keys not loaded, going on with those there are")
	}
	if err := a.revoked.load(ctx); err != nil {
		a.warn(ctx, err, "revocations not loaded, going on with those there are")
	}
}

func (a *Auth) warn(ctx context.Context, err error, message string) {
	if ctx.Err() == nil {
		a.log.Warn().Err(err).Msg(message)
	}
}

// db is the queries outside of any unit: what keeps a replica current must not
// hang on a request's transaction.
func (a *Auth) db() *db.Queries { return db.New(a.store.Pool) }

// nobody refuses a request whose token or key does not count.
func nobody(detail string) *problem.Problem { return problem.New(problem.Unauthorized, detail) }
