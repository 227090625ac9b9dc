package requests

import (
	"context"
	"slices"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
)

const (
	// pageSize is how many requests a page shows: as many as one row of buttons
	// holds without their figures being cut on a small phone.
	pageSize = 6
	// readMax is how many requests one call gives at most.
	readMax = 200
	// pageMax is the last page that can be turned to. Further back a search by
	// number or filter is the way, not 150 taps.
	pageMax = 149
)

// window is one page of a filter's list.
type window struct {
	items []api.Request
	page  int // may be another than was asked for, where the list has become shorter
	more  bool
}

// read gets a page by its index: buttons stay short, and every page knows the
// one before it. The housing services give cursors only, so what lies before
// the page is read again: nothing on the first pages, 200 requests a call on
// the far ones.
func read(ctx context.Context, t *talk.Turn, f filter, page int) (window, error) {
	var all []api.Request
	for _, q := range f.ask {
		found, err := first(ctx, t, q, f.sort, (page+1)*pageSize+1)
		if err != nil {
			return window{}, err
		}
		all = append(all, found...)
	}
	if len(f.ask) > 1 {
		slices.SortStableFunc(all, orders[f.sort])
	}
	page = min(page, max(len(all)-1, 0)/pageSize)
	end := min((page+1)*pageSize, len(all))
	return window{items: all[page*pageSize : end], page: page, more: len(all) > end && page < pageMax}, nil
}

// orders is what several queries' answers are merged by.
var orders = map[api.ListRequestsParamsSort]func(a, b api.Request) int{
	api.Newest: func(a, b api.Request) int { return b.CreatedAt.Compare(a.CreatedAt) },
	api.Oldest: func(a, b api.Request) int { return a.CreatedAt.Compare(b.CreatedAt) },
	api.Due:    func(a, b api.Request) int { return a.Deadlines.Completion.Compare(b.Deadlines.Completion) },
}

// first is the first n requests that a query finds.
func first(ctx context.Context, t *talk.Turn, q query, sort api.ListRequestsParamsSort, n int) ([]api.Request, error) {
	var all []api.Request
	q.Sort = &sort
	for {
		q.Limit = new(min(n-len(all), readMax))
		r, err := t.API.ListRequestsWithResponse(ctx, &q)
		if err != nil {
			return nil, err
		}
		if r.JSON200 == nil {
			return nil, company.Refused(r.ApplicationproblemJSONDefault)
		}
		all = append(all, r.JSON200.Items...)
		if q.Cursor = r.JSON200.NextCursor; q.Cursor == nil || len(all) >= n {
			return all, nil
		}
	}
}
