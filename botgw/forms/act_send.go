package forms

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

func purchase(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, _ []uuid.UUID) (*api.Request, *api.Problem, error) {
	r, err := t.API.PurchaseRequestWithResponse(ctx, d.Request, &api.PurchaseRequestParams{IdempotencyKey: key}, api.RequestRemark{Comment: d.Text})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}

func clarify(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, _ []uuid.UUID) (*api.Request, *api.Problem, error) {
	r, err := t.API.ClarifyRequestWithResponse(ctx, d.Request, &api.ClarifyRequestParams{IdempotencyKey: key}, api.RequestRemark{Comment: d.Text})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}

// answer of photos alone says so in words: the housing services want some.
func answer(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, _ []uuid.UUID) (*api.Request, *api.Problem, error) {
	said := cmp.Or(d.Text, t.Book.CountPlain("flow.photos", len(d.Photos)))
	r, err := t.API.AnswerRequestWithResponse(ctx, d.Request, &api.AnswerRequestParams{IdempotencyKey: key}, api.RequestRemark{Comment: said})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}

func rework(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, _ []uuid.UUID) (*api.Request, *api.Problem, error) {
	r, err := t.API.ReworkRequestWithResponse(ctx, d.Request, &api.ReworkRequestParams{IdempotencyKey: key}, api.RequestReason{Reason: d.Text})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}

func giveBack(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, files []uuid.UUID) (*api.Request, *api.Problem, error) {
	r, err := t.API.ReturnRequestWithResponse(ctx, d.Request, &api.ReturnRequestParams{IdempotencyKey: key}, api.RequestObjection{Reason: d.Text, Files: files})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}

// accept is a manager's, in the place of a resident who does not answer.
func accept(ctx context.Context, t *talk.Turn, d *flow.Data, key *string, _ []uuid.UUID) (*api.Request, *api.Problem, error) {
	r, err := t.API.AcceptRequestWithResponse(ctx, d.Request, &api.AcceptRequestParams{IdempotencyKey: key}, api.RequestAcceptance{Comment: &d.Text})
	if err != nil {
		return nil, nil, err
	}
	return r.JSON200, r.ApplicationproblemJSONDefault, nil
}
