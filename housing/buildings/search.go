package buildings

import (
	"context"
	"strings"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/rest"
	"ukbot/housing/spelling"
	"ukbot/sql/db"
)

// buildingKey is where a page of buildings ended: the score is of searches.
type buildingKey struct {
	Score   float32 `json:"s,omitempty"`
	Address string  `json:"a"`
}

// beforeAll is a score above all others (word_similarity is at most 1).
const beforeAll = 2

// ListBuildings is a page of buildings: by address, or the nearest to a text.
func (h *Handlers) ListBuildings(ctx context.Context, r api.ListBuildingsRequestObject) (api.ListBuildingsResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsView)
	if err != nil {
		return nil, err
	}
	after := buildingKey{Score: beforeAll}
	if err := rest.ReadCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	limit := rest.Limit(r.Params.Limit)
	rows, err := search(ctx, h.store.Read(ctx), r.Params, tenant, after, limit+1)
	if err != nil {
		return nil, err
	}
	rows, next := rest.Page(rows, limit, func(row db.SearchBuildingsRow) any { return buildingKey{row.Score, row.Building.Address} })
	page := api.ListBuildings200JSONResponse{Items: make([]api.Building, 0, len(rows)), NextCursor: next}
	for _, row := range rows {
		page.Items = append(page.Items, present(db.BuildingRow{
			Building: row.Building, Yard: row.Yard, Entrances: row.Entrances, Apartments: row.Apartments,
		}))
	}
	return page, nil
}

// search reads up to size buildings after a key.
func search(ctx context.Context, q *db.Queries, asked api.ListBuildingsParams, tenant string, after buildingKey, size int) ([]db.SearchBuildingsRow, error) {
	text := ""
	if asked.Q != nil {
		text = spelling.Fold(clean(*asked.Q))
	}
	if text != "" {
		return q.SearchBuildings(ctx, db.SearchBuildingsParams{
			TenantID: tenant, YardID: asked.Yard, Q: text, Pattern: "%" + literal.Replace(text) + "%",
			AfterScore: after.Score, After: after.Address, PageSize: int32(size),
		})
	}
	list, err := q.Buildings(ctx, db.BuildingsParams{TenantID: tenant, YardID: asked.Yard, After: after.Address, PageSize: int32(size)})
	rows := make([]db.SearchBuildingsRow, 0, len(list))
	for _, row := range list {
		rows = append(rows, db.SearchBuildingsRow{Building: row.Building, Yard: row.Yard, Entrances: row.Entrances, Apartments: row.Apartments})
	}
	return rows, err
}

// literal makes a text match itself in LIKE.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
