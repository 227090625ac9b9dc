package forms

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// act is an action of the workflow that needs words, and what is peculiar to it.
type act struct {
	name     string     // of the form and of the action
	roles    []api.Role // who may fill it; empty: everybody
	title    string     // key, as the following
	ask      string
	presets  []string // texts to choose
	photos   string   // what photos to send, at least one; "": none
	confirm  string
	done     string
	send     sender
	atLeast  int  // characters of the text
	asked    bool // the question that was asked stands above the answer
	pictured bool // photos may come with the words, or say it without any
}

// sender hands a filled form to the housing services.
type sender = func(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, files []uuid.UUID) (*api.Request, *api.Problem, error)

// reviewMin is how many characters a manager writes who accepts in a resident's
// place: the housing services' limit.
const reviewMin = 10

// acts is every action that asks for words and no person. Complete and cancel
// have forms of their own.
var acts = []act{
	{
		name: "purchase", roles: []api.Role{api.RoleExecutor}, title: "act.purchase_title", ask: "act.purchase_ask",
		confirm: "act.purchase_confirm", send: purchase, done: "act.purchase_done",
	},
	{
		name: "clarify", roles: staff, title: "act.clarify_title", ask: "act.clarify_ask",
		presets: []string{"act.clarify_home", "act.clarify_photo"},
		confirm: "act.clarify_confirm", send: clarify, done: "act.clarify_done",
	},
	{
		name: "answer", title: "act.answer_title", ask: "act.answer_ask", asked: true, pictured: true,
		confirm: "act.answer_confirm", send: answer, done: "act.answer_done",
	},
	{
		name: "rework", roles: managers, title: "act.rework_title", ask: "act.rework_ask",
		confirm: "act.rework_confirm", send: rework, done: "act.rework_done",
	},
	{
		name: "return", roles: []api.Role{api.RoleApplicant}, title: "act.return_title", ask: "act.return_ask",
		photos:  "act.return_photos",
		confirm: "act.return_confirm", send: giveBack, done: "act.return_done",
	},
	{
		name: "accept", roles: managers, title: "act.accept_title", ask: "act.accept_ask", atLeast: reviewMin,
		confirm: "act.accept_confirm", send: accept, done: "act.accept_done",
	},
}

// Acts are the forms of actions that need words: one for each, so that drafts
// and figures tell them apart.
func Acts() []flow.Form {
	var all []flow.Form
	for _, a := range acts {
		all = append(all, a.form())
	}
	return all
}

func (a act) form() flow.Form {
	text := wordsStep(a.ask, "act.hint_text", max(a.atLeast, 1), a.presets...)
	if a.asked {
		text.Ask = withQuestion(text.Ask)
	}
	if a.pictured {
		text = pictured(text)
	}
	steps, last := []flow.Step{text}, confirm(a.confirm, "act.send")
	if a.pictured {
		last = proofConfirm(a.confirm, "act.send")
	}
	if a.photos != "" {
		steps, last = []flow.Step{illustrated(text), proofStep(a.photos)}, proofConfirm(a.confirm, "act.send")
	}
	return flow.Form{Name: a.name, Title: a.title, Roles: a.roles, Steps: append(steps, last), Finish: a.finish}
}

// finish does the action. A key that was used before means that it was done
// already, with words that were changed since.
func (a act) finish(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	var files []uuid.UUID
	failed := 0
	var err error
	switch {
	case a.photos != "":
		files, failed, err = proof(ctx, t, d)
	case a.pictured:
		failed, err = pictures(ctx, t, d)
	}
	if err != nil {
		return err
	}
	key := "act-" + d.Nonce
	request, problem, err := a.send(ctx, t, d, &key, files)
	if err != nil {
		return err
	}
	if request == nil {
		if err := company.Refused(problem); !company.Is(err, "key_reused") {
			return over(t, d, err)
		}
	}
	finished(t, d, a.done, failed)
	return nil
}

// withQuestion puts what was asked above the question to answer it.
func withQuestion(ask func(context.Context, *talk.Turn, *flow.Data) (talk.Screen, error)) func(context.Context, *talk.Turn, *flow.Data) (talk.Screen, error) {
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
		screen, err := ask(ctx, t, d)
		if err != nil {
			return screen, err
		}
		question, err := lastQuestion(ctx, t, d.Request)
		if question != "" {
			screen.Text = t.Book.Text("act.asked", words.Args{"Text": flow.Quote(question)}) + "\n\n" + screen.Text
		}
		return screen, err
	}
}

// historyMax is how many changes of a request one call gives at most. A
// question further back than that is not shown, and can still be answered.
const historyMax = 200

// lastQuestion is what a resident was asked last, "" if it cannot be found.
func lastQuestion(ctx context.Context, t *talk.Turn, number string) (string, error) {
	limit := historyMax
	r, err := t.API.GetHistoryWithResponse(ctx, number, &api.GetHistoryParams{Limit: &limit})
	if err != nil || r.JSON200 == nil {
		return "", err
	}
	for _, change := range slices.Backward(r.JSON200.Items) {
		if change.Action == "clarify" {
			return value(change.Reason), nil
		}
	}
	return "", nil
}
