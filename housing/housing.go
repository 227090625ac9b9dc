// Package housing is the company behind one HTTP API: who may ask, for what,
// and how the answer or the refusal looks. What the operations do is in its
// subpackages; here stands only what all of them have in common, in the order
// of guard.go: request id, deadline, who asks, may they, is the request what
// api/openapi.yaml says, was it answered before.
//
// It promises that no input is answered with 500, that a repeated
// Idempotency-Key does nothing twice, and that strangers learn of an error its
// code and nothing else. It never decides whose a thing is: handlers do.
package housing

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/housing/auth"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/secret"
)

// Config is what the services stand on.
type Config struct {
	Conn      *nats.Conn
	Publisher *nats.Publisher // on Conn, for dead letters
	Metrics   *nats.Metrics   // of the consumer of deadlines
	Pool      *pgxpool.Pool
	Keys      *secret.Keyset
	Registry  prometheus.Registerer
	Now       func() time.Time // of the company's clock; default time.Now
	Log       zerolog.Logger
}

// Housing is the services, ready to be mounted and run.
type Housing struct {
	cfg        Config
	log        zerolog.Logger // that of cfg says nothing of a component
	store      unit.Store
	auth       *auth.Auth
	server     server
	guard      guard
	operations map[string]*operation
}

// New makes the services. It starts nothing.
func New(_ context.Context, cfg Config) (*Housing, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Housing{cfg: cfg, log: cfg.Log.With().Str("component", "housing").Logger(), store: unit.Store{Pool: cfg.Pool, Now: cfg.Now}}
	var err error
	if h.operations, err = operations(); err != nil {
		return nil, err
	}
	if err := h.assemble(); err != nil {
		return nil, fmt.Errorf("housing: %w", err)
	}
	return h, nil
}

// Auth is who issues and checks tokens and keys: the command line makes some too.
func (h *Housing) Auth() *auth.Auth { return h.auth }

// Register mounts every operation below /api/v1, and sets the limits of bodies.
// Whatever the app has routed before is not touched.
func (h *Housing) Register(app *fiber.App) {
	h.guard.bound(app)
	router := guarded{Router: app, guard: h.guard, operations: h.operations}
	api.RegisterHandlersWithOptions(router, api.NewStrictHandler(h.server, nil), api.FiberServerOptions{BaseURL: basePath})
}
