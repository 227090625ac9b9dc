package flow

import (
	"context"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// again is what an update that comes again is answered with: what it was
// answered with, or what is current; nil if nothing is left of it.
func (e *Engine) again(r *Record, update int64) reply {
	if done := r.done(func(d Done) bool { return d.By == update }); done != nil {
		return repeat(*done)
	}
	for _, draft := range r.Drafts {
		if draft.By == update && draft.Why != Left {
			return e.offer(draft.Filling, asideKeys[draft.Why])
		}
	}
	if r.Open != nil {
		return e.showStep(nil)
	}
	return nil
}

// repeat shows what somebody was told when a form was carried out.
func repeat(d Done) reply {
	return func(_ context.Context, t *talk.Turn, _ *Record) error {
		for _, a := range d.Answers {
			t.Outs = append(t.Outs, talk.Out{Way: a.Way, Screen: a.Screen, Message: a.Message})
		}
		return nil
	}
}

// offer shows a form that was set aside, and what may become of it.
func (e *Engine) offer(f Filling, key string) reply {
	return func(ctx context.Context, t *talk.Turn, r *Record) error {
		form, _, known := e.current(&f)
		if !known {
			return sayUnreadable(ctx, t, r)
		}
		other := own(t, discardDo, "flow.discard", f.Data.Nonce)
		if key == "flow.offer_anew" {
			other = own(t, anewDo, "flow.anew", f.Data.Nonce)
		}
		t.Show(talk.Screen{
			Text: t.Book.Text(key, words.Args{"Title": t.Book.Plain(form.Title), "Summary": words.HTML(Summary(t, &f.Data))}),
			Rows: [][]talk.Button{{goOn(t, f.Data.Nonce)}, {other}},
		})
		return nil
	}
}

// sayAside tells that a form was set aside by an update, and offers its draft.
func (e *Engine) sayAside(update int64) reply {
	return func(ctx context.Context, t *talk.Turn, r *Record) error {
		for _, draft := range r.Drafts {
			if draft.By == update {
				return e.offer(draft.Filling, asideKeys[draft.Why])(ctx, t, r)
			}
		}
		t.Show(talk.Screen{Text: t.Book.Text("flow.canceled")})
		return nil
	}
}

func sayDiscarded(_ context.Context, t *talk.Turn, _ *Record) error {
	t.Outcome = "discarded"
	t.Show(talk.Screen{Text: t.Book.Text("flow.discarded")})
	return nil
}

func sayUnreadable(_ context.Context, t *talk.Turn, _ *Record) error {
	t.Outcome = "unreadable"
	t.Show(talk.Screen{Text: t.Book.Text("flow.unreadable")})
	return nil
}

func sayNotYours(_ context.Context, t *talk.Turn, _ *Record) error {
	t.Outcome = "forbidden"
	t.Show(talk.Screen{Text: t.Book.Text("flow.not_yours")})
	return nil
}

// sayStale answers a button nobody knows, and takes the buttons away.
func sayStale(_ context.Context, t *talk.Turn, _ *Record) error {
	t.Outcome = "stale"
	t.Toast(t.Book.Plain("flow.stale"))
	t.Outs = append(t.Outs, talk.Out{Way: talk.Unkey, Message: t.Message})
	return nil
}
