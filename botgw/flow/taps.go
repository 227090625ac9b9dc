package flow

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/talk"
)

// What the engine's own buttons ask for.
const (
	backDo    = "fb"
	cancelDo  = "fx"
	goOnDo    = "fg" // take a form up again
	anewDo    = "fa" // begin it anew
	discardDo = "fd"
)

// Routes answers the taps of forms.
func (e *Engine) Routes() []talk.Route {
	return []talk.Route{
		{Do: PickDo, Anybody: true, Handle: e.tapped(e.pick)},
		{Do: backDo, Anybody: true, Handle: e.tapped(e.tapBack)},
		{Do: cancelDo, Anybody: true, Handle: e.tapped(e.tapCancel)},
		{Do: goOnDo, Anybody: true, Handle: e.aside(e.goOn)},
		{Do: anewDo, Anybody: true, Handle: e.aside(e.anew)},
		{Do: discardDo, Anybody: true, Handle: e.aside(e.discard)},
		{Do: languageDo, Anybody: true, Handle: e.tapLanguage},
	}
}

type tapHandler = func(ctx context.Context, t *talk.Turn, args []string) error

// tapped answers the taps on the current step's buttons. Whatever else carries
// such a button is shown as it is now.
func (e *Engine) tapped(do func(ctx context.Context, t *talk.Turn, r *Record, form Form, step Step, args []string) (outcome, error)) tapHandler {
	return func(ctx context.Context, t *talk.Turn, args []string) error {
		nonce, step, args := head(args)
		return e.change(ctx, t, func(r *Record) (outcome, error) {
			if out, over, err := e.over(t, r, nonce); over {
				return out, err
			}
			form, at, known := e.current(r.Open)
			switch {
			case !known:
				r.Open = nil
				return writes(sayUnreadable)
			case !form.goesOn(t, r.Open):
				return e.notYours(t, r)
			}
			t.Step = form.Name + "/" + at.Name
			if step != at.Name {
				t.Outcome = "stale"
				return shows(e.showStep(nil))
			}
			return do(ctx, t, r, form, at, args)
		})
	}
}

// over answers a tap that is not for the open form.
func (e *Engine) over(t *talk.Turn, r *Record, nonce string) (outcome, bool, error) {
	if r.unreadable {
		out, err := writes(sayUnreadable)
		return out, true, err
	}
	if r.applied(t.ID) {
		if say := e.again(r, t.ID); say != nil {
			return outcome{say: say}, true, nil
		}
	}
	if r.Open != nil && r.Open.late(t.Now) {
		out, err := e.tooLate(t, r)
		return out, true, err
	}
	if r.Open != nil && r.Open.Data.Nonce == nonce {
		return outcome{}, false, nil
	}
	t.Outcome = "stale"
	return outcome{say: e.instead(r, nonce)}, true, nil
}

// instead is what is shown for a button of another form than the open one.
func (e *Engine) instead(r *Record, nonce string) reply {
	if done := r.done(func(d Done) bool { return d.Nonce == nonce }); done != nil {
		return repeat(*done)
	}
	if draft := r.draft(nonce); draft != nil {
		return e.offer(draft.Filling, asideKeys[draft.Why])
	}
	if r.Open != nil {
		return e.showStep(nil)
	}
	return sayStale
}

func head(args []string) (nonce, step string, rest []string) {
	if len(args) > 0 {
		nonce = args[0]
	}
	if len(args) > 1 {
		step, rest = args[1], args[2:]
	}
	return nonce, step, rest
}

func (e *Engine) pick(ctx context.Context, t *talk.Turn, r *Record, form Form, step Step, args []string) (outcome, error) {
	if step.Pick == nil {
		return shows(e.showStep(nil))
	}
	d := r.Open.Data
	return e.after(ctx, t, r, form, d, step.Pick(ctx, t, &d, args))
}

func (e *Engine) tapBack(_ context.Context, t *talk.Turn, r *Record, form Form, _ Step, _ []string) (outcome, error) {
	return e.back(t, r, form)
}

func (e *Engine) tapCancel(_ context.Context, t *talk.Turn, r *Record, _ Form, _ Step, _ []string) (outcome, error) {
	return e.cancel(t, r)
}

// aside answers the taps on what is said about a form that was set aside, or is
// open behind something else.
func (e *Engine) aside(do func(ctx context.Context, t *talk.Turn, r *Record, f Filling, form Form) (outcome, error)) tapHandler {
	return func(ctx context.Context, t *talk.Turn, args []string) error {
		nonce, _, _ := head(args)
		return e.change(ctx, t, func(r *Record) (outcome, error) {
			f, found := r.filling(nonce)
			switch {
			case r.applied(t.ID):
				if say := e.again(r, t.ID); say != nil {
					return shows(say)
				}
				return shows(sayStale)
			case r.unreadable:
				return writes(sayUnreadable)
			case !found:
				return shows(e.instead(r, nonce))
			}
			form, _, known := e.current(&f)
			switch {
			case !known:
				r.drop(nonce)
				return writes(sayUnreadable)
			case !form.goesOn(t, &f):
				return shows(sayNotYours)
			}
			return do(ctx, t, r, f, form)
		})
	}
}

// filling finds a form that is open or was set aside.
func (r *Record) filling(nonce string) (Filling, bool) {
	if r.Open != nil && r.Open.Data.Nonce == nonce {
		return *r.Open, true
	}
	if draft := r.draft(nonce); draft != nil {
		return draft.Filling, true
	}
	return Filling{}, false
}

func (e *Engine) goOn(_ context.Context, t *talk.Turn, r *Record, f Filling, _ Form) (outcome, error) {
	r.leaveFor(f.Data.Nonce, t.ID)
	f.Touched = t.Now
	r.Open = &f
	r.apply(t.ID)
	return writes(e.showStep(nil))
}

func (e *Engine) anew(ctx context.Context, t *talk.Turn, r *Record, f Filling, form Form) (outcome, error) {
	r.leaveFor(f.Data.Nonce, t.ID)
	return e.begin(ctx, t, r, form, f.Seed)
}

func (e *Engine) discard(_ context.Context, t *talk.Turn, r *Record, f Filling, _ Form) (outcome, error) {
	if r.Open != nil && r.Open.Data.Nonce == f.Data.Nonce {
		r.Open = nil
	}
	r.drop(f.Data.Nonce)
	return writes(sayDiscarded)
}

// leaveFor makes place for a form, which is no draft any more; another one that
// is open is set aside.
func (r *Record) leaveFor(nonce string, update int64) {
	if r.Open != nil && r.Open.Data.Nonce != nonce {
		r.shelve(Left, update)
	}
	r.Open = nil
	r.drop(nonce)
}

// unfinished finds a form of the kind that its owner, in this role, would miss. An invitation
// that it does not know of would be lost by going on with it.
func (r *Record) unfinished(flow string, d Data, by api.Role) *Filling {
	same := func(f *Filling) bool {
		return f.Flow == flow && (f.Role == "" || f.Role == by) && f.Data.Request == d.Request && f.Data.substantial() &&
			(d.Invitation == "" || d.Invitation == f.Seed.Invitation)
	}
	if r.Open != nil && same(r.Open) {
		return r.Open
	}
	for i := range r.Drafts {
		if r.Drafts[i].Why != Canceled && same(&r.Drafts[i].Filling) {
			return &r.Drafts[i].Filling
		}
	}
	return nil
}
