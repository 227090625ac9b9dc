package housingtest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/events"
)

// exec runs a statement that must work.
func (s *Server) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.Pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// Building makes a yard with a building of one entrance.
func (s *Server) Building() (building, entrance uuid.UUID) {
	s.t.Helper()
	n := s.count.next()
	yard, building, entrance := newID(), newID(), newID()
	address := fmt.Sprintf("Чиланзар, дом %d", n)
	s.exec("INSERT INTO yards (tenant_id, id, name) VALUES ($1, $2, $3)", s.Tenant, yard, fmt.Sprintf("Двор %d", n))
	s.exec("INSERT INTO buildings (tenant_id, id, yard_id, address, search) VALUES ($1, $2, $3, $4, lower($4))", s.Tenant, building, yard, address)
	s.exec("INSERT INTO entrances (tenant_id, id, building_id, number) VALUES ($1, $2, $3, '1')", s.Tenant, entrance, building)
	return building, entrance
}

// Apartment makes an apartment in a building.
func (s *Server) Apartment(building, entrance uuid.UUID) uuid.UUID {
	s.t.Helper()
	apartment := newID()
	s.exec("INSERT INTO apartments (tenant_id, id, building_id, entrance_id, number, floor) VALUES ($1, $2, $3, $4, $5, 2)",
		s.Tenant, apartment, building, entrance, fmt.Sprint(s.count.next()))
	return apartment
}

// Lives links a person to an apartment, approved.
func (s *Server) Lives(user, apartment uuid.UUID) {
	s.t.Helper()
	s.exec(`INSERT INTO user_apartments (tenant_id, user_id, apartment_id, relation, status, asked_at, decided_at)
		VALUES ($1, $2, $3, 'owner', 'approved', $4, $4)`, s.Tenant, user, apartment, s.Clock.Now())
}

// Home makes a building with an apartment where the person lives.
func (s *Server) Home(user uuid.UUID) (building, apartment uuid.UUID) {
	s.t.Helper()
	building, entrance := s.Building()
	apartment = s.Apartment(building, entrance)
	s.Lives(user, apartment)
	return building, apartment
}

// Event is a message in the outbox.
type Event struct {
	Tenant, Subject, Type, ID string // ID is the message's, Nats-Msg-Id
	Header                    map[string][]string
	Data                      json.RawMessage
}

// Outbox is every event so far, of all tenants, in the order of publishing.
func (s *Server) Outbox(t testing.TB) []Event {
	t.Helper()
	rows, err := s.Pool.Query(context.Background(), "SELECT tenant_id, subject, message_id, headers, data FROM outbox ORDER BY seq")
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
		var data []byte
		err = row.Scan(&e.Tenant, &e.Subject, &e.ID, &e.Header, &data)
		e.Data = data
		if err != nil {
			return e, err
		}
		envelope, err := events.Decode(e.Header, data)
		e.Type = envelope.Type
		return e, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
