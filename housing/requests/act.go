package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// given is what came with an action.
type given struct {
	reason   *string
	comment  *string
	executor *uuid.UUID
	stars    *int
	files    []uuid.UUID
}

// act does one action of the workflow's table: all of them go this way.
func (h *Handlers) act(ctx context.Context, ref string, ifMatch *string, action workflow.Action, g given) (api.Request, string, error) {
	var shown []api.Request
	err := h.do(ctx, func(w work) error {
		row, err := w.perform(ctx, ref, ifMatch, action, g)
		if err != nil {
			return err
		}
		shown, err = w.render(ctx, w.Queries, row)
		return err
	})
	if err != nil {
		return api.Request{}, "", err
	}
	return shown[0], rest.ETag(shown[0].Version), nil
}

// perform checks in this order: is it there, is it theirs, has nobody changed
// it, does the table allow it, do its conditions hold, is everything given.
func (w work) perform(ctx context.Context, ref string, ifMatch *string, action workflow.Action, g given) (db.Request, error) {
	row, err := lock(ctx, w.Queries, w.Tenant, ref)
	if err != nil {
		return row, err
	}
	if action == workflow.Take && w.skilled(row) {
		err = w.taken(ctx, row)
	} else if !w.sees(row) {
		err = errNotYours()
	}
	if err != nil {
		return row, err
	}
	if err := rest.Match(ifMatch, row.Version); err != nil {
		return row, err
	}
	rule, err := w.allowed(row, action)
	if err != nil {
		return row, err
	}
	if err := w.complete(ctx, row, rule, &g); err != nil {
		return row, err
	}
	return row, Change(ctx, w.Work, &row, w.entry(rule, g))
}

// taken says who was faster, if somebody was.
func (w work) taken(ctx context.Context, row db.Request) error {
	if row.ExecutorID == nil {
		return nil
	}
	person, err := w.RequestPerson(ctx, w.Tenant, *row.ExecutorID)
	if err != nil {
		return fmt.Errorf("executor %s: %w", row.ExecutorID, err)
	}
	return &problem.Problem{
		Code: problem.AlreadyTaken, Detail: "somebody has taken this request already",
		By: &problem.Person{ID: row.ExecutorID.String(), Name: person.Name},
	}
}

// allowed is the table's row by which the caller may act.
func (w work) allowed(row db.Request, action workflow.Action) (workflow.Row, error) {
	if !w.may(row, workflow.Permissions[action]) {
		return workflow.Row{}, problem.New(problem.Forbidden, "you may not do this with this request")
	}
	rule, err := workflow.Find(workflow.Status(row.Status), action, w.role(), w.owns(row))
	switch {
	case errors.Is(err, workflow.ErrStatus):
		return rule, problem.New(problem.Conflict, "this cannot be done with a request that is "+row.Status)
	case err != nil:
		return rule, problem.New(problem.Forbidden, "you may not do this with this request")
	}
	for _, condition := range rule.If {
		if !w.meets(row, condition) {
			return rule, w.unmet(row, condition)
		}
	}
	return rule, nil
}

// unmet is the refusal when a condition does not hold.
func (w work) unmet(row db.Request, condition workflow.Condition) error {
	switch condition {
	case workflow.OnShift:
		return problem.New(problem.OffShift, "open your shift first")
	case workflow.Waited:
		return problem.New(problem.Conflict, "the resident may still answer, until "+w.waitedBy(row).UTC().Format(time.RFC3339))
	}
	return problem.New(problem.Forbidden, "this request is not of your specialisations")
}

// complete checks what was given against what the table wants. Photos are used
// up by it.
func (w work) complete(ctx context.Context, row db.Request, rule workflow.Row, g *given) error {
	for _, need := range []struct {
		need    workflow.Need
		pointer string
		text    *string
	}{
		{workflow.Reason, "/reason", g.reason},
		{workflow.Comment, "/comment", g.comment},
		{workflow.LongComment, "/comment", g.comment},
	} {
		if err := needText(rule, need.need, need.pointer, need.text); err != nil {
			return err
		}
	}
	if rule.Wants(workflow.Stars) != (g.stars != nil) {
		return problem.InvalidField("/stars", "the resident gives 1 to 5 stars, and nobody else")
	}
	if rule.Wants(workflow.Executor) {
		if err := w.suits(ctx, row, g.executor); err != nil {
			return err
		}
	}
	if rule.Wants(workflow.Photo) {
		return w.usePhotos(ctx, row, rule.Action, g.files)
	}
	return nil
}

// needText checks one text that a rule may want.
func needText(rule workflow.Row, need workflow.Need, pointer string, text *string) error {
	if !rule.Wants(need) {
		return nil
	}
	if text == nil {
		return problem.InvalidField(pointer, "is needed here")
	}
	clean, err := said(pointer, *text)
	if err != nil {
		return err
	}
	if need == workflow.LongComment && utf8.RuneCountInString(clean) < workflow.LongCommentMin {
		return problem.InvalidField(pointer, fmt.Sprintf("say why, in %d characters or more", workflow.LongCommentMin))
	}
	return nil
}

// suits refuses an executor who cannot have the request.
func (w work) suits(ctx context.Context, row db.Request, executor *uuid.UUID) error {
	const pointer = "/executor_id"
	if executor == nil {
		return problem.InvalidField(pointer, "is needed here")
	}
	person, err := w.RequestPerson(ctx, w.Tenant, *executor)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return problem.InvalidField(pointer, "there is no such person")
	case err != nil:
		return fmt.Errorf("executor %s: %w", executor, err)
	case !slices.Contains(person.Roles, string(access.Executor)):
		return problem.InvalidField(pointer, "this person is no executor")
	case person.Status != "approved":
		return problem.InvalidField(pointer, "this person is "+person.Status)
	case row.Status == string(workflow.InProgress) && same(row.ExecutorID, executor):
		return problem.InvalidField(pointer, "this person has the request already")
	}
	return nil
}

// usePhotos takes photos of the request as given with an action, each once.
func (w work) usePhotos(ctx context.Context, row db.Request, action workflow.Action, files []uuid.UUID) error {
	slices.SortFunc(files, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	files = slices.Compact(files)
	used, err := w.UseRequestPhotos(ctx, db.UseRequestPhotosParams{TenantID: w.Tenant, RequestID: row.ID, Ids: files, UsedFor: string(action)})
	if err != nil {
		return fmt.Errorf("photos of request %s: %w", row.Number, err)
	}
	if len(files) == 0 || len(used) != len(files) {
		return problem.InvalidField("/files", "each must be a photo that was added to this request and not used before")
	}
	return nil
}

// entry is the change that a rule makes of what was given.
func (w work) entry(rule workflow.Row, g given) Entry {
	e := Entry{Actor: By(w.Caller), Action: string(rule.Action), Event: rule.Event, Inside: rule.Inside}
	for _, text := range []*string{g.reason, g.comment} {
		if text != nil {
			e.Reason, _ = said("", *text) // blank where none is wanted: then there is none
		}
	}
	e.Set = func(r *db.Request) {
		r.Status = string(rule.To)
		switch rule.Action {
		case workflow.Assign:
			r.ExecutorID = g.executor
		case workflow.Take:
			r.ExecutorID = &w.User
		case workflow.Accept:
			if g.stars != nil {
				stars := int16(*g.stars)
				r.Stars = &stars
			}
			if e.Reason != "" {
				r.Review = &e.Reason
			}
		default: // only the status
		}
	}
	return e
}
