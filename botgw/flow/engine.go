package flow

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// Engine walks people through forms. It is safe for concurrent use.
type Engine struct {
	store *Store
	forms map[string]Form
}

// New is an engine for these forms.
func New(store *Store, forms ...Form) *Engine {
	e := &Engine{store: store, forms: map[string]Form{}}
	for _, form := range forms {
		e.forms[form.Name] = form
	}
	return e
}

// Begin opens a form, with what is known of it already. Where the person has an
// unfinished one of the kind, it is offered instead. What was open is set aside.
func (e *Engine) Begin(ctx context.Context, t *talk.Turn, flow string, d Data) error {
	form, known := e.forms[flow]
	if !known {
		return fmt.Errorf("begin form %q: there is none", flow)
	}
	t.Step = flow + "/begin"
	if !form.allows(t) {
		return sayNotYours(ctx, t, nil)
	}
	return e.change(ctx, t, func(r *Record) (outcome, error) {
		if r.applied(t.ID) {
			if say := e.again(r, t.ID); say != nil {
				return shows(say)
			}
		}
		if left := r.unfinished(flow, d, role(t)); left != nil {
			return shows(e.offer(*left, "flow.offer_anew"))
		}
		return e.begin(ctx, t, r, form, d)
	})
}

// Handle answers a message, or a command nobody else knows, if a form is open
// or was until time ran out; else it is not handled. Commands and keys of the
// menu are carried out before, and followed by Leave. Taps come by Routes.
func (e *Engine) Handle(ctx context.Context, t *talk.Turn) (handled bool, err error) {
	if !slices.Contains(messages, t.Kind) {
		return false, nil
	}
	err = e.change(ctx, t, func(r *Record) (outcome, error) {
		handled = true
		switch {
		case r.unreadable:
			return writes(sayUnreadable)
		case r.applied(t.ID):
			say := e.again(r, t.ID)
			handled = say != nil
			return shows(say)
		case r.Open == nil:
			handled = false
			return outcome{}, nil
		}
		return e.answer(ctx, t, r)
	})
	return handled, err
}

// messages are the kinds that may answer a step.
var messages = []talk.Kind{
	talk.Text, talk.Command, talk.Photo, talk.Document, talk.Video, talk.Voice,
	talk.Sticker, talk.Contact, talk.Location, talk.Other,
}

// Cancel sets the open form aside; false if there is none.
func (e *Engine) Cancel(ctx context.Context, t *talk.Turn) (canceled bool, err error) {
	err = e.change(ctx, t, func(r *Record) (outcome, error) {
		if r.applied(t.ID) {
			say := e.again(r, t.ID)
			canceled = say != nil
			return shows(say)
		}
		if canceled = r.Open != nil; !canceled {
			return outcome{}, nil
		}
		return e.cancel(t, r)
	})
	return canceled, err
}

// Leave follows a command or a key of the menu that was carried out while a form
// is open: it reminds of that, and how to go on. Without one it says nothing.
func (e *Engine) Leave(ctx context.Context, t *talk.Turn) error {
	r, open, err := e.Open(ctx, t)
	if err != nil || !open || strings.HasPrefix(t.Step, r.Open.Flow+"/") {
		return err
	}
	form, known := e.forms[r.Open.Flow]
	if !known || !form.goesOn(t, r.Open) {
		return nil
	}
	t.Say(talk.Screen{
		Text: t.Book.Text("flow.unfinished", words.Args{"Title": t.Book.Plain(form.Title)}),
		Rows: [][]talk.Button{{goOn(t, r.Open.Data.Nonce)}},
	})
	return nil
}

// Open reads the record of the person in this chat, and says whether a form is open.
func (e *Engine) Open(ctx context.Context, t *talk.Turn) (Record, bool, error) {
	r, err := e.store.load(ctx, Key(t.Update))
	if err != nil {
		return Record{}, false, err
	}
	return *r, r.Open != nil && !r.Open.late(t.Now), nil
}

// outcome is what becomes of a record.
type outcome struct {
	say   reply // shown once the record is written; nil: nothing
	write bool
}

// reply shows something. It runs after the record is written, so that an answer
// is kept even where the next question cannot be made.
type reply func(ctx context.Context, t *talk.Turn, r *Record) error

func shows(say reply) (outcome, error)  { return outcome{say: say}, nil }
func writes(say reply) (outcome, error) { return outcome{say: say, write: true}, nil }

// change takes the record, has somebody decide, writes it and shows what came of
// it; all again where somebody else has written meanwhile. The record is at first
// the one this process remembers. Only a write proves that it is still the one in
// the bucket; whatever else would come of it is decided anew on one that is read.
func (e *Engine) change(ctx context.Context, t *talk.Turn, decide func(*Record) (outcome, error)) error {
	key, mark := Key(t.Update), len(t.Outs)
	var stored time.Duration
	for attempt := range attemptsMax {
		began := time.Now()
		r, err := e.record(ctx, key, attempt)
		if err != nil {
			return err
		}
		stored += time.Since(began)
		speak(t, r)
		before := r.Open
		out, err := decide(r)
		if err == nil && r.recalled && !out.write {
			err = errUnsure
		}
		if err == nil && out.write {
			e.keyboard(r, t.ID)
			r.forget(t.Now)
			began = time.Now()
			err = e.store.save(ctx, key, r)
			stored += time.Since(began)
		}
		if errors.Is(err, errMoved) || errors.Is(err, errUnsure) {
			t.Outs, t.Outcome = t.Outs[:mark], ""
			if err := e.retry(ctx, err, attempt); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if out.write {
			e.store.Metrics.wrote(stored)
		}
		if err := e.show(ctx, t, r, out.say); err != nil {
			return err
		}
		takeKeyboard(t, r, mark)
		takeButtons(t, r.over(before, t.ID), mark)
		return nil
	}
	return fmt.Errorf("%d attempts: %w", attemptsMax, errMoved)
}

// errUnsure says that a record from memory is not enough to go by.
var errUnsure = errors.New("the record must be read")

// record is what this process remembers, at the first attempt; else what is in the bucket.
func (e *Engine) record(ctx context.Context, key string, attempt int) (*Record, error) {
	if attempt == 0 {
		if r, ok := e.store.recall(key); ok {
			return r, nil
		}
	}
	return e.store.load(ctx, key)
}

// retry comes before another attempt: at once where the record only has to be read.
func (e *Engine) retry(ctx context.Context, why error, attempt int) error {
	if errors.Is(why, errUnsure) {
		return nil
	}
	e.store.Metrics.conflict()
	return pause(ctx, attempt)
}

func (e *Engine) show(ctx context.Context, t *talk.Turn, r *Record, say reply) error {
	if say == nil {
		return nil
	}
	speak(t, r)
	return say(ctx, t, r)
}

// speak turns to the language somebody chose who is nobody yet.
func speak(t *talk.Turn, r *Record) {
	if t.Person == nil && r.Language != "" {
		t.Book = words.For(r.Language)
	}
}

// pause lets another writer finish; a replica that lags catches up meanwhile. It
// is drawn, so that many who wait do not meet again.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(time.Millisecond << min(attempt+1, 6))) //nolint:gosec // nothing secret hangs on it
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// allows says whether somebody may fill a form.
func (f Form) allows(t *talk.Turn) bool {
	if t.Person == nil {
		return f.Anybody
	}
	return len(f.Roles) == 0 || t.Person.Is(f.Roles...)
}

// goesOn says whether somebody may go on with a filling: in the role they began
// it in, for its steps and what they offer are that role's.
func (f Form) goesOn(t *talk.Turn, of *Filling) bool {
	return f.allows(t) && (of.Role == "" || of.Role == role(t))
}

// role is the active one; "" of who has no session.
func role(t *talk.Turn) api.Role {
	if t.Person == nil {
		return ""
	}
	return t.Person.Role
}

// nonce names a filling. It is made of the update that begins it: one that comes
// again begins the same.
func nonce(t *talk.Turn, flow string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", Key(t.Update), t.ID, flow))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}
