package users

import (
	"context"
	"fmt"
	"math"
	"slices"
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

// spot is where a page ended: one that goes newest first, or one of best matches.
type spot struct {
	At    time.Time `json:"t,omitzero"`
	Score float32   `json:"s,omitempty"`
	ID    uuid.UUID `json:"i"`
}

// newest is before everything in a list that goes newest first.
func newest() spot {
	return spot{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: uuid.Max}
}

// filter is what a list of people is narrowed to.
type filter struct {
	tenant, role, status, specialisation string
	among                                []uuid.UUID // nil: all
	limit                                int
	after                                spot
}

// ListUsers finds people.
func (h *Handlers) ListUsers(ctx context.Context, r api.ListUsersRequestObject) (api.ListUsersResponseObject, error) {
	f := filter{
		tenant: access.From(ctx).Tenant, role: string(optional(r.Params.Role)), status: string(optional(r.Params.Status)),
		specialisation: string(optional(r.Params.Specialisation)), limit: rest.Limit(r.Params.Limit), after: newest(),
	}
	err := rest.ReadCursor(r.Params.Cursor, &f.after)
	if err != nil {
		return nil, err
	}
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

// find takes the way into the table that suits the question. A search is a
// transaction, because how it is done is set for one.
func (h *Handlers) find(ctx context.Context, q *db.Queries, f filter, asked *string) (found []db.User, next *string, err error) {
	if asked == nil {
		return list(ctx, q, f)
	}
	form := spelling.Fold(*asked)
	if form == "" {
		return nil, nil, problem.InvalidField("query/q", "has no letter and no digit")
	}
	err = h.deps.Store.Do(ctx, func(w *unit.Work) error {
		if err := w.BeginSearch(ctx); err != nil {
			return fmt.Errorf("begin a search: %w", err)
		}
		found, next, err = search(ctx, w.Queries, f, form)
		return err
	})
	return found, next, err
}

// search finds digits of a phone, or words, or, if nobody has these words,
// words with letters wrong.
func search(ctx context.Context, q *db.Queries, f filter, form string) ([]db.User, *string, error) {
	if digits := onlyDigits(form); len(digits) >= trigram {
		return matching(ctx, q, f, []string{"%" + digits + "%"})
	}
	if f.after.Score > 0 { // a later page of what was alike
		return alike(ctx, q, f, form)
	}
	found, next, err := matching(ctx, q, f, patterns(form))
	if err != nil || len(found) > 0 || f.after != newest() || utf8.RuneCountInString(form) < trigram {
		return found, next, err
	}
	return alike(ctx, q, f, form)
}

// trigram is the shortest text that the index knows as a whole.
const trigram = 3

// onlyDigits is the digits of a form without letters; empty for any other.
func onlyDigits(form string) string {
	if strings.ContainsFunc(form, unicode.IsLetter) {
		return ""
	}
	return strings.ReplaceAll(form, " ", "")
}

// list is a page of people, newest first.
func list(ctx context.Context, q *db.Queries, f filter) ([]db.User, *string, error) {
	p := db.UsersParams{
		TenantID: f.tenant, Role: f.role, Status: f.status, Specialisation: f.specialisation,
		Before: f.after.At, BeforeID: f.after.ID, PageSize: int32(f.limit + 1),
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

// patterns is one for each word of a form, the longest first: a word around it,
// or, of what is shorter than a trigram, one that begins with it.
func patterns(form string) []string {
	words := strings.Fields(form)
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	for i, word := range words {
		if utf8.RuneCountInString(word) < trigram {
			words[i] = "% " + word + "%"
		} else {
			words[i] = "%" + word + "%"
		}
	}
	return words
}

// matching is a page of people whose searchable form matches all patterns.
func matching(ctx context.Context, q *db.Queries, f filter, patterns []string) ([]db.User, *string, error) {
	patterns = append(patterns, "%") // which the planner knows to choose nobody; the same one twice would seem rarer than it is
	found, err := q.UsersWithWords(ctx, db.UsersWithWordsParams{
		TenantID: f.tenant, Pattern: patterns[0], OtherPattern: patterns[1], More: patterns[2:],
		Among: f.among, Role: f.role, Status: f.status, Specialisation: f.specialisation,
		Before: f.after.At, BeforeID: f.after.ID, PageSize: int32(f.limit + 1),
	})
	return newestFirst(found, f.limit, err)
}

func newestFirst(found []db.User, limit int, err error) ([]db.User, *string, error) {
	if err != nil {
		return nil, nil, fmt.Errorf("people: %w", err)
	}
	found, next := rest.Page(found, limit, func(u db.User) any { return spot{At: u.CreatedAt, ID: u.ID} })
	return found, next, nil
}

// alike is a page of the best matches.
func alike(ctx context.Context, q *db.Queries, f filter, form string) (found []db.User, next *string, err error) {
	below := f.after
	if below.Score == 0 {
		below = spot{Score: math.MaxFloat32, ID: uuid.Max}
	}
	rows, err := q.UsersAlike(ctx, db.UsersAlikeParams{
		TenantID: f.tenant, Form: form, Among: f.among, Role: f.role, Status: f.status, Specialisation: f.specialisation,
		Below: below.Score, BeforeID: below.ID, PageSize: int32(f.limit + 1),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("people alike: %w", err)
	}
	rows, next = rest.Page(rows, f.limit, func(row db.UsersAlikeRow) any { return spot{Score: row.Score, ID: row.User.ID} })
	for _, row := range rows {
		found = append(found, row.User)
	}
	return found, next, nil
}
