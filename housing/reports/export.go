package reports

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"time"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/company"
)

// Types of exports.
const (
	csvType  = "text/csv; charset=utf-8"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// separators stand between the cells of a CSV.
var separators = map[api.ExportRequestsParamsSeparator]rune{api.Comma: ',', api.Semicolon: ';', api.Tab: '\t'}

// ExportRequests makes a table of what a filter finds.
func (h *Handlers) ExportRequests(ctx context.Context, r api.ExportRequestsRequestObject) (api.ExportRequestsResponseObject, error) {
	q, caller, now := h.store.Read(ctx), access.From(ctx), h.store.Now()
	if err := caller.Require(access.ReportsExport, false); err != nil {
		return nil, err
	}
	f := ofExport(r.Params)
	searches, err := f.searches(ctx, q, caller, now)
	if err != nil {
		return nil, err
	}
	c, err := company.Load(ctx, q, caller.Tenant)
	if err != nil {
		return nil, err
	}
	t := table{h: h, company: c, searches: searches, now: now, most: xlsxMax, between: separators[or(r.Params.Separator, api.Comma)]}
	if or(r.Params.Format, api.Csv) == api.Xlsx {
		book, err := t.workbook(ctx)
		if err != nil {
			return nil, err
		}
		answer := newStream(ctx, h.log, xlsxType, fileName(f, c, now)+".xlsx", func(_ context.Context, to io.Writer) error { return send(book, to) })
		answer.abandon = func() { _ = book.Close() }
		return answer, nil
	}
	return newStream(ctx, h.log, csvType, fileName(f, c, now)+".csv", t.csv), nil
}

// fileName says of which days the requests are, or of which day the table is.
func fileName(f filter, c company.Company, now time.Time) string {
	day := func(t time.Time) string { return t.In(c.Zone).Format(time.DateOnly) }
	switch {
	case f.from == nil && f.to == nil:
		return "requests-" + day(now)
	case f.from == nil:
		return "requests-until-" + day(f.to.Add(-time.Nanosecond))
	}
	return "requests-" + day(*f.from) + "-" + day(or(f.to, now).Add(-time.Nanosecond))
}

// cellTime is a time in a CSV, as spreadsheets understand it everywhere.
const cellTime = "2006-01-02 15:04"

// csv writes the table for spreadsheets: with the mark by which Excel knows
// UTF-8, and no cell that it would take for a formula.
func (t table) csv(ctx context.Context, to io.Writer) error {
	if _, err := io.WriteString(to, "\ufeff"); err != nil {
		return err
	}
	w := csv.NewWriter(to)
	w.UseCRLF, w.Comma = true, t.between
	record := make([]string, len(columns))
	write := func(cells []any) error {
		for i, cell := range cells {
			record[i] = text(cell)
		}
		return w.Write(record)
	}
	if err := write(t.headings()); err != nil {
		return err
	}
	if err := t.each(ctx, write); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// text is a cell of a CSV.
func text(cell any) string {
	switch cell := cell.(type) {
	case nil:
		return ""
	case time.Time:
		return cell.Format(cellTime)
	case string:
		return harmless(cell)
	}
	return fmt.Sprint(cell)
}

// phone is a number that begins with + and calculates nothing.
var phone = regexp.MustCompile(`^\+[0-9]+$`)

// harmless puts an apostrophe in front of what a spreadsheet would calculate
// (OWASP, CSV injection).
func harmless(cell string) string {
	if cell == "" || phone.MatchString(cell) {
		return cell
	}
	switch cell[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return "'" + cell
	}
	return cell
}
