package requests

import (
	"context"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/sla"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// GetRequest shows a request.
func (h *Handlers) GetRequest(ctx context.Context, r api.GetRequestRequestObject) (api.GetRequestResponseObject, error) {
	q := h.store.Read(ctx)
	v, err := h.viewer(ctx, q)
	if err != nil {
		return nil, err
	}
	row, err := v.find(ctx, q, r.Ref)
	if err != nil {
		return nil, err
	}
	shown, err := v.render(ctx, q, row)
	if err != nil {
		return nil, err
	}
	return api.GetRequest200JSONResponse{Body: shown[0], Headers: api.GetRequest200ResponseHeaders{ETag: rest.ETag(row.Version)}}, nil
}

// UpdateRequest corrects category, urgency or description.
func (h *Handlers) UpdateRequest(ctx context.Context, r api.UpdateRequestRequestObject) (api.UpdateRequestResponseObject, error) {
	var shown []api.Request
	err := h.do(ctx, func(w work) error {
		row, err := w.lock(ctx, w.Queries, r.Ref)
		if err != nil {
			return err
		}
		if err := w.edit(ctx, &row, r.Params.IfMatch, *r.Body); err != nil {
			return err
		}
		shown, err = w.render(ctx, w.Queries, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateRequest200JSONResponse{Body: shown[0], Headers: api.UpdateRequest200ResponseHeaders{ETag: rest.ETag(shown[0].Version)}}, nil
}

// edit changes what may be corrected; what is the same as before is no change.
func (w work) edit(ctx context.Context, row *db.Request, ifMatch *string, body api.RequestChange) error {
	if err := w.Require(access.RequestsEdit, w.owns(*row)); err != nil {
		return err
	}
	if err := rest.MustMatch(ifMatch, row.Version); err != nil {
		return err
	}
	if err := w.editable(*row); err != nil {
		return err
	}
	edited := *row
	if body.Category != nil {
		edited.Category = string(*body.Category)
	}
	if body.Urgency != nil {
		edited.Urgency = string(*body.Urgency)
	}
	if body.Description != nil {
		var err error
		if edited.Description, err = said("/description", *body.Description); err != nil {
			return err
		}
	}
	if len(difference(*row, edited)) == 0 {
		return nil
	}
	return Change(ctx, w.Work, row, Entry{
		Actor: By(w.Caller), Action: ActionEdit, Event: events.RequestEdited,
		Set: func(r *db.Request) {
			if edited.Urgency != r.Urgency {
				sla.Replan(r, w.company.Settings.Deadlines[edited.Urgency], w.Now)
			}
			r.Category, r.Urgency, r.Description = edited.Category, edited.Urgency, edited.Description
		},
	})
}

// editable says until when a request can be corrected: residents while nobody
// works on it, managers until it is closed.
func (w work) editable(row db.Request) error {
	group := workflow.Of(workflow.Status(row.Status)).Group
	if group == workflow.Open || group != workflow.Closed && w.May(access.RequestsEdit) == access.Any {
		return nil
	}
	return problem.New(problem.Conflict, "a request that is "+row.Status+" can no longer be corrected")
}
