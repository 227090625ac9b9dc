package shifts

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// news is what an event says beside the shift itself.
type news struct {
	change   string // events.Shift…
	reason   string
	handover *events.HandoverBrief
	know     []events.Knower
	managers bool // those on shift must know too
}

// announce emits one change of the shift, which is written. The id is of the
// version: a shift has one event for each.
func (t *turn) announce(ctx context.Context, n news) error {
	var person *events.Named
	if t.shift.UserID != nil {
		named, err := t.named(ctx, *t.shift.UserID)
		if err != nil {
			return err
		}
		person = &named
	}
	if n.managers {
		managers, err := t.Managers(ctx, t.shift.TenantID)
		if err != nil {
			return err
		}
		n.know = append(n.know, managers...)
	}
	return emit(t.Work, t.actor, t.shift, person, n)
}

func emit(w *unit.Work, actor events.Actor, s db.Shift, person *events.Named, n news) error {
	id := s.ID.String()
	return w.Emit(unit.Event{
		ID: events.DeriveID(id, fmt.Sprintf("v%d", s.Version)), Type: events.TypeShiftPrefix + n.change,
		Subject: events.ShiftSubject(s.TenantID, n.change), Tenant: s.TenantID, Correlation: id,
		Data: events.ShiftChanged{
			Shift: events.ShiftBrief{
				ID: id, Person: person, Role: s.Role, StartsAt: s.StartsAt.UTC(), EndsAt: s.EndsAt.UTC(), Status: s.Status, Version: s.Version,
			},
			Actor: actor, Reason: n.reason, Handover: n.handover, Know: n.know,
		},
	})
}

func (t *turn) named(ctx context.Context, id uuid.UUID) (events.Named, error) {
	p, err := t.ShiftPerson(ctx, t.caller.Tenant, id)
	if err != nil {
		return events.Named{}, fmt.Errorf("person %s: %w", id, err)
	}
	return events.Named{ID: id.String(), Name: p.Name}, nil
}

// subject is the person whom a change is about.
func subject(id uuid.UUID) events.Knower {
	return events.Knower{Person: id.String(), Relation: events.RelationSubject}
}

// asActor is a caller as an actor; byClock is the actor of what nobody asked for.
func asActor(caller access.Caller) events.Actor {
	return events.Actor{ID: caller.ID(), Role: caller.RoleName()}
}

func byClock() events.Actor { return events.Actor{ID: "clock", Role: "system"} }

// holder is whose the shift is; of a free one, everybody who could take it.
func holder(s db.Shift) events.Knower {
	switch {
	case s.UserID != nil:
		return subject(*s.UserID)
	case s.Role == string(access.Manager):
		return events.Knower{Relation: events.RelationManager}
	}
	return events.Knower{Relation: events.RelationExecutor}
}
