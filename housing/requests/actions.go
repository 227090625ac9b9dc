package requests

import (
	"context"

	"ukbot/api"
	"ukbot/housing/workflow"
)

// AssignRequest gives it to an executor.
func (h *Handlers) AssignRequest(ctx context.Context, r api.AssignRequestRequestObject) (api.AssignRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Assign, given{executor: &r.Body.ExecutorId, reason: r.Body.Reason})
	if err != nil {
		return nil, err
	}
	return api.AssignRequest200JSONResponse{Body: body, Headers: api.AssignRequest200ResponseHeaders{ETag: tag}}, nil
}

// TakeRequest gives it to the executor who asks first.
func (h *Handlers) TakeRequest(ctx context.Context, r api.TakeRequestRequestObject) (api.TakeRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Take, given{})
	if err != nil {
		return nil, err
	}
	return api.TakeRequest200JSONResponse{Body: body, Headers: api.TakeRequest200ResponseHeaders{ETag: tag}}, nil
}

// PurchaseRequest waits for materials.
func (h *Handlers) PurchaseRequest(ctx context.Context, r api.PurchaseRequestRequestObject) (api.PurchaseRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Buy, given{comment: &r.Body.Comment})
	if err != nil {
		return nil, err
	}
	return api.PurchaseRequest200JSONResponse{Body: body, Headers: api.PurchaseRequest200ResponseHeaders{ETag: tag}}, nil
}

// ClarifyRequest asks the resident.
func (h *Handlers) ClarifyRequest(ctx context.Context, r api.ClarifyRequestRequestObject) (api.ClarifyRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Clarify, given{comment: &r.Body.Comment})
	if err != nil {
		return nil, err
	}
	return api.ClarifyRequest200JSONResponse{Body: body, Headers: api.ClarifyRequest200ResponseHeaders{ETag: tag}}, nil
}

// ResumeRequest goes on working.
func (h *Handlers) ResumeRequest(ctx context.Context, r api.ResumeRequestRequestObject) (api.ResumeRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Resume, given{})
	if err != nil {
		return nil, err
	}
	return api.ResumeRequest200JSONResponse{Body: body, Headers: api.ResumeRequest200ResponseHeaders{ETag: tag}}, nil
}

// AnswerRequest answers what was asked.
func (h *Handlers) AnswerRequest(ctx context.Context, r api.AnswerRequestRequestObject) (api.AnswerRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Answer, given{comment: &r.Body.Comment})
	if err != nil {
		return nil, err
	}
	return api.AnswerRequest200JSONResponse{Body: body, Headers: api.AnswerRequest200ResponseHeaders{ETag: tag}}, nil
}

// CompleteRequest reports it done.
func (h *Handlers) CompleteRequest(ctx context.Context, r api.CompleteRequestRequestObject) (api.CompleteRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Done, given{comment: &r.Body.Comment, files: r.Body.Files})
	if err != nil {
		return nil, err
	}
	return api.CompleteRequest200JSONResponse{Body: body, Headers: api.CompleteRequest200ResponseHeaders{ETag: tag}}, nil
}

// ConfirmRequest is a manager's word that it is done.
func (h *Handlers) ConfirmRequest(ctx context.Context, r api.ConfirmRequestRequestObject) (api.ConfirmRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Confirm, given{})
	if err != nil {
		return nil, err
	}
	return api.ConfirmRequest200JSONResponse{Body: body, Headers: api.ConfirmRequest200ResponseHeaders{ETag: tag}}, nil
}

// ReworkRequest sends it back to the executor.
func (h *Handlers) ReworkRequest(ctx context.Context, r api.ReworkRequestRequestObject) (api.ReworkRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Rework, given{reason: &r.Body.Reason})
	if err != nil {
		return nil, err
	}
	return api.ReworkRequest200JSONResponse{Body: body, Headers: api.ReworkRequest200ResponseHeaders{ETag: tag}}, nil
}

// AcceptRequest is the resident's word that it is done, or a manager's in their place.
func (h *Handlers) AcceptRequest(ctx context.Context, r api.AcceptRequestRequestObject) (api.AcceptRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Accept, given{stars: r.Body.Stars, comment: r.Body.Comment})
	if err != nil {
		return nil, err
	}
	return api.AcceptRequest200JSONResponse{Body: body, Headers: api.AcceptRequest200ResponseHeaders{ETag: tag}}, nil
}

// ReturnRequest is the resident's word that it is not.
func (h *Handlers) ReturnRequest(ctx context.Context, r api.ReturnRequestRequestObject) (api.ReturnRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Return, given{reason: &r.Body.Reason, files: r.Body.Files})
	if err != nil {
		return nil, err
	}
	return api.ReturnRequest200JSONResponse{Body: body, Headers: api.ReturnRequest200ResponseHeaders{ETag: tag}}, nil
}

// CancelRequest withdraws it while it is new.
func (h *Handlers) CancelRequest(ctx context.Context, r api.CancelRequestRequestObject) (api.CancelRequestResponseObject, error) {
	body, tag, err := h.act(ctx, r.Ref, r.Params.IfMatch, workflow.Cancel, given{reason: &r.Body.Reason})
	if err != nil {
		return nil, err
	}
	return api.CancelRequest200JSONResponse{Body: body, Headers: api.CancelRequest200ResponseHeaders{ETag: tag}}, nil
}
