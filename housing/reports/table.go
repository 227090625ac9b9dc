package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/company"
	"ukbot/housing/requests"
	"ukbot/sql/db"
)

// exportPage is how many requests are read at once; memory holds no more.
const exportPage = 1000

// table is an export being made.
type table struct {
	h        *Handlers
	company  company.Company
	searches []search
	now      time.Time
	most     int  // requests in a workbook
	between  rune // cells of a CSV
}

// line is a request with what its cells call by name.
type line struct {
	db.Request
	names    map[uuid.UUID]db.RequestNamesRow
	language string
	now      time.Time
}

// column is one of the table. A cell is a string, a number, a time in the
// company's zone, or nil.
type column struct {
	heading word
	width   float64 // in a workbook, in characters
	cell    func(line) any
}

var columns = []column{
	{word{"", "№", "№", "No."}, 12, func(l line) any { return l.Number }},
	{word{"", "Статус", "Holati", "Status"}, 14, func(l line) any { return sayStatus(l.Status, l.language) }},
	{word{"", "Категория", "Toifa", "Category"}, 16, func(l line) any { return say(categories, l.Category, l.language) }},
	{word{"", "Срочность", "Shoshilinchlik", "Urgency"}, 13, func(l line) any { return say(urgencies, l.Urgency, l.language) }},
	{word{"", "Адрес", "Manzil", "Address"}, 32, func(l line) any { return l.Address }},
	{word{"", "Описание", "Tavsif", "Description"}, 60, func(l line) any { return l.Description }},
	{word{"", "Заявитель", "Ariza beruvchi", "Resident"}, 24, func(l line) any { return l.names[l.ApplicantID].Name }},
	{word{"", "Телефон", "Telefon", "Phone"}, 15, func(l line) any { return l.names[l.ApplicantID].Phone }},
	{word{"", "Исполнитель", "Ijrochi", "Executor"}, 24, func(l line) any { return l.executor() }},
	{word{"", "Создана", "Yaratilgan", "Created"}, 16, func(l line) any { return l.CreatedAt }},
	{word{"", "Взята в работу", "Ishga olingan", "Taken"}, 16, func(l line) any { return optional(l.ReactedAt) }},
	{word{"", "Срок", "Muddat", "Due"}, 16, func(l line) any { return l.CompletionDue }},
	{word{"", "Выполнена", "Bajarilgan", "Completed"}, 16, func(l line) any { return optional(l.CompletedAt) }},
	{word{"", "Закрыта", "Yopilgan", "Closed"}, 16, func(l line) any { return optional(l.ClosedAt) }},
	{word{"", "Просрочена", "Muddati oʻtgan", "Overdue"}, 12, func(l line) any { return l.late() }},
	{word{"", "Оценка", "Baho", "Stars"}, 8, func(l line) any { return optional(l.Stars) }},
	{word{"", "Отзыв", "Fikr", "Review"}, 40, func(l line) any { return optional(l.Review) }},
}

func optional[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func (l line) executor() any {
	if l.ExecutorID == nil {
		return nil
	}
	return l.names[*l.ExecutorID].Name
}

func (l line) late() any {
	if !requests.Overdue(l.Request, l.now) {
		return nil
	}
	return yes.in(l.language)
}

// headings is the first line.
func (t table) headings() []any {
	cells := make([]any, len(columns))
	for i, column := range columns {
		cells[i] = column.heading.in(t.company.Language)
	}
	return cells
}

// each gives every request's cells, the newest first.
func (t table) each(ctx context.Context, write func(cells []any) error) error {
	cells := make([]any, len(columns))
	for after := (place{Sort: "newest"}); ; {
		rows, err := t.h.page(ctx, t.searches, after, exportPage)
		if err != nil {
			return err
		}
		names, err := t.names(ctx, rows)
		if err != nil {
			return err
		}
		for _, row := range rows {
			l := line{row, names, t.company.Language, t.now}
			for i, column := range columns {
				cells[i] = t.local(column.cell(l))
			}
			if err := write(cells); err != nil {
				return err
			}
		}
		if len(rows) < exportPage {
			return nil
		}
		after = placeOf(after.Sort, rows[len(rows)-1])
	}
}

// local puts a time into the company's zone.
func (t table) local(cell any) any {
	if at, ok := cell.(time.Time); ok {
		return at.In(t.company.Zone)
	}
	return cell
}

func (t table) names(ctx context.Context, rows []db.Request) (map[uuid.UUID]db.RequestNamesRow, error) {
	ask := db.RequestNamesParams{TenantID: t.company.Tenant}
	for _, row := range rows {
		ask.Users = append(ask.Users, row.ApplicantID)
		if row.ExecutorID != nil {
			ask.Users = append(ask.Users, *row.ExecutorID)
		}
	}
	found, err := db.New(t.h.store.Pool).RequestNames(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	names := make(map[uuid.UUID]db.RequestNamesRow, len(found))
	for _, row := range found {
		names[row.ID] = row
	}
	return names, nil
}
