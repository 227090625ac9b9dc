// Package shifts is who works when: shifts that are planned, opened, closed,
// taken, released and handed over, people's usual weeks, and when they are away.
//
// It promises that nobody has two shifts at one time, nor two open ones: the
// database refuses both, and people are told which shift stands in the way.
// Every change of a shift is one version and one event, in order. It never says
// what may be done off shift: the requests ask OnShift and the company's setting.
package shifts

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// What a shift may be.
const (
	planned   = "planned"
	open      = "open"
	closed    = "closed"
	cancelled = "cancelled"
)

// Bounds of shifts.
const (
	// shiftMax is round the clock on the day the clocks go back; the table checks it too.
	shiftMax = 25 * time.Hour
	// openEarly is how long before its start a shift may be opened.
	openEarly = time.Hour
)

// Deps is what shifts need of the others.
type Deps struct {
	Store unit.Store
	// HandOver gives the open requests of one executor to another, within the
	// unit, and says how many: requests.HandOver.
	HandOver func(ctx context.Context, w *unit.Work, c company.Company, actor access.Caller, from, to uuid.UUID, reason string) (moved int, err error)
}

// Handlers are the operations of the tag "shifts".
type Handlers struct{ deps Deps }

// New makes the handlers.
func New(deps Deps) *Handlers { return &Handlers{deps: deps} }

// turn is one change of one shift, which is locked: nobody else changes it until
// the unit commits, so its versions and events have one order.
type turn struct {
	*unit.Work
	company company.Company
	caller  access.Caller
	actor   events.Actor // the caller, but for what nobody asked for
	shift   db.Shift
}

// change locks a shift and lets fn change it, if the caller may: a free shift
// counts as everybody's own.
func (h *Handlers) change(ctx context.Context, id uuid.UUID, action access.Action, fn func(*turn) error) error {
	return h.deps.Store.Do(ctx, func(w *unit.Work) error {
		t, err := begin(ctx, w, id)
		if err != nil {
			return err
		}
		if err := t.caller.Require(action, t.shift.UserID == nil || t.mine()); err != nil {
			return err
		}
		return fn(t)
	})
}

// begin locks a shift of the caller's tenant.
func begin(ctx context.Context, w *unit.Work, id uuid.UUID) (*turn, error) {
	caller := access.From(ctx)
	c, err := company.Load(ctx, w.Queries, caller.Tenant)
	if err != nil {
		return nil, err
	}
	shift, err := w.LockShift(ctx, caller.Tenant, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.Missing("shift")
	}
	return &turn{Work: w, company: c, caller: caller, actor: asActor(caller), shift: shift}, err
}

func (t *turn) mine() bool { return t.shift.UserID != nil && t.caller.Is(*t.shift.UserID) }

// over says whether the shift's time has passed.
func (t *turn) over() bool { return !t.shift.EndsAt.After(t.Now) }

// write stores the shift as it stands in the turn, and announces the change.
func (t *turn) write(ctx context.Context, n news) error {
	s := t.shift
	written, err := t.UpdateShift(ctx, db.UpdateShiftParams{
		TenantID: s.TenantID, ID: s.ID, UserID: s.UserID, Role: s.Role, StartsAt: s.StartsAt, EndsAt: s.EndsAt, Status: s.Status,
		Note: s.Note, Reason: s.Reason, OpenedAt: s.OpenedAt, ClosedAt: s.ClosedAt, Now: t.Now,
	})
	if err != nil {
		return refused(err)
	}
	t.shift = written
	return t.announce(ctx, n)
}

// insert stores a new shift, its first version, and announces it.
func (t *turn) insert(ctx context.Context, n news) error {
	s := &t.shift
	s.TenantID, s.Version, s.CreatedAt, s.UpdatedAt = t.caller.Tenant, 1, t.Now, t.Now
	err := t.InsertShift(ctx, db.InsertShiftParams{
		TenantID: s.TenantID, ID: s.ID, UserID: s.UserID, Role: s.Role, StartsAt: s.StartsAt, EndsAt: s.EndsAt,
		Status: s.Status, Note: s.Note, OpenedAt: s.OpenedAt, Now: t.Now,
	})
	if err != nil {
		return refused(err)
	}
	return t.announce(ctx, n)
}
