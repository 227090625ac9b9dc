// Package seed fills companies: Demo with one to try things on, Load with as
// many requests as a measurement needs. What it writes could have been made
// through the API: every request walks the workflow's table, its history replays
// to what it is, its clocks have run. Nobody is told of any of it. It never
// changes what a company has.
package seed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/company"
	"ukbot/housing/sla"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// demoName is what the demo company is called.
const demoName = "УК «Чинар»"

// demoDays is over how many days the demo's requests were made.
const demoDays = 90

// Demo makes a company in Tashkent with 400 flats, 40 people and 200 requests,
// unless the tenant has buildings: then it stays as it is. The same day gives
// the same company. Its open requests have their clocks set.
func Demo(ctx context.Context, pool *pgxpool.Pool, tenant string, now time.Time) error {
	store := unit.Store{Pool: pool, Now: func() time.Time { return now }}
	err := store.Own(ctx, func(w *unit.Work) error {
		c, err := enter(ctx, w.Queries, tenant, demoName)
		if errors.Is(err, errInUse) {
			return nil
		}
		if err != nil {
			return err
		}
		return demo(ctx, w, c)
	})
	if err != nil {
		return fmt.Errorf("seed the demo company %s: %w", tenant, err)
	}
	return nil
}

// errInUse means that a company has buildings already.
var errInUse = errors.New("the company is in use: it has buildings")

// enter makes a company, or locks the one that is there, if it is empty.
func enter(ctx context.Context, q *db.Queries, tenant, name string) (company.Company, error) {
	_, err := q.AddCompany(ctx, db.AddCompanyParams{TenantID: tenant, Name: name, TimeZone: "Asia/Tashkent", Language: "ru", Settings: []byte("{}")})
	if err != nil {
		return company.Company{}, err
	}
	if err := q.LockCompany(ctx, tenant); err != nil {
		return company.Company{}, err
	}
	if used, err := q.HasBuildings(ctx, tenant); err != nil || used {
		return company.Company{}, cmp.Or(err, errInUse)
	}
	return company.Load(ctx, q, tenant)
}

func demo(ctx context.Context, w *unit.Work, c company.Company) error {
	midnight := midnightOf(w.Now, c.Zone)
	taken, err := w.KnownChats(ctx, c.Tenant)
	if err != nil {
		return err
	}
	t := demoTown(c.Tenant)
	f := demoFolk(c.Tenant, t, midnight, taken)
	stage := &world{company: c, rng: rand.New(rand.NewPCG(1, 1))} //nolint:gosec // the same on every run, and no secret
	stage.staff(f.users)
	stage.residents(t, f.users, f.homes)
	stories, err := stage.demoStories(midnight, w.Now)
	if err != nil {
		return err
	}
	r := rows{town: t, users: f.users, homes: f.homes, shifts: demoShifts(c.Tenant, f.users, midnight)}
	r.add(stories...)
	n := numbering{company: c}
	for _, s := range stories {
		n.next(s)
	}
	r.numbers = n.days
	r.requests = requestRows(stories)
	if err := r.copy(ctx, w.Queries); err != nil {
		return err
	}
	// The company may have been there, and its days counted as empty.
	if err := w.ForgetDays(ctx, c.Tenant); err != nil {
		return err
	}
	for _, s := range stories {
		if _, left := sla.Next(s.r); left {
			if err := sla.Arm(w, s.r); err != nil {
				return err
			}
		}
	}
	return nil
}

// midnightOf is when a company's day began.
func midnightOf(now time.Time, zone *time.Location) time.Time {
	year, month, day := now.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, zone).UTC()
}

// demoStories are the requests of all lives, in the order they were made. Those
// that are open were made in the last two days.
func (w *world) demoStories(midnight, now time.Time) ([]*story, error) {
	var plots []plot
	for _, life := range lives {
		for range life.n {
			days := 1 + w.rng.IntN(2)
			if !life.open() {
				days = 3 + w.rng.IntN(demoDays-2)
			}
			made := midnight.AddDate(0, 0, -days).Add(7*time.Hour + time.Duration(w.rng.IntN(15*3600))*time.Second)
			plots = append(plots, plot{life: life, made: made, limit: midnight, home: w.drawHome(), chat: w.rng.IntN(3) == 0})
		}
	}
	slices.SortStableFunc(plots, func(a, b plot) int { return a.made.Compare(b.made) })
	var stories []*story
	for n, p := range plots {
		p.n = n
		s, err := w.tell(p)
		if err != nil {
			return nil, err
		}
		s.clock(now)
		stories = append(stories, s)
	}
	return stories, nil
}

// drawHome is who asks: the first resident, whom the simulator plays, more often.
func (w *world) drawHome() home {
	if w.rng.IntN(8) == 0 {
		return w.homes[0]
	}
	return pick(w.rng, w.homes)
}
