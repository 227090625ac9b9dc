package desk

import (
	"context"
	"slices"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// language lets the person choose; a stranger is asked at the first step of registration.
func (d *Desk) language(ctx context.Context, t *talk.Turn) error {
	t.Step = "language"
	switch {
	case t.Person == nil && t.Standing == talk.Pending:
		t.Say(talk.Screen{Text: t.Book.Text("problem.approval_pending")})
		return nil
	case t.Person == nil:
		return d.cfg.Begin(ctx, t, "register", flow.Data{})
	}
	t.Say(d.languageScreen(t))
	return nil
}

// languageScreen asks in every language: who changed by mistake finds back.
func (d *Desk) languageScreen(t *talk.Turn) talk.Screen {
	var choices []talk.Button
	for _, code := range words.Languages {
		b := talk.Button{Text: t.Book.LanguageName(code), Call: talk.Call{Do: doLanguage, Args: []string{code}}}
		choices = append(choices, tick(b, code == t.Book.Language()))
	}
	rows := append(grid(choices, 1), row(button(t, "button.back", doSettings)))
	return talk.Screen{Text: t.Book.Text("settings.language_ask"), Rows: rows}
}

// tapLanguage shows the choice, or makes it.
func (d *Desk) tapLanguage(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "language"
	code := arg(args, 0)
	if !slices.Contains(words.Languages, code) || code == t.Person.Language {
		t.Show(d.languageScreen(t))
		return nil
	}
	if err := setLanguage(ctx, t, api.Language(code)); err != nil {
		return err
	}
	if err := d.cfg.Forget(ctx, t); err != nil {
		return err
	}
	t.Person.Language, t.Book = code, words.For(code)
	t.Toast(t.Book.Plain("settings.language_set"))
	t.Show(d.languageScreen(t))
	t.Say(talk.Screen{Text: t.Book.Text("settings.language_done"), Menu: d.Menu(ctx, t)})
	return nil
}

// setLanguage changes the person as they are now. Where somebody else changed
// them in between it reads once more: the language is this person's to choose.
func setLanguage(ctx context.Context, t *talk.Turn, language api.Language) error {
	err := tryLanguage(ctx, t, language)
	if company.Is(err, "stale") {
		err = tryLanguage(ctx, t, language)
	}
	return err
}

func tryLanguage(ctx context.Context, t *talk.Turn, language api.Language) error {
	me, err := t.API.GetMeWithResponse(ctx)
	if err != nil {
		return err
	}
	if me.JSON200 == nil {
		return company.Refused(me.ApplicationproblemJSONDefault)
	}
	version := me.HTTPResponse.Header.Get("ETag")
	r, err := t.API.UpdateMeWithResponse(ctx, &api.UpdateMeParams{IfMatch: &version}, api.UpdateMeJSONRequestBody{Language: &language})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	return nil
}
