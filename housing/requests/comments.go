package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/rest"
	"ukbot/sql/db"
)

// Who hears a comment.
const (
	public   = "public"
	internal = "internal" // staff
)

// ListComments shows a page of what was said.
func (h *Handlers) ListComments(ctx context.Context, r api.ListCommentsRequestObject) (api.ListCommentsResponseObject, error) {
	q := h.store.Read(ctx)
	v, err := h.viewer(ctx, q)
	if err != nil {
		return nil, err
	}
	row, err := v.find(ctx, q, r.Ref)
	if err != nil {
		return nil, err
	}
	var after commentKey
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	limit := rest.Limit(r.Params.Limit)
	rows, err := q.RequestComments(ctx, db.RequestCommentsParams{
		TenantID: v.Tenant, RequestID: row.ID, AfterAt: after.At, AfterID: after.ID, Inside: v.inside(row), Max: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("comments of request %s: %w", row.Number, err)
	}
	rows, next := rest.Page(rows, limit, func(c db.RequestCommentsRow) any { return commentKey{c.CreatedAt, c.ID} })
	items, err := v.comments(ctx, q, rows)
	if err != nil {
		return nil, err
	}
	return api.ListComments200JSONResponse{Items: items, NextCursor: next}, nil
}

// commentKey is where a page of comments begins.
type commentKey struct {
	At time.Time
	ID uuid.UUID
}

// comments is rows with the names of their authors.
func (v viewer) comments(ctx context.Context, q *db.Queries, rows []db.RequestCommentsRow) ([]api.RequestComment, error) {
	authors := make([]string, 0, len(rows))
	for _, row := range rows {
		authors = append(authors, row.AuthorID)
	}
	known, err := v.people(ctx, q, authors)
	if err != nil {
		return nil, err
	}
	items := make([]api.RequestComment, 0, len(rows))
	for _, row := range rows {
		items = append(items, api.RequestComment{
			Id: row.ID, Author: known.author(row.AuthorID), Role: row.AuthorRole,
			Visibility: api.CommentVisibility(row.Visibility), Body: row.Body, CreatedAt: row.CreatedAt.UTC(),
		})
	}
	return items, nil
}

// people is the names of those who are kept as text.
func (v viewer) people(ctx context.Context, q *db.Queries, kept []string, more ...uuid.UUID) (names, error) {
	for _, text := range kept {
		if id, err := uuid.Parse(text); err == nil {
			more = append(more, id)
		}
	}
	return callNames(ctx, q, db.RequestNamesParams{TenantID: v.Tenant, Users: more})
}

// AddComment says something about a request.
func (h *Handlers) AddComment(ctx context.Context, r api.AddCommentRequestObject) (api.AddCommentResponseObject, error) {
	var shown []api.RequestComment
	var version int64
	err := h.do(ctx, func(w work) error {
		row, err := w.lock(ctx, w.Queries, r.Ref)
		if err != nil {
			return err
		}
		comment, err := w.comment(ctx, &row, *r.Body)
		if err != nil {
			return err
		}
		version = row.Version
		shown, err = w.comments(ctx, w.Queries, []db.RequestCommentsRow{comment})
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.AddComment201JSONResponse{Body: shown[0], Headers: api.AddComment201ResponseHeaders{ETag: rest.ETag(version)}}, nil
}

// comment stores what is said as one more change of the request.
func (w work) comment(ctx context.Context, row *db.Request, body api.RequestCommentNew) (db.RequestCommentsRow, error) {
	c := db.RequestCommentsRow{AuthorID: w.Caller.ID(), AuthorRole: w.RoleName(), Visibility: public}
	inside := body.Visibility != nil && *body.Visibility == internal
	// Who may see the request may speak; an internal word is for those who hear it.
	if err := w.Require(access.RequestsComment, true); err != nil {
		return c, err
	}
	if inside && !w.inside(*row) {
		return c, errNotYours()
	}
	entry := Entry{Actor: By(w.Caller), Action: ActionComment, Event: events.RequestCommented}
	if inside {
		c.Visibility, entry.Action, entry.Internal = internal, ActionNote, true
	}
	var err error
	if c.Body, err = said("/body", body.Body); err != nil {
		return c, err
	}
	if c.ID, err = uuid.NewV7(); err != nil {
		return c, fmt.Errorf("id of a comment: %w", err)
	}
	if !inside {
		entry.Text = c.Body
	}
	if err := Change(ctx, w.Work, row, entry); err != nil {
		return c, err
	}
	c.CreatedAt = row.UpdatedAt
	err = w.InsertRequestComment(ctx, db.InsertRequestCommentParams{
		TenantID: w.Tenant, ID: c.ID, RequestID: row.ID, AuthorID: c.AuthorID, AuthorRole: c.AuthorRole,
		Visibility: c.Visibility, Body: c.Body, CreatedAt: c.CreatedAt,
	})
	if err != nil {
		return c, fmt.Errorf("comment on request %s: %w", row.Number, err)
	}
	return c, nil
}
