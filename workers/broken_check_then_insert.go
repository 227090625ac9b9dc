//go:build broken_check_then_insert

package workers

import (
	"context"

	"ukbot/sql/db"
)

// claimKeys looks first and inserts then: what comes twice at once is new
// twice. The tests must notice.
func claimKeys(ctx context.Context, q *db.Queries, p db.ClaimWebhooksParams) ([]int64, error) {
	known, err := q.KnownWebhooks(ctx, db.KnownWebhooksParams{TenantIds: p.TenantIds, Sources: p.Sources, EventIds: p.EventIds})
	if err != nil {
		return nil, err
	}
	seen := map[key]bool{}
	for _, row := range known {
		seen[key{row.TenantID, row.Source, row.EventID}] = true
	}
	if _, err := q.ClaimWebhooks(ctx, p); err != nil {
		return nil, err
	}
	var fresh []int64
	for i, sequence := range p.StreamSequences {
		if !seen[key{p.TenantIds[i], p.Sources[i], p.EventIds[i]}] {
			fresh = append(fresh, sequence)
		}
	}
	return fresh, nil
}
