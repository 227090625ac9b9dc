package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/requests"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// UploadFile takes a file in: bytes first, then the row. A crash between leaves
// an object without a row, which Run sweeps.
func (h *Handlers) UploadFile(ctx context.Context, r api.UploadFileRequestObject) (api.UploadFileResponseObject, error) {
	q, caller := h.store.Read(ctx), access.From(ctx)
	request, err := requests.Find(ctx, q, caller, r.Ref)
	if err != nil {
		return nil, err
	}
	if err := caller.Require(access.FilesAdd, true); err != nil { // own: they may see it
		return nil, err
	}
	if err := room(ctx, q, request); err != nil { // before 20 MB travel on
		return nil, err
	}
	name, data, err := receive(r.Body)
	if err != nil {
		return nil, err
	}
	kind, data, err := accept(data)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	row := db.RequestFile{
		TenantID: caller.Tenant, ID: uuid.Must(uuid.NewV7()), RequestID: request.ID, Name: clean(name, kind), MediaType: kind.media,
		Bytes: int64(len(data)), Sha256: sum[:], Photo: kind.photo, UploadedBy: caller.ID(),
	}
	if err := h.objects.put(ctx, row.TenantID, row.ID, data); err != nil {
		return nil, err
	}
	if err := h.store.Do(ctx, func(w *unit.Work) error { return record(ctx, w, caller, r.Ref, &row) }); err != nil {
		return nil, err
	}
	items, err := render(ctx, h.store.Read(ctx), caller.Tenant, []db.RequestFile{row})
	if err != nil {
		return nil, err
	}
	return api.UploadFile201JSONResponse(items[0]), nil
}

// record writes the row and the request's history. The request is locked: two
// uploads cannot both be the tenth.
func record(ctx context.Context, w *unit.Work, caller access.Caller, ref string, row *db.RequestFile) error {
	request, err := requests.Lock(ctx, w.Queries, caller, ref)
	if err != nil {
		return err
	}
	if err := room(ctx, w.Queries, request); err != nil {
		return err
	}
	row.CreatedAt = w.Now
	err = w.InsertRequestFile(ctx, db.InsertRequestFileParams{
		TenantID: row.TenantID, ID: row.ID, RequestID: row.RequestID, Name: row.Name, MediaType: row.MediaType, Bytes: row.Bytes,
		Sha256: row.Sha256, Photo: row.Photo, UploadedBy: row.UploadedBy, CreatedAt: row.CreatedAt,
	})
	if err != nil {
		return fmt.Errorf("file of request %s: %w", request.ID, err)
	}
	return requests.Change(ctx, w, &request, fileAdded(caller, row.Name))
}

// room refuses an eleventh file.
func room(ctx context.Context, q *db.Queries, request db.Request) error {
	n, err := q.CountRequestFiles(ctx, request.TenantID, request.ID)
	if err != nil {
		return fmt.Errorf("count files of request %s: %w", request.ID, err)
	}
	if n >= perRequest {
		return problem.New(problem.Conflict, fmt.Sprintf("this request has %d files already: remove one first", n))
	}
	return nil
}

// receive reads the form's one part, "file".
func receive(form *multipart.Reader) (name string, data []byte, err error) {
	part, err := form.NextRawPart()
	if err != nil {
		return "", nil, notAForm(err)
	}
	if part.FormName() != "file" {
		return "", nil, problem.InvalidField("/file", "is missing: the form's first field must be the file, under the name file")
	}
	data, err = io.ReadAll(io.LimitReader(part, bytesMax+1))
	switch {
	case err != nil:
		return "", nil, notAForm(err)
	case len(data) > bytesMax:
		return "", nil, problem.New(problem.TooLarge, "the file is larger than 20 MB")
	case len(data) == 0:
		return "", nil, problem.InvalidField("/file", "is empty")
	}
	switch _, err := form.NextRawPart(); {
	case err == nil:
		return "", nil, problem.InvalidField("/file", "must be the form's only field: send one file at a time")
	case !errors.Is(err, io.EOF):
		return "", nil, notAForm(err)
	}
	return sentName(part), data, nil
}

// notAForm is the answer to a form that cannot be read to its end.
func notAForm(err error) error {
	return &problem.Problem{Code: problem.Malformed, Detail: "the form is cut short or is no multipart/form-data", Cause: err}
}

// accept tells what a file is, refuses what may not be stored, and removes what
// a picture says about its place.
func accept(data []byte) (kind, []byte, error) {
	k, ok := sniff(data)
	if !ok {
		return k, nil, problem.New(problem.MediaType, "this is none of JPEG, PNG, WebP, PDF, DOC and DOCX, whatever its name says")
	}
	cleaned, err := k.check(data)
	if err != nil {
		return k, nil, &problem.Problem{
			Code: problem.Invalid, Detail: "the file is damaged",
			Errors: []problem.Field{{Pointer: "/file", Detail: "is cut short or not what it seems: " + err.Error()}},
		}
	}
	return k, cleaned, nil
}
