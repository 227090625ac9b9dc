package forms

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// reasons to withdraw a request, ready to be chosen: their buttons' arguments
// and words.
var reasons = []struct{ arg, key string }{
	{"solved", "cancel.reason_solved"},
	{"mistake", "cancel.reason_mistake"},
	{"twice", "cancel.reason_twice"},
	{"needless", "cancel.reason_needless"},
}

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
		buttons = append(buttons, flow.Pick(t.Book.Plain(reason.key), reason.arg))
	}
	return talk.Screen{Text: t.Book.Text("cancel.ask_reason", words.Args{"Number": d.Request}), Rows: grid(1, buttons)}, nil
}

func pickReason(_ context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	for _, reason := range reasons {
		if reason.arg == first(args) {
			d.Text = t.Book.Plain(reason.key)
			return nil
		}
	}
	return flow.Stay{}
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
