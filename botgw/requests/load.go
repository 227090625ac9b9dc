package requests

import (
	"context"
	"errors"
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

// load asks for a request and all that its card shows, at the same time: a tap
// waits for one answer, not for four in a row.
func load(ctx context.Context, t *talk.Turn, number string) (folder, error) {
	var (
		f        folder
		comments []api.RequestComment
		history  []api.HistoryEntry
		all      sync.WaitGroup
		errs     [4]error
	)
	all.Go(func() { f.Request, errs[0] = get(ctx, t, number) })
	all.Go(func() { comments, errs[1] = commentsOf(ctx, t, number) })
	all.Go(func() { history, errs[2] = historyOf(ctx, t, number) })
	all.Go(func() { f.photos, errs[3] = photoCount(ctx, t, number) })
	all.Wait()
	// The request's own refusal says best what is wrong.
	if err := errs[0]; err != nil {
		return f, err
	}
	f.said = lastWords(comments, history)
	return f, errors.Join(errs[1:]...)
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
