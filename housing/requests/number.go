package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"ukbot/housing/company"
	"ukbot/sql/db"
)

// number is the next of the company's day: YYMMDD-NNN, wider past 999. Its
// counter stays locked until the unit commits or takes the number back, so
// that none is lost; everything slow comes before.
func number(ctx context.Context, q *db.Queries, c company.Company, now time.Time) (string, error) {
	local := now.In(c.Zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	last, err := q.NextRequestNumber(ctx, c.Tenant, pgtype.Date{Time: day, Valid: true})
	if err != nil {
		return "", fmt.Errorf("number of %s: %w", day.Format(time.DateOnly), err)
	}
	return fmt.Sprintf("%s-%03d", day.Format("060102"), last), nil
}
