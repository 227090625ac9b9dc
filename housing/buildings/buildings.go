// Package buildings is the register of what the company looks after: yard →
// building → entrance → apartment, edited one by one or imported from CSV.
//
// An address, and a number within its building, is there once. An import is
// all or nothing, names every bad line, and removes nothing. What people or
// requests refer to is never deleted.
package buildings

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/text/unicode/norm"

	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
)

// Deps is what the register needs.
type Deps struct {
	Store unit.Store
}

// Handlers answers the operations tagged "buildings".
type Handlers struct {
	store unit.Store
	// importing holds one at a time: a file takes a multiple of its size in memory.
	importing chan struct{}
}

// New is the register's part of the API.
func New(deps Deps) *Handlers {
	return &Handlers{store: deps.Store, importing: make(chan struct{}, 1)}
}

// tenantFor is whose register the caller works on, if they may. Nothing in it
// is anybody's own.
func tenantFor(ctx context.Context, action access.Action) (string, error) {
	caller := access.From(ctx)
	return caller.Tenant, caller.Require(action, false)
}

// clean is a name or address as it is kept: composed letters, single spaces.
// Two spellings that look alike shall be one building.
func clean(text string) string { return strings.Join(strings.Fields(norm.NFC.String(text)), " ") }

// cleanNumber is the number of an entrance or apartment as it is kept: "34а" is 34А.
func cleanNumber(text string) string { return strings.ToUpper(clean(text)) }

// filled refuses what is nothing but spaces.
func filled(pointer, text string) error {
	if text == "" {
		return problem.InvalidField(pointer, "is empty")
	}
	return nil
}

// found turns "no rows" into the refusal of a thing that is not there.
func found(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return problem.Missing(what)
	}
	return err
}

// referred is found for a thing that the body names.
func referred(err error, pointer, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return problem.InvalidField(pointer, "there is no such "+what)
	}
	return err
}

const uniqueViolation = "23505"

// taken turns a duplicate key into the refusal of a second thing of that name.
func taken(err error, detail string) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == uniqueViolation {
		return problem.New(problem.Exists, detail)
	}
	return err
}

// Sentences of 409 exists.
const (
	yardTaken      = "there is a yard of that name already"
	addressTaken   = "there is a building at that address already"
	entranceTaken  = "the building has an entrance of that number already"
	apartmentTaken = "the building has an apartment of that number already"
)

// added refuses a thing that was not inserted because its name is taken.
func added(rows int64, err error, detail string) error {
	if err == nil && rows == 0 {
		return problem.New(problem.Exists, detail)
	}
	return err
}

// use is how many of something refer to a thing.
type use struct {
	count int64
	what  string // one of them
}

// counted is up to where requests are counted (BuildingUse, ApartmentUse).
const counted = 1000

// unused refuses to delete what something refers to, and says what.
func unused(all ...use) error {
	var said []string
	for _, u := range all {
		switch {
		case u.count == 1:
			said = append(said, "1 "+u.what)
		case u.count == counted && u.what == "request":
			said = append(said, fmt.Sprintf("%d requests or more", counted))
		case u.count > 1:
			said = append(said, fmt.Sprintf("%d %ss", u.count, u.what))
		}
	}
	if said == nil {
		return nil
	}
	return problem.New(problem.InUse, "still in use: "+strings.Join(said, ", "))
}
