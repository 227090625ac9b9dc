package housingtest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/unit"
)

// counter numbers what tests make, so that no two have the same name.
type counter struct{ n atomic.Int64 }

func (c *counter) next() int64 { return c.n.Add(1) }

// PersonOption changes a person before they are made.
type PersonOption func(*person)

type person struct {
	name, phone, language, status string
	telegram                      int64
	roles, specialisations        []string
}

// Name is what a person is called; default "Role n".
func Name(name string) PersonOption { return func(p *person) { p.name = name } }

// Phone is a person's phone in E.164; default one of their own.
func Phone(phone string) PersonOption { return func(p *person) { p.phone = phone } }

// Status is a person's status; default approved.
func Status(status string) PersonOption { return func(p *person) { p.status = status } }

// AlsoRole gives a person more roles than the active one.
func AlsoRole(roles ...access.Role) PersonOption {
	return func(p *person) {
		for _, role := range roles {
			p.roles = append(p.roles, string(role))
		}
	}
}

// Can gives a person specialisations.
func Can(categories ...string) PersonOption {
	return func(p *person) { p.specialisations = append(p.specialisations, categories...) }
}

// Person makes a person with an active role, logged in.
func (s *Server) Person(role access.Role, opts ...PersonOption) *Client {
	s.t.Helper()
	n := s.count.next()
	p := person{
		name: fmt.Sprintf("%s %d", role, n), phone: fmt.Sprintf("+99890%07d", n), language: "ru", status: "approved",
		telegram: 1000 + n, roles: []string{string(role)}, specialisations: []string{},
	}
	for _, opt := range opts {
		opt(&p)
	}
	id := newID()
	s.exec(`INSERT INTO users (tenant_id, id, telegram_id, name, phone, language, status, roles, active_role, specialisations, search, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, lower($4 || ' ' || $5), $11, $11)`,
		s.Tenant, id, p.telegram, p.name, p.phone, p.language, p.status, p.roles, string(role), p.specialisations, s.Clock.Now())
	c := s.client(access.Caller{Tenant: s.Tenant, User: id, Role: role})
	if p.status == "approved" {
		c.Renew()
	}
	return c
}

// Applicant makes a resident.
func (s *Server) Applicant(opts ...PersonOption) *Client {
	s.t.Helper()
	return s.Person(access.Applicant, opts...)
}

// Executor makes somebody who can repair what belongs to the categories.
func (s *Server) Executor(categories ...string) *Client {
	s.t.Helper()
	return s.Person(access.Executor, Can(categories...))
}

// Manager makes a manager.
func (s *Server) Manager(opts ...PersonOption) *Client {
	s.t.Helper()
	return s.Person(access.Manager, opts...)
}

// Admin makes an administrator.
func (s *Server) Admin(opts ...PersonOption) *Client {
	s.t.Helper()
	return s.Person(access.Admin, opts...)
}

// Key makes an API key that may do these actions.
func (s *Server) Key(actions ...access.Action) *Client {
	s.t.Helper()
	c := s.client(access.Caller{Tenant: s.Tenant, Name: fmt.Sprintf("key-%d", s.count.next()), Scopes: slices.Clone(actions)})
	err := s.Store.Do(context.Background(), func(w *unit.Work) error {
		key, _, err := s.Auth.MakeKey(context.Background(), w, s.Tenant, c.Name, c.Scopes, "housingtest", nil)
		c.credential = key.Reveal()
		return err
	})
	if err != nil {
		s.t.Fatalf("an API key for %v: %v", actions, err)
	}
	return c
}

// Anonymous is a client without a credential.
func (s *Server) Anonymous() *Client {
	s.t.Helper()
	return s.client(access.Caller{Tenant: s.Tenant})
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
