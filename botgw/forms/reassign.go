package forms

import (
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

// Reassign gives a request to an executor: a new one, or one that somebody has,
// and then it wants a reason.
func Reassign() flow.Form {
	return flow.Form{
		Name: "reassign", Title: "reassign.title", Roles: managers,
		Start: startReassign,
		Steps: []flow.Step{
			{Name: "executor", Hint: "flow.hint_choose", Ask: askExecutor, Pick: pickExecutor},
			withdrawal(),
			confirm("reassign.ask_confirm", "reassign.send"),
		},
		Finish: reassign,
	}
}

// startReassign finds out what the request is and who has it.
func startReassign(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	r, err := t.API.GetRequestWithResponse(ctx, d.Request)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return gone(company.Refused(r.ApplicationproblemJSONDefault))
	}
	d.Category = string(r.JSON200.Category)
	if r.JSON200.Executor != nil {
		d.Holder = r.JSON200.Executor.Id
	}
	return nil
}

// withdrawal asks why the request goes to somebody else.
func withdrawal() flow.Step {
	step := wordsStep("reassign.ask_reason", "reassign.hint_reason", 1, "reassign.ill", "reassign.busy", "reassign.trade")
	step.Name = "reason"
	step.When = func(_ *talk.Turn, d *flow.Data) bool { return d.Holder != "" }
	return step
}

func reassign(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	executor, err := uuid.Parse(d.Executor)
	if err != nil {
		return flow.Complaint{Key: "reassign.unfit"}
	}
	body := api.RequestAssignment{ExecutorId: executor}
	if d.Holder != "" {
		body.Reason = &d.Text
	}
	key := "assign-" + d.Nonce
	r, err := t.API.AssignRequestWithResponse(ctx, d.Request, &api.AssignRequestParams{IdempotencyKey: &key}, body)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		switch err := company.Refused(r.ApplicationproblemJSONDefault); {
		case company.Is(err, "invalid"): // blocked, no executor any more, or has it already
			return flow.Complaint{Key: "reassign.unfit"}
		case !company.Is(err, "key_reused"): // done already, with another choice since
			return over(t, d, err)
		}
	}
	finished(t, d, "reassign.done", 0)
	return nil
}
