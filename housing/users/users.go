// Package users is the company's people: residents, executors, managers and
// administrators; who they are, how they come in, what they may become, where
// they live, and how to find them.
//
// It promises that the last administrator stays, that an invitation works once,
// and that whoever is blocked or changes roles loses their access tokens with
// the same commit. It never logs a name or a phone, and no event holds a phone.
//
// A transaction locks people first (administrators before one person), then an
// invitation, then links to apartments.
package users

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/spelling"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Statuses of people.
const (
	pending  = "pending"
	approved = "approved"
	blocked  = "blocked"
)

// Reasons for which access tokens end, as housing/auth calls them.
const (
	revokeBlocked = "blocked" // sessions end too
	revokeRoles   = "roles"   // the session gives the next token, with the new role
)

// Deps is what the operations need of the others.
type Deps struct {
	Store unit.Store
	// RevokeUser ends the access tokens of a person within the unit, and their
	// sessions but for the reason "roles".
	RevokeUser func(ctx context.Context, w *unit.Work, tenant string, user uuid.UUID, reason string) error
	// Leave frees the shifts of a person who works no more in some roles, within
	// the unit, and says how many and how many requests are left: shifts.Leave.
	Leave func(ctx context.Context, w *unit.Work, by access.Caller, user uuid.UUID, roles []string, why string) (freed, left int, err error)
}

// Handlers answers the operations of the tag "users".
type Handlers struct{ deps Deps }

// New makes the handlers.
func New(deps Deps) *Handlers { return &Handlers{deps: deps} }

// missing turns "no row" into the answer for it.
func missing(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return problem.Missing(what)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

func lockUser(ctx context.Context, w *unit.Work, tenant string, id uuid.UUID) (db.User, error) {
	u, err := w.LockUser(ctx, tenant, id)
	return u, missing(err, "person")
}

// save writes a locked person as the next version.
func save(ctx context.Context, w *unit.Work, u db.User) (db.User, error) {
	saved, err := w.SaveUser(ctx, db.SaveUserParams{
		TenantID: u.TenantID, ID: u.ID, TelegramID: u.TelegramID, Name: u.Name, Phone: u.Phone, Language: u.Language,
		Status: u.Status, Roles: u.Roles, ActiveRole: u.ActiveRole, Specialisations: u.Specialisations,
		StatusReason: u.StatusReason, DecidedBy: u.DecidedBy, DecidedAt: u.DecidedAt, Search: searchForm(u), Now: w.Now,
	})
	if err != nil {
		return u, fmt.Errorf("save person %s: %w", u.ID, err)
	}
	return saved, nil
}

// searchForm is what a person is found by.
func searchForm(u db.User) string {
	if u.Phone == nil {
		return spelling.Fold(u.Name)
	}
	return spelling.Fold(u.Name + " " + *u.Phone)
}

// change is what there is to announce about a person, besides the person.
type change struct {
	name       string // events.User…
	reason     string
	apartment  *events.ApartmentBrief
	invitation string
	know       []events.Knower
}

// toSubject is that the person must know.
func toSubject(u db.User) []events.Knower {
	return []events.Knower{{Person: u.ID.String(), Relation: events.RelationSubject}}
}

// announce emits a change of a locked and saved person.
func announce(w *unit.Work, by access.Caller, u db.User, c change) error {
	know := []events.Knower{}
	for _, k := range c.know {
		if k.Person == "" || k.Person != by.ID() {
			know = append(know, k)
		}
	}
	id := u.ID.String()
	return w.Emit(unit.Event{
		ID:   events.DeriveID(id, "v"+strconv.FormatInt(u.Version, 10)+"."+c.name),
		Type: events.TypeUserPrefix + c.name, Subject: events.UserSubject(u.TenantID, c.name), Tenant: u.TenantID, Correlation: id,
		Data: events.UserChanged{
			User:  events.UserBrief{ID: id, Name: u.Name, Language: u.Language, Status: u.Status, Roles: u.Roles, Version: u.Version},
			Actor: events.Actor{ID: by.ID(), Role: by.RoleName()}, Reason: c.reason,
			Apartment: c.apartment, Invitation: c.invitation, Know: know,
		},
	})
}

// decider is who decided, for the row: a person, or nobody for a machine.
func decider(by access.Caller) *uuid.UUID {
	if by.IsMachine() {
		return nil
	}
	return &by.User
}

// cleanName is a name without spaces around it and with single ones inside. One
// of which nothing would be seen is refused.
func cleanName(name string) (string, error) {
	if !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return "", problem.InvalidField("/name", "is blank")
	}
	return strings.Join(strings.Fields(name), " "), nil
}

// cleanReason is a reason that says something.
func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return "", problem.InvalidField("/reason", "is blank")
	}
	return reason, nil
}

// words turns names of one kind into another's: api.Role, api.Category, string.
func words[To, From ~string](from []From) []To {
	to := make([]To, len(from))
	for i, word := range from {
		to[i] = To(word)
	}
	return to
}

// optional is the value of a pointer, or none.
func optional[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// tell is a person as the API shows them.
func tell(u db.User) api.User {
	return api.User{
		Id: u.ID, TelegramId: u.TelegramID, Name: u.Name, Phone: u.Phone, Language: api.Language(u.Language),
		Status: api.UserStatus(u.Status), StatusReason: u.StatusReason, DecidedAt: u.DecidedAt,
		Roles: words[api.Role](u.Roles), ActiveRole: api.Role(u.ActiveRole), Specialisations: words[api.Category](u.Specialisations),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// tellLeft is a person and what they leave to others.
func tellLeft(u db.User, left *api.Left) api.User {
	person := tell(u)
	person.Left = left
	return person
}

func etag(u db.User) string { return rest.ETag(u.Version) }

// conflict says whether a unique constraint refused a row.
func conflict(err error, constraint string) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.ConstraintName == constraint
}
