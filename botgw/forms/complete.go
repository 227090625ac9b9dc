package forms

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// fixed is what an executor most often writes, ready to be chosen: who stands on
// a ladder types with one thumb.
var fixed = []string{"complete.fixed", "complete.replaced", "complete.adjusted", "complete.cleaned"}

// Complete is an executor's report that the work is done: words, at least one photo.
func Complete() flow.Form {
	return flow.Form{
		Name: "complete", Title: "complete.title", Roles: []api.Role{api.RoleExecutor},
		Steps: []flow.Step{
			illustrated(wordsStep("complete.ask_text", "complete.hint_text", 1, fixed...)),
			proofStep("complete.ask_photos"),
			proofConfirm("complete.ask_confirm", "complete.send"),
		},
		Finish: func(ctx context.Context, t *talk.Turn, d *flow.Data) error {
			return act{done: "complete.done", photos: "complete.ask_photos", send: complete}.finish(ctx, t, d)
		},
	}
}

func complete(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, files []uuid.UUID) (*api.Request, *api.Problem, error) {
	r, err := t.API.CompleteRequestWithResponse(ctx, d.Request, &api.CompleteRequestParams{IdempotencyKey: key}, api.RequestCompletion{Comment: d.Text, Files: files})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}

// wordsStep asks for a text of at least a few characters; presets are keys of
// answers to choose.
func wordsStep(question, hint string, atLeast int, presets ...string) flow.Step {
	step := flow.Step{
		Name: "text", Hint: hint,
		Ask: func(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
			return talk.Screen{
				Text: t.Book.Text(question, words.Args{"Number": d.Request}) + written(t, d),
				Rows: choices(t, presets),
			}, nil
		},
		Take: map[talk.Kind]flow.Taking{talk.Text: longWords(atLeast)},
	}
	if len(presets) > 0 {
		step.Pick = func(_ context.Context, t *talk.Turn, d *flow.Data, args []string) error {
			if !slices.Contains(presets, first(args)) {
				return flow.Stay{}
			}
			d.Text = t.Book.Plain(first(args))
			return nil
		}
	}
	return step
}

// illustrated makes a step for words take photos too: one with words below it
// answers both this step and the next.
func illustrated(step flow.Step) flow.Step {
	step.Take[talk.Photo], step.Take[talk.Document] = captioned(flow.Photo), captioned(flow.Picture)
	return step
}

// pictured makes a step for words take photos too, which may do without words:
// who is asked for a photo has said all with one.
func pictured(step flow.Step) flow.Step {
	ask := step.Ask
	step.Ask = func(ctx context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
		screen, err := ask(ctx, t, d)
		countPhotos(t, d, &screen)
		return screen, err
	}
	step.Take[talk.Photo], step.Take[talk.Document] = commented(flow.Photo), commented(flow.Picture)
	step.Pick = pickComment
	return step
}

// halfRow is how many characters of a button can be read where two share a row.
const halfRow = 18

// choices are the presets by twos, or one in a row where they are long.
func choices(t *talk.Turn, presets []string) [][]talk.Button {
	var buttons []talk.Button
	columns := 2
	for _, key := range presets {
		button := flow.Pick(t.Book.Plain(key), key)
		if utf8.RuneCountInString(button.Text) > halfRow {
			columns = 1
		}
		buttons = append(buttons, button)
	}
	return grid(columns, buttons)
}

// longWords takes a text of at least so many characters.
func longWords(atLeast int) flow.Taking {
	take := flow.Words(text)
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) error {
		after := *d
		if err := take(ctx, t, &after); err != nil {
			return err
		}
		if utf8.RuneCountInString(after.Text) < atLeast {
			return flow.Complaint{Key: "act.too_short", Args: words.Args{"Count": atLeast}}
		}
		*d = after
		return nil
	}
}

// proofStep collects photos; without one there is no way on.
func proofStep(question string) flow.Step {
	return flow.Step{
		Name: "photos", Hint: "flow.hint_photos",
		Ask: func(ctx context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
			if len(d.Photos) == 0 {
				return talk.Screen{Text: t.Book.Count(question, flow.PhotosMax)}, nil
			}
			return askPhotos(ctx, t, d)
		},
		Pick: func(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
			switch {
			case first(args) == "clear":
				d.Photos = nil
			case first(args) == "done" && len(d.Photos) > 0:
				return nil
			case first(args) == "done":
				return flow.Complaint{Key: "act.photo_needed"}
			}
			return flow.Stay{}
		},
		Take: flow.TakePhotos(),
	}
}

// proofConfirm also takes photos: the last of an album may come late.
func proofConfirm(question, button string) flow.Step {
	step := confirm(question, button)
	step.Take = flow.TakePhotos()
	return step
}

// proof uploads a form's photos: at least one has to arrive.
func proof(ctx context.Context, t *talk.Turn, d *flow.Data) (files []uuid.UUID, failed int, err error) {
	files, failed, err = upload(ctx, t, d.Request, d)
	if err == nil && len(files) == 0 {
		err = flow.Complaint{Key: "act.photos_lost"}
	}
	return files, failed, err
}

// finished tells what became of a request, and shows the way to it.
func finished(t *talk.Turn, d *flow.Data, key string, failed int) {
	text := t.Book.Text(key, words.Args{"Number": d.Request, "Name": d.ExecutorName})
	if failed > 0 {
		text += "\n\n⚠️ " + t.Book.Count("flow.photos_failed", failed)
	}
	t.Show(talk.Screen{Text: text, Rows: [][]talk.Button{{card(t, d.Request)}}})
}

// kept are refusals after which the form stays as it is, for the person can do
// something about them: what to say, by the code.
var kept = map[string]string{
	"off_shift": "act.off_shift",
	"invalid":   "problem.invalid",
	"stale":     "problem.stale",
}

// over decides what a refusal at the end of a form means: the form stays, or it is over.
func over(t *talk.Turn, d *flow.Data, err error) error {
	for code, key := range kept {
		if company.Is(err, code) {
			return flow.Complaint{Key: key}
		}
	}
	return refused(t, d, err)
}
