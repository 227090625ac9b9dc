// Package files is photos and documents of repair requests: taken in, listed,
// given out, removed.
//
// It promises that a stored file is what its type says, that a picture has lost
// what it said about place, camera and author without a pixel changed, and that
// only those who may see the request get the bytes. It never trusts the name or
// the type that the sender gives, and never decodes a picture: one that unpacks
// to gigabytes costs nothing here.
package files

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/requests"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/sql/db"
)

// Limits. Beyond bytesMax the answer is 413, beyond perRequest 409.
const (
	bytesMax   = 20 << 20
	perRequest = 10
)

// Deps is what the operations stand on.
type Deps struct {
	Store unit.Store
	Conn  *nats.Conn // of the object store
	Log   zerolog.Logger
}

// Handlers is the operations.
type Handlers struct {
	store   unit.Store
	objects objects
	log     zerolog.Logger
}

// New makes the operations.
func New(deps Deps) *Handlers {
	return &Handlers{store: deps.Store, objects: objects{deps.Conn}, log: deps.Log}
}

// ListFiles lists a request's files.
func (h *Handlers) ListFiles(ctx context.Context, r api.ListFilesRequestObject) (api.ListFilesResponseObject, error) {
	q, caller := h.store.Read(ctx), access.From(ctx)
	request, err := requests.Find(ctx, q, caller, r.Ref)
	if err != nil {
		return nil, err
	}
	rows, err := q.RequestFiles(ctx, caller.Tenant, request.ID)
	if err != nil {
		return nil, fmt.Errorf("files of request %s: %w", request.ID, err)
	}
	items, err := render(ctx, q, caller.Tenant, rows)
	if err != nil {
		return nil, err
	}
	return api.ListFiles200JSONResponse{Items: items}, nil
}

// render makes the API's files of rows.
func render(ctx context.Context, q *db.Queries, tenant string, rows []db.RequestFile) ([]api.File, error) {
	names, err := senders(ctx, q, tenant, rows)
	if err != nil {
		return nil, err
	}
	items := make([]api.File, 0, len(rows))
	for _, row := range rows {
		file := api.File{
			Id: row.ID, Name: row.Name, MediaType: row.MediaType, Bytes: row.Bytes, Sha256: hex.EncodeToString(row.Sha256),
			Photo: row.Photo, UploadedBy: api.PersonRef{Id: row.UploadedBy, Name: names[row.UploadedBy]}, CreatedAt: row.CreatedAt,
		}
		if row.UsedFor != nil {
			file.UsedFor = new(api.FileUsedFor(*row.UsedFor))
		}
		items = append(items, file)
	}
	return items, nil
}

// senders is the names of who sent files: people, or API keys, which are names already.
func senders(ctx context.Context, q *db.Queries, tenant string, rows []db.RequestFile) (map[string]string, error) {
	names, people := map[string]string{}, []uuid.UUID{}
	for _, row := range rows {
		names[row.UploadedBy] = row.UploadedBy
		if id, err := uuid.Parse(row.UploadedBy); err == nil {
			people = append(people, id)
		}
	}
	found, err := q.RequestNames(ctx, db.RequestNamesParams{TenantID: tenant, Users: people, Buildings: []uuid.UUID{}, Apartments: []uuid.UUID{}})
	if err != nil {
		return nil, fmt.Errorf("who sent files: %w", err)
	}
	for _, person := range found {
		names[person.ID.String()] = person.Name
	}
	return names, nil
}
