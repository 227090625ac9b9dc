package requests

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

// tap is a tap on a button of a card.
type tap struct {
	number  string
	action  api.RequestAction
	version string // of the request that the person saw
	at      place
}

func (r *Requests) tapAct(ctx context.Context, t *talk.Turn, args []string) error {
	tapped := tap{arg(args, 0), api.RequestAction(arg(args, 1)), arg(args, 2), placeOf(rest(args, 3))}
	if !IsNumber(tapped.number) {
		t.Show(missing(t, tapped.number, tapped.at))
		return nil
	}
	t.Step = doAct
	if tapped.action == commenting {
		return r.begin(ctx, t, formComment, flow.Data{Request: tapped.number})
	}
	d, ok := deedOf(t, tapped.action)
	switch {
	case !ok: // of another role, or of an earlier version of the bot
		return r.stale(ctx, t, tapped)
	case d.way == atOnce:
		return r.do(ctx, t, tapped)
	}
	return r.prepare(ctx, t, tapped, d)
}

// prepare opens what an action needs besides the tap. It asks first whether the
// action is still there: nobody shall write a report that is refused at the end.
func (r *Requests) prepare(ctx context.Context, t *talk.Turn, tapped tap, d deed) error {
	request, err := get(ctx, t, tapped.number)
	if err != nil {
		return r.refused(ctx, t, tapped, err)
	}
	if !slices.Contains(request.Actions, d.action) {
		return r.stale(ctx, t, tapped)
	}
	if d.way == rated {
		t.Show(starsOf(t, tapped))
		return nil
	}
	return r.begin(ctx, t, cmp.Or(d.form, string(d.action)), flow.Data{Request: request.Number})
}

// done is what is said when an action has been done at once: keys.
var done = map[api.RequestAction]string{
	api.RequestActionTake:    "requests.done_take",
	api.RequestActionConfirm: "requests.done_confirm",
	api.RequestActionResume:  "requests.done_resume",
}

// do does an action that needs nothing but the tap, and shows the card as it is then.
func (r *Requests) do(ctx context.Context, t *talk.Turn, tapped tap) error {
	p, err := perform(ctx, t, tapped)
	if err == nil && p != nil {
		err = company.Refused(p)
	}
	if err != nil {
		return r.refused(ctx, t, tapped, err)
	}
	t.Toast(t.Book.Plain(done[tapped.action]))
	return r.card(ctx, t, tapped.number, tapped.at)
}

// perform asks the housing services; the problem is nil when it is done.
func perform(ctx context.Context, t *talk.Turn, tapped tap) (*api.Problem, error) {
	key := new(t.Key(string(tapped.action)))
	switch tapped.action {
	case api.RequestActionTake:
		a, err := t.API.TakeRequestWithResponse(ctx, tapped.number, &api.TakeRequestParams{IdempotencyKey: key})
		if err != nil || a.JSON200 != nil {
			return nil, err
		}
		return or(a.ApplicationproblemJSONDefault)
	case api.RequestActionResume:
		a, err := t.API.ResumeRequestWithResponse(ctx, tapped.number, &api.ResumeRequestParams{IdempotencyKey: key})
		if err != nil || a.JSON200 != nil {
			return nil, err
		}
		return or(a.ApplicationproblemJSONDefault)
	case api.RequestActionConfirm:
		// What was sent back and reported done again is not what this manager has looked at.
		a, err := t.API.ConfirmRequestWithResponse(ctx, tapped.number, &api.ConfirmRequestParams{IdempotencyKey: key, IfMatch: etag(tapped.version)})
		if err != nil || a.JSON200 != nil {
			return nil, err
		}
		return or(a.ApplicationproblemJSONDefault)
	}
	return nil, errors.New("no action of a tap: " + string(tapped.action))
}

// or is the problem, or that the answer was none.
func or(p *api.Problem) (*api.Problem, error) {
	if p == nil {
		return nil, company.ErrAway
	}
	return p, nil
}

// etag is a version as the housing services write it; nil for what is none.
func etag(version string) *string {
	if _, err := strconv.ParseInt(version, 10, 64); err != nil {
		return nil
	}
	return new(strconv.Quote(version))
}
