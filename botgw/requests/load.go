package requests

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
)

// folder is a request with what a card shows of it.
type folder struct {
	api.Request
	said   []remark
	photos int
}

// talkMax is how many lines of comments and of history a card looks through:
// what was said last stands at their end, and who goes back further opens the
// history.
const talkMax = 1000

// load asks for a request and all that its card shows: itself and its history at
// the same time, then comments and files, if the history knows of any. Most
// cards cost two calls.
func load(ctx context.Context, t *talk.Turn, number string) (f folder, err error) {
	var history []api.HistoryEntry
	err = together(
		func() (err error) { f.Request, err = get(ctx, t, number); return err },
		func() (err error) { history, err = historyOf(ctx, t, number); return err },
	)
	if err != nil {
		return f, err
	}
	var comments []api.RequestComment
	var more []func() error
	if happened(history, "comment", "note") {
		more = append(more, func() (err error) { comments, err = commentsOf(ctx, t, number); return err })
	}
	if happened(history, "file") {
		more = append(more, func() (err error) { f.photos, err = photoCount(ctx, t, number); return err })
	}
	err = together(more...)
	f.said = lastWords(comments, history)
	return f, err
}

// together runs calls at the same time and waits for all. The error is the
// first call's that has one: what it says of a request is the best to know.
func together(calls ...func() error) error {
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { errs[i] = call() })
	}
	all.Wait()
	return cmp.Or(errs...)
}

// happened says whether one of these actions stands in a history.
func happened(history []api.HistoryEntry, actions ...string) bool {
	return slices.ContainsFunc(history, func(h api.HistoryEntry) bool { return slices.Contains(actions, h.Action) })
}

func get(ctx context.Context, t *talk.Turn, number string) (api.Request, error) {
	r, err := t.API.GetRequestWithResponse(ctx, number)
	if err != nil {
		return api.Request{}, err
	}
	if r.JSON200 == nil {
		return api.Request{}, company.Refused(r.ApplicationproblemJSONDefault)
	}
	return *r.JSON200, nil
}

func commentsOf(ctx context.Context, t *talk.Turn, number string) (all []api.RequestComment, err error) {
	p := api.ListCommentsParams{Limit: new(readMax)}
	for {
		r, err := t.API.ListCommentsWithResponse(ctx, number, &p)
		if err != nil {
			return nil, err
		}
		if r.JSON200 == nil {
			return nil, company.Refused(r.ApplicationproblemJSONDefault)
		}
		all = append(all, r.JSON200.Items...)
		if p.Cursor = r.JSON200.NextCursor; p.Cursor == nil || len(all) >= talkMax {
			return all, nil
		}
	}
}

func historyOf(ctx context.Context, t *talk.Turn, number string) (all []api.HistoryEntry, err error) {
	p := api.GetHistoryParams{Limit: new(readMax)}
	for {
		r, err := t.API.GetHistoryWithResponse(ctx, number, &p)
		if err != nil {
			return nil, err
		}
		if r.JSON200 == nil {
			return nil, company.Refused(r.ApplicationproblemJSONDefault)
		}
		all = append(all, r.JSON200.Items...)
		if p.Cursor = r.JSON200.NextCursor; p.Cursor == nil || len(all) >= talkMax {
			return all, nil
		}
	}
}

func photoCount(ctx context.Context, t *talk.Turn, number string) (n int, err error) {
	files, err := filesOf(ctx, t, number)
	for _, f := range files {
		if f.Photo {
			n++
		}
	}
	return n, err
}

func filesOf(ctx context.Context, t *talk.Turn, number string) ([]api.File, error) {
	r, err := t.API.ListFilesWithResponse(ctx, number)
	if err != nil {
		return nil, err
	}
	if r.JSON200 == nil {
		return nil, company.Refused(r.ApplicationproblemJSONDefault)
	}
	return r.JSON200.Items, nil
}
