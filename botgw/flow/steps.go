package flow

import (
	"context"
	"errors"
	"slices"

	"ukbot/botgw/talk"
)

// begin opens a form in place of what is open.
func (e *Engine) begin(ctx context.Context, t *talk.Turn, r *Record, form Form, d Data) (outcome, error) {
	seed := d
	d.Nonce = nonce(t, form.Name)
	if form.Start != nil {
		err := form.Start(ctx, t, &d)
		if c, refused := errors.AsType[Complaint](err); refused {
			return shows(func(_ context.Context, t *talk.Turn, _ *Record) error {
				t.Show(talk.Screen{Text: complain(t.Book, c)})
				return nil
			})
		}
		if err != nil {
			return outcome{}, err
		}
	}
	r.shelve(Left, t.ID)
	r.Open = &Filling{Flow: form.Name, Role: role(t), Data: d, Seed: seed, Opened: t.Now, Touched: t.Now}
	r.apply(t.ID)
	out, err := e.forward(ctx, t, r, form)
	if err == nil && t.Outcome == "" {
		t.Outcome = "begun"
	}
	return out, err
}

// answer takes a message that came while a form is open.
func (e *Engine) answer(ctx context.Context, t *talk.Turn, r *Record) (outcome, error) {
	form, step, known := e.current(r.Open)
	switch {
	case !known:
		r.Open = nil
		return writes(sayUnreadable)
	case r.Open.late(t.Now):
		return e.tooLate(t, r)
	case asksToCancel(t):
		return e.cancel(t, r)
	case !form.goesOn(t, r.Open):
		return e.notYours(t, r)
	case asksBack(t):
		return e.back(t, r, form)
	}
	t.Step = form.Name + "/" + step.Name
	if take := step.Take[t.Kind]; take != nil {
		d := r.Open.Data
		return e.after(ctx, t, r, form, d, take(ctx, t, &d))
	}
	if args, meant, err := e.means(ctx, t, r.Open, step); meant || err != nil {
		if err != nil {
			return outcome{}, err
		}
		d := r.Open.Data
		return e.after(ctx, t, r, form, d, step.Pick(ctx, t, &d, args))
	}
	return e.after(ctx, t, r, form, r.Open.Data, unfit{t.Kind})
}

// means finds the choice that somebody wrote instead of tapping it.
func (e *Engine) means(ctx context.Context, t *talk.Turn, f *Filling, step Step) (args []string, meant bool, err error) {
	if t.Kind != talk.Text || step.Pick == nil {
		return nil, false, nil
	}
	d := f.Data
	screen, err := step.Ask(ctx, t, &d)
	if err != nil {
		return nil, false, err
	}
	for _, button := range slices.Concat(screen.Rows...) {
		if button.Call.Do == PickDo && bare(button.Text) != "" && bare(button.Text) == bare(t.Text) {
			return button.Call.Args, true, nil
		}
	}
	return nil, false, nil
}

// after does what Pick or Take said: on, stay, or complain.
func (e *Engine) after(ctx context.Context, t *talk.Turn, r *Record, form Form, d Data, err error) (outcome, error) {
	switch {
	case err == nil, stays(err):
		r.Open.Data = d
	case !isNote(err):
		return outcome{}, err
	}
	if d.Language != "" && t.Person == nil {
		r.Language = d.Language
	}
	r.Open.Touched = t.Now
	r.apply(t.ID)
	if err == nil {
		speak(t, r)
		return e.forward(ctx, t, r, form)
	}
	return writes(e.showStep(err))
}

// stays says whether a step keeps what it was given and waits for more.
func stays(err error) bool {
	_, is := errors.AsType[Stay](err)
	_, noted := errors.AsType[Noted](err)
	return is || noted
}

// forward goes to the next step that applies, or carries the form out behind the last.
func (e *Engine) forward(ctx context.Context, t *talk.Turn, r *Record, form Form) (outcome, error) {
	f := r.Open
	f.Data.Page = ""
	if next := form.next(t, f); next != "" {
		e.to(t, f, next)
		return writes(e.showStep(nil))
	}
	if r.recalled { // what Finish does, no compare-and-set takes back
		return outcome{}, errUnsure
	}
	mark := len(t.Outs)
	d := f.Data
	err := form.Finish(ctx, t, &d)
	switch {
	case err == nil:
		t.Outcome = "finished"
		r.carriedOut(t.ID, t.Now, t.Outs[mark:])
		return writes(nil)
	case isNote(err):
		f.Data = d
		if next := form.next(t, f); next != "" {
			e.to(t, f, next)
		}
		t.Outs = t.Outs[:mark]
		return writes(e.showStep(err))
	}
	// What was answered stays, and the update may come again.
	t.Outs = t.Outs[:mark]
	r.Applied = slices.DeleteFunc(r.Applied, func(id int64) bool { return id == t.ID })
	return writes(func(context.Context, *talk.Turn, *Record) error { return err })
}

// to makes a step the current one.
func (e *Engine) to(t *talk.Turn, f *Filling, step string) {
	f.Step = step
	t.Step = f.Flow + "/" + step
}

// next is the first step behind the current one that applies; "" if there is none.
func (f Form) next(t *talk.Turn, of *Filling) string {
	at := slices.IndexFunc(f.Steps, func(s Step) bool { return s.Name == of.Step })
	for _, step := range f.Steps[at+1:] {
		if step.applies(t, &of.Data) {
			return step.Name
		}
	}
	return ""
}

// previous is the last step before the current one that applies; "" if there is none.
func (f Form) previous(t *talk.Turn, of *Filling) string {
	found := ""
	for _, step := range f.Steps {
		if step.Name == of.Step {
			break
		}
		if step.applies(t, &of.Data) {
			found = step.Name
		}
	}
	return found
}

func (s Step) applies(t *talk.Turn, d *Data) bool { return s.When == nil || s.When(t, d) }

// current is the form and the step somebody is at; not known where the program
// has changed meanwhile.
func (e *Engine) current(f *Filling) (Form, Step, bool) {
	form, known := e.forms[f.Flow]
	at := slices.IndexFunc(form.Steps, func(s Step) bool { return s.Name == f.Step })
	if !known || at < 0 {
		return form, Step{}, false
	}
	return form, form.Steps[at], true
}

// back goes to the step before.
func (e *Engine) back(t *talk.Turn, r *Record, form Form) (outcome, error) {
	if previous := form.previous(t, r.Open); previous != "" {
		r.Open.Data.Page = ""
		e.to(t, r.Open, previous)
	}
	r.Open.Touched = t.Now
	r.apply(t.ID)
	return writes(e.showStep(nil))
}

func (e *Engine) cancel(t *talk.Turn, r *Record) (outcome, error) {
	t.Step, t.Outcome = r.Open.Flow+"/"+r.Open.Step, "cancelled"
	r.shelve(Canceled, t.ID)
	r.apply(t.ID)
	return writes(e.sayAside(t.ID))
}

func (e *Engine) tooLate(t *talk.Turn, r *Record) (outcome, error) {
	t.Step, t.Outcome = r.Open.Flow+"/"+r.Open.Step, "late"
	r.shelve(Late, t.ID)
	r.apply(t.ID)
	return writes(e.sayAside(t.ID))
}

func (e *Engine) notYours(t *talk.Turn, r *Record) (outcome, error) {
	r.shelve(Left, t.ID)
	r.apply(t.ID)
	return writes(sayNotYours)
}
