package files

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/requests"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// DownloadFile gives a file's bytes to whoever may see the request.
func (h *Handlers) DownloadFile(ctx context.Context, r api.DownloadFileRequestObject) (api.DownloadFileResponseObject, error) {
	q, caller := h.store.Read(ctx), access.From(ctx)
	request, err := requests.Find(ctx, q, caller, r.Ref)
	if err != nil {
		return nil, err
	}
	row, err := one(ctx, q, request, r.File)
	if err != nil {
		return nil, err
	}
	answer := download{row: row, etag: `"` + hex.EncodeToString(row.Sha256) + `"`}
	if r.Params.IfNoneMatch != nil && matches(*r.Params.IfNoneMatch, answer.etag) {
		return answer, nil
	}
	answer.body, err = h.objects.get(ctx, row.TenantID, row.ID)
	return answer, err
}

func one(ctx context.Context, q *db.Queries, request db.Request, file uuid.UUID) (db.RequestFile, error) {
	row, err := q.RequestFile(ctx, db.RequestFileParams{TenantID: request.TenantID, RequestID: request.ID, ID: file})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, problem.Missing("file")
	}
	if err != nil {
		return row, fmt.Errorf("file %s: %w", file, err)
	}
	return row, nil
}

// matches says whether an If-None-Match names a tag. Weak comparison: RFC 9110, 13.1.2.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag == etag {
			return true
		}
	}
	return false
}

// download is a file on its way out: streamed, as the generated answers are not.
type download struct {
	row  db.RequestFile
	etag string
	body io.ReadCloser // nil: the client has it already
}

// VisitDownloadFileResponse writes the answer. fasthttp closes the body.
func (d download) VisitDownloadFileResponse(c *fiber.Ctx) error {
	c.Set(fiber.HeaderETag, d.etag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache") // may be kept, but not shown before asking again
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if d.body == nil {
		c.Status(fiber.StatusNotModified)
		return nil
	}
	c.Set(fiber.HeaderContentType, d.row.MediaType)
	c.Set(fiber.HeaderContentDisposition, disposition(d.row.Name))
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	c.Status(fiber.StatusOK)
	c.Context().SetBodyStream(d.body, int(d.row.Bytes))
	return nil
}

// DeleteFile removes a file: the row now, the bytes after it is sure.
func (h *Handlers) DeleteFile(ctx context.Context, r api.DeleteFileRequestObject) (api.DeleteFileResponseObject, error) {
	caller := access.From(ctx)
	err := h.store.Do(ctx, func(w *unit.Work) error {
		request, err := requests.Lock(ctx, w.Queries, caller, r.Ref)
		if err != nil {
			return err
		}
		row, err := one(ctx, w.Queries, request, r.File)
		if err != nil {
			return err
		}
		if err := caller.Require(access.FilesDelete, row.UploadedBy == caller.ID()); err != nil {
			return err
		}
		return h.forget(ctx, w, caller, &request, row)
	})
	if err != nil {
		return nil, err
	}
	return api.DeleteFile204Response{}, nil
}

func (h *Handlers) forget(ctx context.Context, w *unit.Work, caller access.Caller, request *db.Request, row db.RequestFile) error {
	removed, err := w.DeleteRequestFile(ctx, db.DeleteRequestFileParams{TenantID: row.TenantID, RequestID: row.RequestID, ID: row.ID})
	switch {
	case err != nil:
		return fmt.Errorf("remove file %s: %w", row.ID, err)
	case removed == 0:
		return problem.New(problem.InUse, "this file was given with a report or an objection: it stays")
	}
	w.After(func(ctx context.Context) {
		if err := h.objects.remove(ctx, objectName(row.TenantID, row.ID)); err != nil {
			h.log.Warn().Err(err).Str("file_id", row.ID.String()).Msg("bytes of a removed file are left for the sweep")
		}
	})
	return requests.Change(ctx, w, request, fileRemoved(caller, row.Name))
}
