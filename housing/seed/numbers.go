package seed

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"ukbot/housing/company"
	"ukbot/sql/db"
)

// numbering gives requests, which come in the order they were made, the numbers
// of their days.
type numbering struct {
	company company.Company
	days    []db.SeedNumbersParams // with the last number of each
}

// next numbers a request.
func (n *numbering) next(s *story) {
	year, month, date := s.r.CreatedAt.In(n.company.Zone).Date()
	day := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	if len(n.days) == 0 || !n.days[len(n.days)-1].Day.Time.Equal(day) {
		n.days = append(n.days, db.SeedNumbersParams{TenantID: n.company.Tenant, Day: pgtype.Date{Time: day, Valid: true}})
	}
	last := &n.days[len(n.days)-1].Last
	*last++
	s.r.Number = fmt.Sprintf("%s-%03d", day.Format("060102"), *last)
}
