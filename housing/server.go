package housing

import (
	"context"

	"ukbot/api"
)

// server answers every operation: each package its own.
type server struct {
	rest
}

// rest fills the gap of what no package answers yet, one level deeper than what they do.
type rest struct{ api.StrictServerInterface }

// assemble makes what stands behind the operations and in front of them.
func (h *Housing) assemble(_ context.Context) error {
	slots := max(1, int(h.cfg.Pool.Config().MaxConns)-connectionsKept)
	h.guard = guard{
		auth: h.cfg.Auth, meter: newMeter(h.cfg.Registry), log: h.cfg.Log,
		once: once{store: h.store, keys: h.cfg.Keys, queue: newQueue(), slots: make(chan struct{}, slots)},
	}
	return nil
}

// connectionsKept of the pool are never held by requests with an Idempotency-Key.
const connectionsKept = 3
