package flow

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// unfit says that a step takes nothing of the kind.
type unfit struct{ kind talk.Kind }

func (u unfit) Error() string { return "not accepted at this step: " + string(u.kind) }

// unfitKeys is what is said to each kind where it answers nothing.
var unfitKeys = map[talk.Kind]string{
	talk.Text:     "flow.unfit_text",
	talk.Command:  "flow.unfit_command",
	talk.Photo:    "flow.unfit_photo",
	talk.Document: "flow.unfit_document",
	talk.Video:    "flow.unfit_video",
	talk.Voice:    "flow.unfit_voice",
	talk.Sticker:  "flow.unfit_sticker",
	talk.Contact:  "flow.unfit_contact",
	talk.Location: "flow.unfit_location",
	talk.Other:    "flow.unfit_other",
}

// asideKeys is what is said about a form that was set aside.
var asideKeys = map[Why]string{
	Late:     "flow.late",
	Left:     "flow.left",
	Canceled: "flow.canceled_draft",
}

// isNote says whether an error is a word to the person who fills the form.
func isNote(err error) bool {
	_, complains := errors.AsType[Complaint](err)
	_, misfits := errors.AsType[unfit](err)
	return stays(err) || complains || misfits
}

// note is what stands above the question because of what just came; "" for nothing.
func note(b words.Book, step Step, err error) string {
	if n, noted := errors.AsType[Noted](err); noted {
		return complain(b, Complaint(n))
	}
	if c, complains := errors.AsType[Complaint](err); complains {
		return "⚠️ " + complain(b, c)
	}
	u, misfits := errors.AsType[unfit](err)
	if !misfits {
		return ""
	}
	text := "⚠️ " + b.Text(unfitKeys[u.kind])
	if step.Hint != "" {
		text += " " + b.Text(step.Hint)
	}
	return text
}

// outcomeOf tells the figures whether an answer was one.
func outcomeOf(err error) string {
	if _, complains := errors.AsType[Complaint](err); complains {
		return "complaint"
	}
	if _, misfits := errors.AsType[unfit](err); misfits {
		return "unfit"
	}
	return ""
}

func complain(b words.Book, c Complaint) string {
	if n, counts := c.Args["Count"].(int); counts {
		return b.Count(c.Key, n, c.Args)
	}
	return b.Text(c.Key, c.Args)
}

// showStep asks the current step's question, below a word about what came before.
func (e *Engine) showStep(before error) reply {
	return func(ctx context.Context, t *talk.Turn, r *Record) error {
		form, step, known := e.current(r.Open)
		if !known {
			return sayUnreadable(ctx, t, r)
		}
		t.Step = form.Name + "/" + step.Name
		d := r.Open.Data
		screen, err := step.Ask(ctx, t, &d)
		if err != nil {
			return err
		}
		t.Outcome = cmp.Or(outcomeOf(before), t.Outcome)
		screen.Text = strings.Join(filled(form.progress(t, r.Open), note(t.Book, step, before), screen.Text), "\n\n")
		form.frame(t, r.Open, &screen)
		e.place(t, r, screen)
		return nil
	}
}

// filled is the parts that are not empty.
func filled(parts ...string) []string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return all
}

// progress is the line above: what is being filled, and how far it is.
func (f Form) progress(t *talk.Turn, of *Filling) string {
	at, all := 0, 0
	for _, step := range f.Steps {
		if step.Name != of.Step && !step.applies(t, &of.Data) {
			continue
		}
		if all++; step.Name == of.Step {
			at = all
		}
	}
	title := t.Book.Plain(f.Title)
	if all < 2 {
		return t.Book.Text("flow.title", words.Args{"Title": title})
	}
	return t.Book.Text("flow.progress", words.Args{"Title": title, "Step": at, "Steps": all})
}

// frame makes the buttons of choices those of this filling, and adds Back and Cancel.
func (f Form) frame(t *talk.Turn, of *Filling, screen *talk.Screen) {
	back := f.previous(t, of) != ""
	if screen.Menu != nil {
		menu := *screen.Menu
		var keys []talk.Key
		if back {
			keys = append(keys, talk.Key{Text: t.Book.Plain("button.back")})
		}
		menu.Rows = append(append([][]talk.Key{}, menu.Rows...), append(keys, talk.Key{Text: t.Book.Plain("button.cancel")}))
		screen.Menu = &menu
		return
	}
	for _, row := range screen.Rows {
		for i, button := range row {
			if button.Call.Do == PickDo {
				row[i].Call.Args = append([]string{of.Data.Nonce, of.Step}, button.Call.Args...)
			}
		}
	}
	var row []talk.Button
	if back {
		row = append(row, own(t, backDo, "button.back", of.Data.Nonce, of.Step))
	}
	screen.Rows = append(screen.Rows, append(row, own(t, cancelDo, "button.cancel", of.Data.Nonce, of.Step)))
}

func own(t *talk.Turn, do, label string, args ...string) talk.Button {
	return talk.Button{Text: t.Book.Plain(label), Call: talk.Call{Do: do, Args: args}}
}

func goOn(t *talk.Turn, nonce string) talk.Button { return own(t, goOnDo, "flow.go_on", nonce) }
