package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"ukbot/housing/company"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Counting of days.
const (
	// settled is after how long no change is written any more that happened before:
	// what writes one is given up after a minute. It is also how often a day is written.
	settled  = 15 * time.Minute
	daysMax  = 90      // the longest period
	runEvery = settled // Run counts what has settled
)

// date is a day of a company's zone, as its midnight there.
type date struct{ time.Time }

func dateOf(t time.Time, zone *time.Location) date {
	year, month, day := t.In(zone).Date()
	return date{time.Date(year, month, day, 0, 0, 0, 0, zone)}
}

// add is the day n days later: its midnight may be 23 or 25 hours away.
func (d date) add(n int) date {
	year, month, day := d.Date()
	return date{time.Date(year, month, day+n, 0, 0, 0, 0, d.Location())}
}

func (d date) pg() pgtype.Date {
	year, month, day := d.Date()
	return pgtype.Date{Time: time.Date(year, month, day, 0, 0, 0, 0, time.UTC), Valid: true}
}

func (d date) String() string { return d.Format(time.DateOnly) }

// countable is until when changes are counted for good.
func countable(now time.Time) time.Time { return now.UTC().Add(-settled).Truncate(settled) }

// RollUp counts a day of the company's zone, as far as it is settled. It may be
// called by many at once; what is counted is not counted again, unless the
// company's zone has changed.
func RollUp(ctx context.Context, store unit.Store, tenant string, day time.Time) error {
	c, err := company.Load(ctx, store.Read(ctx), tenant)
	if err != nil {
		return err
	}
	year, month, number := day.Date()
	return rollUp(ctx, store, c, date{time.Date(year, month, number, 0, 0, 0, 0, c.Zone)})
}

func rollUp(ctx context.Context, store unit.Store, c company.Company, day date) error {
	until := countable(store.Now())
	if end := day.add(1).UTC(); until.After(end) {
		until = end
	}
	if !until.After(day.Time) {
		return nil
	}
	err := store.Own(ctx, func(w *unit.Work) error { return count(ctx, w, c, day, until) })
	if err != nil {
		return fmt.Errorf("count %s of %s: %w", day, c.Tenant, err)
	}
	return nil
}

// count brings a day's figures up to a time.
func count(ctx context.Context, w *unit.Work, c company.Company, day date, until time.Time) error {
	zone := c.Zone.String()
	err := w.BeginDay(ctx, db.BeginDayParams{TenantID: c.Tenant, Day: day.pg(), TimeZone: zone, Until: day.UTC(), Figures: cells{}.pack()})
	if err != nil {
		return err
	}
	locked, err := w.LockDay(ctx, c.Tenant, day.pg())
	if err != nil {
		return err
	}
	counted, since := cells{}, day.UTC()
	if locked.TimeZone == zone {
		if !locked.Until.Before(until) {
			return nil
		}
		since = locked.Until
		if err := unpack(locked.Figures, counted.add); err != nil {
			return err
		}
	}
	changes, err := db.New(planned{w.Tx}).CountChanges(ctx, db.CountChangesParams{TenantID: c.Tenant, Since: since, Until: until})
	if err != nil {
		return err
	}
	for _, change := range changes {
		at(counted, cell{change.Category, change.ExecutorID}).change(change)
	}
	return w.FinishDay(ctx, db.FinishDayParams{TenantID: c.Tenant, Day: day.pg(), TimeZone: zone, Until: until, Figures: counted.pack()})
}

// at is the figures of a key, made if they are not there.
func at[K comparable](of map[K]*figures, key K) *figures {
	if of[key] == nil {
		of[key] = &figures{}
	}
	return of[key]
}

// ensure counts what has settled of a period and is not counted yet: the
// oldest first, each day for itself, so that a second try goes on where the first ended.
func ensure(ctx context.Context, store unit.Store, c company.Company, first, last date) error {
	days, err := store.Read(ctx).CountedDays(ctx, db.CountedDaysParams{TenantID: c.Tenant, TimeZone: c.Zone.String(), First: first.pg(), Last: last.pg()})
	if err != nil {
		return fmt.Errorf("counted days of %s: %w", c.Tenant, err)
	}
	counted := map[pgtype.Date]time.Time{}
	for _, day := range days {
		counted[day.Day] = day.Until
	}
	limit := countable(store.Now())
	for day := first; !day.After(last.Time); day = day.add(1) {
		if until, ok := counted[day.pg()]; ok && (!until.Before(limit) || !until.Before(day.add(1).Time)) {
			continue
		}
		if err := rollUp(ctx, store, c, day); err != nil {
			return err
		}
	}
	return nil
}

// Forget has a company's days counted again: for whoever writes history of days
// that are over.
func Forget(ctx context.Context, store unit.Store, tenant string) error {
	return store.Do(ctx, func(w *unit.Work) error {
		if err := w.ForgetDays(ctx, tenant); err != nil {
			return fmt.Errorf("forget counted days of %s: %w", tenant, err)
		}
		return nil
	})
}

// Run counts what has settled, of all companies, until ctx ends. Every replica
// may run it: whoever comes second finds nothing to count.
func (h *Handlers) Run(ctx context.Context) error {
	tick := time.NewTicker(runEvery)
	defer tick.Stop()
	for {
		if err := h.RollUpAll(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn().Err(err).Msg("figures could not be counted, it will be tried again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// RollUpAll counts what has settled of the longest period, of all companies.
func (h *Handlers) RollUpAll(ctx context.Context) error {
	companies, err := h.store.Read(ctx).Companies(ctx)
	if err != nil {
		return fmt.Errorf("list companies: %w", err)
	}
	for _, row := range companies {
		c, err := company.Load(ctx, h.store.Read(ctx), row.TenantID)
		if err != nil {
			return err
		}
		today := dateOf(h.store.Now(), c.Zone)
		if err := ensure(ctx, h.store, c, today.add(1-daysMax), today); err != nil {
			return err
		}
	}
	return nil
}
