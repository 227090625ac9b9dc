package sla

import (
	"encoding/json"
	"fmt"
	"time"

	"ukbot/events"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// TypeDue is the type of the messages that the schedules fire.
const TypeDue = "clock.due"

// Due is the body of such a message: look at this request's clocks.
type Due struct {
	Tenant  string `json:"tenant"`
	Request string `json:"request"`
	Version int64  `json:"version"`           // of the request when the schedule was written
	Nothing bool   `json:"nothing,omitempty"` // it only cancelled a schedule
}

// Headers of message schedules (NATS ADR-51). One subject holds one schedule;
// a message that names it as its scheduler and asks for its purge removes it.
const (
	headerSchedule  = "Nats-Schedule"
	headerTarget    = "Nats-Schedule-Target"
	headerScheduler = "Nats-Scheduler"
	headerNext      = "Nats-Schedule-Next"
)

// Arm writes the schedule of the request's next deadline, which replaces the
// one before, or cancels it where no deadline is left. r is the row as the unit
// leaves it, locked.
func Arm(w *unit.Work, r db.Request) error {
	schedule, target := events.ClockSubject(r.TenantID, r.ID.String()), events.ClockDueSubject(r.TenantID)
	due := Due{Tenant: r.TenantID, Request: r.ID.String(), Version: r.Version}
	at, left := Next(r)
	due.Nothing = !left
	data, err := json.Marshal(due)
	if err != nil {
		return fmt.Errorf("encode %s: %w", TypeDue, err)
	}
	// Two units may leave the same version, the same schedule must be stored again
	// after it has fired: hence the time.
	id := events.DeriveID(r.ID.String(), fmt.Sprintf("clock-%d-%d", r.Version, w.Now.UnixNano()))
	header := w.Envelope(unit.Event{ID: id, Type: TypeDue, Tenant: r.TenantID, Correlation: r.ID.String()}).Header()
	if !left {
		header[headerScheduler], header[headerNext] = []string{schedule}, []string{"purge"}
		return w.Publish(r.TenantID, target, id, header, data)
	}
	header[headerSchedule] = []string{"@at " + at.UTC().Format(time.RFC3339Nano)}
	header[headerTarget] = []string{target}
	return w.Publish(r.TenantID, schedule, id, header, data)
}
