package requests

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/access"
	"ukbot/housing/unit"
	"ukbot/sql/dbtest"
)

// These tests go below HTTP, to the operations themselves; those that go
// through it are in package requests_test.

const tenant = "acme"

// firm is a company with a building, and a clock to set.
type firm struct {
	t                   *testing.T
	pool                *pgxpool.Pool
	handlers            *Handlers
	now                 atomic.Pointer[time.Time]
	building, apartment uuid.UUID
	people              atomic.Int64
}

func newFirm(t *testing.T) *firm {
	f := &firm{t: t, pool: dbtest.New(t), building: newID(t), apartment: newID(t)}
	f.set(time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC))
	f.handlers = New(Deps{Store: unit.Store{Pool: f.pool, Now: func() time.Time { return *f.now.Load() }}})
	yard := newID(t)
	f.exec(`INSERT INTO companies (tenant_id, name) VALUES ($1, 'Acme')`, tenant)
	f.exec(`INSERT INTO yards (tenant_id, id, name) VALUES ($1, $2, 'Двор')`, tenant, yard)
	f.exec(`INSERT INTO buildings (tenant_id, id, yard_id, address, search) VALUES ($1, $2, $3, 'Чиланзар, 14', '')`, tenant, f.building, yard)
	f.exec(`INSERT INTO apartments (tenant_id, id, building_id, number) VALUES ($1, $2, $3, '12')`, tenant, f.apartment, f.building)
	return f
}

func (f *firm) set(now time.Time)  { f.now.Store(&now) }
func newID(t testing.TB) uuid.UUID { t.Helper(); return must(uuid.NewV7())(t) }
func (f *firm) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// person makes somebody of a role; an executor is on shift, a resident lives in the apartment.
func (f *firm) person(role access.Role, specialisations ...string) access.Caller {
	f.t.Helper()
	id, now := newID(f.t), *f.now.Load()
	if specialisations == nil {
		specialisations = []string{}
	}
	f.exec(`INSERT INTO users (tenant_id, id, name, phone, language, status, roles, active_role, specialisations, search)
		VALUES ($1, $2, $3, '+998901234567', 'ru', 'approved', $4, $5, $6, '')`,
		tenant, id, fmt.Sprintf("%s %d", role, f.people.Add(1)), []string{string(role)}, string(role), specialisations)
	switch role {
	case access.Executor:
		f.exec(`INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, opened_at, created_at, updated_at)
			VALUES ($1, $2, $3, 'executor', $4, $5, 'open', $4, $4, $4)`, tenant, newID(f.t), id, now, now.Add(12*time.Hour))
	case access.Applicant:
		f.exec(`INSERT INTO user_apartments (tenant_id, user_id, apartment_id, relation, status) VALUES ($1, $2, $3, 'owner', 'approved')`,
			tenant, id, f.apartment)
	}
	return access.Caller{Tenant: tenant, User: id, Role: role}
}

// photo adds a photo to a request.
func (f *firm) photo(request uuid.UUID, by access.Caller) uuid.UUID {
	f.t.Helper()
	id := newID(f.t)
	f.exec(`INSERT INTO request_files (tenant_id, id, request_id, name, media_type, bytes, sha256, photo, uploaded_by, created_at)
		VALUES ($1, $2, $3, 'a.jpg', 'image/jpeg', 1, '\x00', true, $4, now())`, tenant, id, request, by.ID())
	return id
}
