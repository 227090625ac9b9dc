package flow

import (
	"context"
	"slices"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// languageDo changes the language of somebody who waits for approval.
const languageDo = "fl"

// Waiting answers whoever has registered and waits for a manager. The language
// can be changed meanwhile.
func (e *Engine) Waiting(ctx context.Context, t *talk.Turn) error {
	t.Step = "register/waits"
	if err := e.Speak(ctx, t); err != nil {
		return err
	}
	var row []talk.Button
	for _, code := range words.Languages {
		row = append(row, talk.Button{Text: words.For(code).Plain("language." + code), Call: talk.Call{Do: languageDo, Args: []string{code}}})
	}
	t.Show(talk.Screen{Text: t.Book.Text("register.still_waits"), Rows: [][]talk.Button{row}})
	return nil
}

// Speak turns to the language that somebody without a session has chosen.
func (e *Engine) Speak(ctx context.Context, t *talk.Turn) error {
	r, err := e.store.load(ctx, Key(t.Update))
	if err == nil {
		speak(t, r)
	}
	return err
}

// tapLanguage remembers the language of somebody without a session. Who has one
// finds it in the settings.
func (e *Engine) tapLanguage(ctx context.Context, t *talk.Turn, args []string) error {
	code, _, _ := head(args)
	if t.Person != nil || !slices.Contains(words.Languages, code) {
		return sayStale(ctx, t, nil)
	}
	err := e.change(ctx, t, func(r *Record) (outcome, error) {
		r.Language = code
		return writes(nil)
	})
	if err != nil {
		return err
	}
	return e.Waiting(ctx, t)
}
