package reports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	openapi "github.com/oapi-codegen/runtime/types"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// GetStatistics counts the last days.
func (h *Handlers) GetStatistics(ctx context.Context, r api.GetStatisticsRequestObject) (api.GetStatisticsResponseObject, error) {
	caller := access.From(ctx)
	executor, err := about(caller, r.Params.Executor)
	if err != nil {
		return nil, err
	}
	c, err := company.Load(ctx, h.store.Read(ctx), caller.Tenant)
	if err != nil {
		return nil, err
	}
	now, days := h.store.Now(), int(or(r.Params.Days, api.N30))
	s := summary{company: c, last: dateOf(now, c.Zone), executor: executor, cells: cells{}, byDay: map[string]*figures{}}
	s.first = s.last.add(1 - days)
	if r.Params.Category != nil {
		s.category = new(string(*r.Params.Category))
	}
	if err := ensure(ctx, h.store, c, s.first, s.last); err != nil {
		return nil, err
	}
	// One picture: what moves from the history to the counted days meanwhile is not counted twice.
	err = pgx.BeginTxFunc(ctx, h.store.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return s.read(ctx, db.New(planned{tx}))
	})
	if err != nil {
		return nil, fmt.Errorf("statistics of %s: %w", c.Tenant, err)
	}
	return s.show(days, now), nil
}

// about is whose figures the caller gets: an executor their own, others those
// they ask for, nil being all.
func about(caller access.Caller, asked *uuid.UUID) (*uuid.UUID, error) {
	if caller.May(access.ReportsView) == access.Any {
		return asked, nil
	}
	if asked != nil && !caller.Is(*asked) {
		return nil, problem.New(problem.Forbidden, "these are another's figures: leave executor out")
	}
	return &caller.User, nil
}

// summary is the figures of a period.
type summary struct {
	company     company.Company
	first, last date
	category    *string
	executor    *uuid.UUID

	cells cells               // of all days
	byDay map[string]*figures // of all cells, without times
	names map[uuid.UUID]string
}

// read collects the figures: those of counted days, the changes since, and
// what is open.
func (s *summary) read(ctx context.Context, q *db.Queries) error {
	zone := s.company.Zone.String()
	rows, err := q.DayFigures(ctx, db.DayFiguresParams{TenantID: s.company.Tenant, TimeZone: zone, First: s.first.pg(), Last: s.last.pg()})
	if err != nil {
		return err
	}
	for _, row := range rows {
		ofDay := at(s.byDay, row.Day.Time.Format(time.DateOnly))
		err := unpack(row.Figures, func(of cell, f figures, times []byte) error {
			if !s.asked(of) {
				return nil
			}
			ofDay.merge(&f)
			return s.cells.add(of, f, times)
		})
		if err != nil {
			return fmt.Errorf("figures of %s: %w", row.Day.Time.Format(time.DateOnly), err)
		}
	}
	days, err := q.CountedDays(ctx, db.CountedDaysParams{TenantID: s.company.Tenant, TimeZone: zone, First: s.first.pg(), Last: s.last.pg()})
	if err != nil {
		return err
	}
	counted := map[string]time.Time{}
	for _, day := range days {
		counted[day.Day.Time.Format(time.DateOnly)] = day.Until
	}
	for day := s.first; !day.After(s.last.Time); day = day.add(1) {
		if err := s.live(ctx, q, day, counted[day.String()]); err != nil {
			return err
		}
	}
	if err := s.open(ctx, q); err != nil {
		return err
	}
	return s.call(ctx, q)
}

// asked says whether figures are among those asked for.
func (s *summary) asked(of cell) bool {
	return (s.category == nil || *s.category == of.category) && (s.executor == nil || *s.executor == of.executor)
}

// live counts a day's changes that are not in its counted figures.
func (s *summary) live(ctx context.Context, q *db.Queries, day date, counted time.Time) error {
	since, until := day.UTC(), day.add(1).UTC()
	if counted.After(since) {
		since = counted
	}
	if !since.Before(until) {
		return nil
	}
	changes, err := q.CountChanges(ctx, db.CountChangesParams{TenantID: s.company.Tenant, Since: since, Until: until, Category: s.category, Executor: s.executor})
	if err != nil {
		return err
	}
	for _, change := range changes {
		at(s.cells, cell{change.Category, change.ExecutorID}).change(change)
		at(s.byDay, day.String()).change(change)
	}
	return nil
}

// open counts what is not closed.
func (s *summary) open(ctx context.Context, q *db.Queries) error {
	rows, err := q.CountOpen(ctx, db.CountOpenParams{TenantID: s.company.Tenant, Category: s.category, Executor: s.executor})
	if err != nil {
		return err
	}
	for _, row := range rows {
		at(s.cells, cell{row.Category, row.ExecutorID}).open(row.Status, row.N)
	}
	return nil
}

// call looks up what the executors are called.
func (s *summary) call(ctx context.Context, q *db.Queries) error {
	ask := db.RequestNamesParams{TenantID: s.company.Tenant}
	for of := range s.cells {
		ask.Users = append(ask.Users, of.executor)
	}
	rows, err := q.RequestNames(ctx, ask)
	s.names = map[uuid.UUID]string{}
	for _, row := range rows {
		s.names[row.ID] = row.Name
	}
	return err
}

// sums are the figures in each of the ways they are shown.
func (s *summary) sums() (total figures, byCategory map[string]*figures, byExecutor map[uuid.UUID]*figures) {
	byCategory, byExecutor = map[string]*figures{}, map[uuid.UUID]*figures{}
	for of, f := range s.cells {
		total.merge(f)
		at(byCategory, of.category).merge(f)
		if of.executor != nobody {
			at(byExecutor, of.executor).merge(f)
		}
	}
	return total, byCategory, byExecutor
}

func (s *summary) show(days int, now time.Time) api.GetStatistics200JSONResponse {
	total, byCategory, byExecutor := s.sums()
	shown := api.GetStatistics200JSONResponse{
		Days: days, From: s.first.api(), To: s.last.api(), TimeZone: s.company.Zone.String(), CountedAt: now.UTC(), Total: total.show(),
		Categories: []api.CategoryFigures{}, Executors: []api.ExecutorFigures{}, Daily: []api.DayFigures{},
	}
	for _, category := range categories {
		if f := byCategory[category.key]; f != nil {
			shown.Categories = append(shown.Categories, api.CategoryFigures{Category: api.Category(category.key), Figures: f.show()})
		}
	}
	for executor, f := range byExecutor {
		shown.Executors = append(shown.Executors, api.ExecutorFigures{Executor: api.PersonRef{Id: executor.String(), Name: s.names[executor]}, Figures: f.show()})
	}
	slices.SortFunc(shown.Executors, func(a, b api.ExecutorFigures) int {
		return cmp.Or(cmp.Compare(b.Figures.Completed, a.Figures.Completed), strings.Compare(a.Executor.Name, b.Executor.Name), strings.Compare(a.Executor.Id, b.Executor.Id))
	})
	for day := s.first; !day.After(s.last.Time); day = day.add(1) {
		f := at(s.byDay, day.String())
		shown.Daily = append(shown.Daily, api.DayFigures{
			Day: day.api(), Created: int(f.created), Completed: int(f.completed), Accepted: int(f.accepted),
			Cancelled: int(f.cancelled), Returned: int(f.returned),
		})
	}
	return shown
}

func (d date) api() openapi.Date { return openapi.Date{Time: d.pg().Time} }
