package users

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/spelling"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// timeCursor is where a page that goes newest first ended; scoreCursor one of
// best matches.
type timeCursor struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

type scoreCursor struct {
	Score float32   `json:"s"`
	ID    uuid.UUID `json:"i"`
}

// newest is before everything in a list that goes newest first.
func newest() timeCursor {
	return timeCursor{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: uuid.Max}
}

// filter is what a list of people is narrowed to.
type filter struct {
	tenant, role, status, specialisation string
	among                                []uuid.UUID // nil: all
	limit                                int
	cursor                               *string
}

// ListUsers finds people.
func (h *Handlers) ListUsers(ctx context.Context, r api.ListUsersRequestObject) (api.ListUsersResponseObject, error) {
	f := filter{
		tenant: access.From(ctx).Tenant, role: string(optional(r.Params.Role)), status: string(optional(r.Params.Status)),
		specialisation: string(optional(r.Params.Specialisation)), limit: rest.Limit(r.Params.Limit), cursor: r.Params.Cursor,
	}
	var err error
	q := h.deps.Store.Read(ctx)
	if f.among, err = residents(ctx, q, f.tenant, r.Params.Apartment, r.Params.Building); err != nil {
		return nil, err
	}
	if f.among != nil && len(f.among) == 0 {
		return api.ListUsers200JSONResponse{Items: []api.User{}}, nil
	}
	found, next, err := h.find(ctx, q, f, r.Params.Q)
	if err != nil {
		return nil, err
	}
	items := make([]api.User, len(found))
	for i, u := range found {
		items[i] = tell(u)
	}
	return api.ListUsers200JSONResponse{Items: items, NextCursor: next}, nil
}

// residents is who lives in an apartment or a building; nil if neither is asked for.
func residents(ctx context.Context, q *db.Queries, tenant string, apartment, building *uuid.UUID) (ids []uuid.UUID, err error) {
	switch {
	case apartment != nil && building != nil:
		return nil, problem.InvalidField("query/building", "ask for an apartment or a building, not for both")
	case apartment != nil:
		ids, err = q.ResidentsOfApartment(ctx, tenant, *apartment)
	case building != nil:
		ids, err = q.ResidentsOfBuilding(ctx, tenant, *building)
	}
	if err != nil {
		return nil, fmt.Errorf("residents: %w", err)
	}
	return ids, nil
}

// find takes the way into the table that suits the question.
func (h *Handlers) find(ctx context.Context, q *db.Queries, f filter, asked *string) ([]db.User, *string, error) {
	if asked == nil {
		return list(ctx, q, f)
	}
	form := spelling.Fold(*asked)
	switch digits := onlyDigits(form); {
	case form == "":
		return nil, nil, problem.InvalidField("query/q", "has no letter and no digit")
	case len(digits) >= trigram:
		pattern := "%" + digits + "%" // of a phone
		return like(ctx, q, f, pattern, pattern)
	case utf8.RuneCountInString(form) < trigram:
		return like(ctx, q, f, form+"%", "% "+form+"%") // the beginning of a word
	}
	return h.search(ctx, f, form)
}

// trigram is the shortest text that the index knows as a whole.
const trigram = 3

// onlyDigits is the digits of a form without letters; empty for any other.
func onlyDigits(form string) string {
	if strings.ContainsFunc(form, func(r rune) bool { return unicode.IsLetter(r) }) {
		return ""
	}
	return strings.ReplaceAll(form, " ", "")
}

// list is a page of people, newest first.
func list(ctx context.Context, q *db.Queries, f filter) ([]db.User, *string, error) {
	before := newest()
	if err := rest.ReadCursor(f.cursor, &before); err != nil {
		return nil, nil, err
	}
	p := db.UsersParams{
		TenantID: f.tenant, Role: f.role, Status: f.status, Specialisation: f.specialisation,
		Before: before.At, BeforeID: before.ID, PageSize: int32(f.limit + 1),
	}
	var found []db.User
	var err error
	switch {
	case f.among != nil:
		found, err = q.UsersAmong(ctx, db.UsersAmongParams{
			TenantID: p.TenantID, Among: f.among, Role: p.Role, Status: p.Status, Specialisation: p.Specialisation,
			Before: p.Before, BeforeID: p.BeforeID, PageSize: p.PageSize,
		})
	case f.role != "" && f.role != string(access.Applicant), f.specialisation != "":
		found, err = q.Staff(ctx, db.StaffParams(p))
	case f.status == pending, f.status == blocked:
		found, err = q.UsersNotApproved(ctx, db.UsersNotApprovedParams(p))
	default:
		found, err = q.Users(ctx, p)
	}
	return newestFirst(found, f.limit, err)
}

// like is a page of people whose searchable form matches a pattern.
func like(ctx context.Context, q *db.Queries, f filter, pattern, other string) ([]db.User, *string, error) {
	before := newest()
	if err := rest.ReadCursor(f.cursor, &before); err != nil {
		return nil, nil, err
	}
	found, err := q.UsersLike(ctx, db.UsersLikeParams{
		TenantID: f.tenant, Pattern: pattern, OtherPattern: other, Among: f.among, Role: f.role, Status: f.status,
		Specialisation: f.specialisation, Before: before.At, BeforeID: before.ID, PageSize: int32(f.limit + 1),
	})
	return newestFirst(found, f.limit, err)
}

func newestFirst(found []db.User, limit int, err error) ([]db.User, *string, error) {
	if err != nil {
		return nil, nil, fmt.Errorf("people: %w", err)
	}
	found, next := rest.Page(found, limit, func(u db.User) any { return timeCursor{u.CreatedAt, u.ID} })
	return found, next, nil
}

// search is a page of the best matches. It is a transaction, because how many
// typos the index allows is a setting of one.
func (h *Handlers) search(ctx context.Context, f filter, form string) (found []db.User, next *string, err error) {
	below := scoreCursor{Score: math.MaxFloat32, ID: uuid.Max}
	if err := rest.ReadCursor(f.cursor, &below); err != nil {
		return nil, nil, err
	}
	var rows []db.SearchUsersRow
	err = h.deps.Store.Do(ctx, func(w *unit.Work) error {
		if err := w.AllowTypos(ctx); err != nil {
			return err
		}
		rows, err = w.SearchUsers(ctx, db.SearchUsersParams{
			TenantID: f.tenant, Form: form, Among: f.among, Role: f.role, Status: f.status, Specialisation: f.specialisation,
			Below: below.Score, BeforeID: below.ID, PageSize: int32(f.limit + 1),
		})
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("search people: %w", err)
	}
	rows, next = rest.Page(rows, f.limit, func(row db.SearchUsersRow) any { return scoreCursor{row.Score, row.User.ID} })
	for _, row := range rows {
		found = append(found, row.User)
	}
	return found, next, nil
}
