package housing

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/auth"
	"ukbot/housing/buildings"
	"ukbot/housing/company"
	"ukbot/housing/files"
	"ukbot/housing/reports"
	"ukbot/housing/requests"
	"ukbot/housing/shifts"
	"ukbot/housing/unit"
	"ukbot/housing/users"
)

// server answers every operation: each package its own.
type server struct {
	*authHandlers
	*companyHandlers
	*usersHandlers
	*buildingsHandlers
	*requestsHandlers
	*filesHandlers
	*reportsHandlers
	*shiftsHandlers
}

// Embedded fields need names that differ.
type (
	authHandlers      = auth.Handlers
	companyHandlers   = company.Handlers
	usersHandlers     = users.Handlers
	buildingsHandlers = buildings.Handlers
	requestsHandlers  = requests.Handlers
	filesHandlers     = files.Handlers
	reportsHandlers   = reports.Handlers
	shiftsHandlers    = shifts.Handlers
)

var _ api.StrictServerInterface = server{}

// assemble makes what stands behind the operations and in front of them.
func (h *Housing) assemble() error {
	var err error
	if h.auth, err = auth.New(auth.Config{Store: h.store, Keys: h.cfg.Keys, Conn: h.cfg.Conn, Log: h.cfg.Log}); err != nil {
		return err
	}
	shiftsHandlers := shifts.New(shifts.Deps{Store: h.store, HandOver: requests.HandOver})
	h.server = server{
		authHandlers:      h.auth.Handlers(),
		companyHandlers:   company.New(company.Deps{Store: h.store}),
		usersHandlers:     users.New(users.Deps{Store: h.store, RevokeUser: h.revokeUser, Leave: shiftsHandlers.Leave}),
		buildingsHandlers: buildings.New(buildings.Deps{Store: h.store}),
		requestsHandlers:  requests.New(requests.Deps{Store: h.store}),
		filesHandlers:     files.New(files.Deps{Store: h.store, Conn: h.cfg.Conn, Log: h.log}),
		reportsHandlers:   reports.New(reports.Deps{Store: h.store, Log: h.log}),
		shiftsHandlers:    shiftsHandlers,
	}
	slots := max(1, int(h.cfg.Pool.Config().MaxConns)-connectionsKept)
	h.guard = guard{
		auth: h.auth, meter: newMeter(h.cfg.Registry), log: h.log,
		once: once{store: h.store, keys: h.cfg.Keys, queue: newQueue(), slots: make(chan struct{}, slots)},
	}
	return nil
}

// connectionsKept of the pool are never held by requests with an Idempotency-Key.
const connectionsKept = 3

// revokeUser ends what a person was let into, in the words of users.
func (h *Housing) revokeUser(ctx context.Context, w *unit.Work, tenant string, user uuid.UUID, reason string) error {
	return h.auth.RevokeUser(ctx, w, tenant, user, auth.Reason(reason))
}
