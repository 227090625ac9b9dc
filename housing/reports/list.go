package reports

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/requests"
	"ukbot/housing/rest"
	"ukbot/sql/db"
)

// window is among how many requests, in the order asked for, words are looked
// for before the search index is asked. A common word fills its page there, and
// the index, which would give all its requests to sort, is never asked for one.
const window = 4000

// place is where a page ends.
type place struct {
	Sort string    `json:"sort"`
	At   time.Time `json:"at"`
	ID   uuid.UUID `json:"id"`
}

// ListRequests finds requests.
func (h *Handlers) ListRequests(ctx context.Context, r api.ListRequestsRequestObject) (api.ListRequestsResponseObject, error) {
	q, caller, now := h.store.Read(ctx), access.From(ctx), h.store.Now()
	sort := string(or(r.Params.Sort, api.Newest))
	after := place{Sort: sort}
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	if after.Sort != sort {
		return nil, problem.InvalidField("query/cursor", "is of a list in another order")
	}
	searches, err := ofList(r.Params).searches(ctx, q, caller, now)
	if err != nil {
		return nil, err
	}
	limit := rest.Limit(r.Params.Limit)
	rows, err := h.page(ctx, searches, after, limit+1)
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(r db.Request) any { return placeOf(sort, r) })
	c, err := company.Load(ctx, q, caller.Tenant)
	if err != nil {
		return nil, err
	}
	items, err := requests.Render(ctx, q, caller, c, now, rows)
	if err != nil {
		return nil, err
	}
	return api.ListRequests200JSONResponse{Items: items, NextCursor: next}, nil
}

func placeOf(sort string, r db.Request) place {
	if sort == string(api.Due) {
		return place{sort, r.CompletionDue, r.ID}
	}
	return place{sort, r.CreatedAt, r.ID}
}

// page is the first n requests after a place that any of the searches finds.
func (h *Handlers) page(ctx context.Context, searches []search, after place, n int) ([]db.Request, error) {
	var rows []db.Request
	for _, s := range searches {
		found, err := h.find(ctx, s.after(after), after.Sort, int32(n))
		if err != nil {
			return nil, fmt.Errorf("find requests: %w", err)
		}
		rows = append(rows, found...)
	}
	slices.SortFunc(rows, func(a, b db.Request) int { return placeOf(after.Sort, a).compare(placeOf(after.Sort, b)) })
	rows = slices.CompactFunc(rows, func(a, b db.Request) bool { return a.ID == b.ID }) // given to its own resident
	return rows[:min(n, len(rows))], nil
}

// find is the first n requests that one search finds.
func (h *Handlers) find(ctx context.Context, s search, sort string, n int32) ([]db.Request, error) {
	q := h.found()
	s.Sort, s.First, s.Max = sort, n, n
	if s.words != "" {
		s.Within, s.First = &s.words, window
		if rows, err := q.FindRequests(ctx, s.FindRequestsParams); err != nil || len(rows) == int(n) {
			return rows, err
		}
		s.Within, s.Words, s.First = nil, &s.words, n
	}
	if (s.Words != nil || s.NumberPrefix != nil) && sort != string(api.Due) {
		s.Sort += " found"
	}
	return q.FindRequests(ctx, s.FindRequestsParams)
}

// after begins a search behind a place; the zero place is the beginning.
func (s search) after(p place) search {
	s.OpenOnly = s.OpenOnly || p.Sort == string(api.Due)
	if p.At.IsZero() {
		return s
	}
	s.AfterID = p.ID
	switch api.ListRequestsParamsSort(p.Sort) {
	case api.Newest:
		s.BeforeAt = &p.At
	case api.Oldest:
		s.AfterAt = &p.At
	case api.Due:
		s.AfterDue = &p.At
	}
	return s
}

func (p place) compare(other place) int {
	order := cmp.Or(p.At.Compare(other.At), bytes.Compare(p.ID[:], other.ID[:]))
	if p.Sort == string(api.Newest) {
		return -order
	}
	return order
}
