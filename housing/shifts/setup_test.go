package shifts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/housingtest"
	"ukbot/housing/shifts"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*shifts.Handlers)(nil)) }

// crew is a company with a manager and two executors, on Monday at nine. Each
// test has its own, and they run side by side.
type crew struct {
	*housingtest.Server
	boss, rustam, dilshod *housingtest.Client
}

func start(t *testing.T) crew {
	t.Helper()
	t.Parallel()
	s := housingtest.Start(t)
	return crew{s, s.Manager(), s.Executor("plumbing"), s.Executor("plumbing", "electricity")}
}

// at moves the clock to an hour of Monday; tokens live 15 minutes.
func (c crew) at(h float64) {
	c.Clock.Set(hour(h))
	for _, person := range []*housingtest.Client{c.boss, c.rustam, c.dilshod} {
		person.Renew()
	}
}

// body is JSON of a request.
type body = map[string]any

// hour is a moment of Monday, 2 March 2026, by the company's clock; beyond 24 of the days after.
func hour(h float64) time.Time {
	return time.Date(2026, 3, 1, 19, 0, 0, 0, time.UTC).Add(time.Duration(h * float64(time.Hour)))
}

// shift is a new shift between two hours of Monday; nil: free.
func shift(person *housingtest.Client, from, to float64) body {
	b := body{"role": "executor", "starts_at": hour(from), "ends_at": hour(to)}
	if person != nil {
		b["user_id"] = person.ID()
	}
	return b
}

// plan makes a planned shift.
func (c crew) plan(t *testing.T, person *housingtest.Client, from, to float64) api.Shift {
	t.Helper()
	var made api.Shift
	c.boss.Do("POST", "/shifts", shift(person, from, to)).Want(t, 201, &made)
	return made
}

// opened makes an open shift.
func (c crew) opened(t *testing.T, person *housingtest.Client, from, to float64) api.Shift {
	t.Helper()
	made := c.plan(t, person, from, to)
	person.Do("POST", path(made, "/open"), nil).Want(t, 200, &made)
	return made
}

// offered makes an offer of a shift.
func offered(t *testing.T, s api.Shift, from, to *housingtest.Client) api.Handover {
	t.Helper()
	var made api.Handover
	from.Do("POST", path(s, "/handover"), body{"to": to.ID(), "reason": "Заболел ребёнок"}).Want(t, 201, &made)
	return made
}

func path(s api.Shift, rest string) string { return "/shifts/" + s.Id.String() + rest }

func handover(h api.Handover, rest string) string { return "/handovers/" + h.Id.String() + rest }

// read is a shift as it is now.
func (c crew) read(t *testing.T, id uuid.UUID) api.Shift {
	t.Helper()
	var now api.Shift
	c.boss.Do("GET", "/shifts/"+id.String(), nil).Want(t, 200, &now)
	return now
}

// request makes a request that a person works on.
func (c crew) request(t *testing.T, executor *housingtest.Client, status string) uuid.UUID {
	t.Helper()
	resident := c.Applicant()
	building, apartment := c.Home(resident.User)
	id := uuid.Must(uuid.NewV7())
	_, err := c.Pool.Exec(context.Background(), `INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, apartment_id, address,
			applicant_id, created_by, executor_id, status_since, reaction_seconds, completion_seconds, reaction_due, completion_due, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'plumbing', 'normal', 'Течёт кран', $5, $6, 'Чиланзар', $7, $8, $9, $10::timestamptz, 3600, 7200, $10::timestamptz + interval '1 hour', $10::timestamptz + interval '2 hours', $10, $10)`,
		c.Tenant, id, fmt.Sprintf("260302-%s", id.String()[24:]), status, building, apartment, resident.User, resident.ID(), executor.User, c.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// change is a shift's event, read.
type change struct {
	housingtest.Event
	events.ShiftChanged
}

// changes are the events of shifts so far, in order.
func (c crew) changes(t *testing.T) []change {
	t.Helper()
	var all []change
	for _, e := range c.Outbox(t) {
		if len(e.Type) < len(events.TypeShiftPrefix) || e.Type[:len(events.TypeShiftPrefix)] != events.TypeShiftPrefix {
			continue
		}
		got := change{Event: e}
		if err := json.Unmarshal(e.Data, &got.ShiftChanged); err != nil {
			t.Fatal(err)
		}
		all = append(all, got)
	}
	return all
}

// last is the newest event of a shift.
func (c crew) last(t *testing.T, id uuid.UUID) change {
	t.Helper()
	var last change
	for _, e := range c.changes(t) {
		if e.Shift.ID == id.String() {
			last = e
		}
	}
	return last
}

// onShift says what the requests would learn.
func (c crew) onShift(t *testing.T, person *housingtest.Client) bool {
	t.Helper()
	on, err := c.Store.Read(t.Context()).OnShift(t.Context(), c.Tenant, person.User)
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// checkEvents fails unless every shift's events are its versions, without gaps, in order.
func (c crew) checkEvents(t *testing.T) {
	t.Helper()
	versions := map[string]int64{}
	for _, e := range c.changes(t) {
		id := e.Shift.ID
		versions[id]++
		if e.Shift.Version != versions[id] {
			t.Errorf("event %s of shift %s is of version %d, want %d", e.Type, id, e.Shift.Version, versions[id])
		}
		if want := events.DeriveID(id, fmt.Sprintf("v%d", versions[id])); e.ID != want {
			t.Errorf("event %s has id %s, want %s", e.Type, e.ID, want)
		}
		if want := events.ShiftSubject(e.Tenant, e.Type[len(events.TypeShiftPrefix):]); e.Subject != want {
			t.Errorf("subject %s, want %s", e.Subject, want)
		}
		if len(e.Know) == 0 {
			t.Errorf("event %s of version %d: nobody must know", e.Type, e.Shift.Version)
		}
	}
	for id, version := range versions {
		var now int64
		if err := c.Pool.QueryRow(context.Background(), "SELECT version FROM shifts WHERE id = $1", id).Scan(&now); err != nil || now != version {
			t.Errorf("shift %s is version %d (%v), its last event %d", id, now, err, version)
		}
	}
}
