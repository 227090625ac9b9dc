package forms

import (
	"context"
	"slices"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// reasons to withdraw a request, ready to be chosen.
var reasons = []string{"solved", "mistake", "twice", "needless"}

// Cancel withdraws a request that nobody works on yet.
func Cancel() flow.Form {
	return flow.Form{
		Name: "cancel", Title: "cancel.title",
		Steps: []flow.Step{
			{Name: "reason", Hint: "cancel.hint_reason", Ask: askReason, Pick: pickReason, Take: map[talk.Kind]flow.Taking{talk.Text: flow.Words(text)}},
			confirm("cancel.ask_confirm", "cancel.send"),
		},
		Finish: withdraw,
	}
}

func askReason(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	var buttons []talk.Button
	for _, reason := range reasons {
		buttons = append(buttons, flow.Pick(t.Book.Plain("cancel.reason_"+reason), reason))
	}
	return talk.Screen{Text: t.Book.Text("cancel.ask_reason", words.Args{"Number": d.Request}), Rows: grid(1, buttons)}, nil
}

func pickReason(_ context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	if !slices.Contains(reasons, first(args)) {
		return flow.Stay{}
	}
	d.Text = t.Book.Plain("cancel.reason_" + first(args))
	return nil
}

func withdraw(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	key := "cancel-" + d.Nonce
	r, err := t.API.CancelRequestWithResponse(ctx, d.Request, &api.CancelRequestParams{IdempotencyKey: &key}, api.RequestReason{Reason: d.Text})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return refused(t, d, company.Refused(r.ApplicationproblemJSONDefault))
	}
	t.Show(talk.Screen{Text: t.Book.Text("cancel.done", words.Args{"Number": d.Request}), Rows: [][]talk.Button{{card(t, d.Request)}}})
	return nil
}
