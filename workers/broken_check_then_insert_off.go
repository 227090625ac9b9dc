//go:build !broken_check_then_insert

package workers

import (
	"context"

	"ukbot/sql/db"
)

// claimKeys takes idempotency keys in one statement: of any number of workers
// that see the same event at once, the unique key lets one through.
func claimKeys(ctx context.Context, q *db.Queries, p db.ClaimWebhooksParams) ([]int64, error) {
	return q.ClaimWebhooks(ctx, p)
}
