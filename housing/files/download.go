package files

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

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
	// Sending goes on after this returns, and longer than a request may take.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	body, err := h.objects.get(ctx, row.TenantID, row.ID)
	if err != nil {
		cancel()
		return nil, err
	}
	answer.body = &sending{ReadCloser: body, cancel: cancel}
	return answer, nil
}

// Times of sending. The server gives a whole answer 30 seconds to be written,
// too few for 20 MB over a phone's connection: here each piece has them anew.
const (
	pieceTimeout = 30 * time.Second
	sendLimit    = 15 * time.Minute
)

// sending is a body whose reader may be slow, but not dead.
type sending struct {
	io.ReadCloser
	conn   net.Conn
	cancel context.CancelFunc
}

// Read gives the next piece.
func (s *sending) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if s.conn != nil {
		_ = s.conn.SetWriteDeadline(time.Now().Add(pieceTimeout)) // a dead connection says so at the write
	}
	return n, err
}

// Close ends the reading.
func (s *sending) Close() error {
	s.cancel()
	return s.ReadCloser.Close()
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
	body *sending // nil: the client has it already
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
	d.body.conn = c.Context().Conn()
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
