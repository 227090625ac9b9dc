// Package access says who may do what: one table (role × action → own or any)
// and one function that answers. It asks no database: whose a thing is, the
// caller of May or Require knows.
package access

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/problem"
)

// Role is what a person is to the company. One may hold several; one is active.
type Role string

// The roles.
const (
	Applicant Role = "applicant" // a resident
	Executor  Role = "executor"
	Manager   Role = "manager"
	Admin     Role = "admin"
)

// Roles in order of what they may do.
var Roles = []Role{Applicant, Executor, Manager, Admin}

// Reach is how far a permission goes.
type Reach int

// The reaches, growing.
const (
	None Reach = iota
	Own        // only what is the caller's own; what that means stands at the action
	Any        // everything of the tenant
)

// Caller is who makes a request: a person with an active role, or a machine
// with an API key.
type Caller struct {
	Tenant  string
	User    uuid.UUID // zero for a machine
	Name    string    // of the API key; empty for a person: names are personal data
	Role    Role      // empty for a machine
	Scopes  []Action  // of a machine: it reaches any of these, and nothing else
	Session uuid.UUID // of a person's token
	Key     uuid.UUID // of a machine: names come again, ids do not
	Expires time.Time // of a person's token
}

// IsMachine says whether an API key makes the request.
func (c Caller) IsMachine() bool { return c.User == uuid.Nil }

// ID is a person's id or an API key's name, as history and created_by keep it.
func (c Caller) ID() string {
	if c.IsMachine() {
		return c.Name
	}
	return c.User.String()
}

// RoleName is the role as history keeps it: a role, or "key".
func (c Caller) RoleName() string {
	if c.IsMachine() {
		return "key"
	}
	return string(c.Role)
}

// Is says whether the caller is this person.
func (c Caller) Is(user uuid.UUID) bool { return !c.IsMachine() && c.User == user }

// May is how far the caller may go with an action.
func (c Caller) May(action Action) Reach {
	if !c.IsMachine() {
		return Table[action][c.Role]
	}
	if slices.Contains(c.Scopes, action) {
		return Any
	}
	return None
}

// Require refuses the caller an action on a thing that is or is not their own.
func (c Caller) Require(action Action, own bool) error {
	switch reach := c.May(action); {
	case reach == Any, reach == Own && own:
		return nil
	case reach == Own:
		return problem.New(problem.Forbidden, "this is not yours")
	}
	return problem.New(problem.Forbidden, "your role may not do this ("+string(action)+")")
}

type callerKey struct{}

// With puts the caller into a request's context.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From is the caller of a request. Without one it is nobody, who may do nothing.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
