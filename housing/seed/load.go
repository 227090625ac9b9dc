package seed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Load fills a company that has no buildings with requests of the last two
// years, 95 % of them closed, of about `users` people (0: a tenth of the
// requests). The same numbers give the same company on the same day. progress,
// which may be nil, hears how many requests are stored. A load that broke off
// leaves what it stored; begin again with another tenant. Clocks of open
// requests are set when the services start next, see clocks.Rearm.
func Load(ctx context.Context, pool *pgxpool.Pool, tenant string, requests, users int, progress func(done int)) error {
	l := &loader{pool: pool, size: size(requests, users), now: time.Now().UTC().Truncate(time.Second), progress: progress}
	if err := l.load(ctx, tenant); err != nil {
		return fmt.Errorf("load the company %s: %w", tenant, err)
	}
	return nil
}

// extent is how large a company is.
type extent struct{ requests, users, buildings, executors, managers int }

// size is a company as large as a million requests have, or a part of that.
func size(requests, users int) extent {
	e := extent{
		requests: requests, users: users,
		buildings: min(max(requests/1000, 20), 1000), executors: min(max(requests/5000, 20), 200), managers: min(max(requests/50_000, 4), 20),
	}
	if e.users == 0 {
		e.users = requests / 10
	}
	e.users = max(e.users, e.executors+e.managers+e.buildings)
	return e
}

// loader is one run of Load.
type loader struct {
	pool     *pgxpool.Pool
	size     extent
	now      time.Time
	progress func(done int)

	mu   sync.Mutex
	done int
}

func (l *loader) load(ctx context.Context, tenant string) error {
	w, err := l.settle(ctx, tenant)
	if err != nil {
		return err
	}
	days, err := l.write(ctx, w)
	if err != nil {
		return err
	}
	q := db.New(l.pool)
	if err := (&rows{numbers: days}).copy(ctx, q); err != nil {
		return err
	}
	// Figures counted while it went on lack what came after.
	if err := q.ForgetDays(ctx, tenant); err != nil {
		return err
	}
	_, err = l.pool.Exec(ctx, "VACUUM (ANALYZE) requests, request_history, users, user_apartments, apartments, entrances, buildings, yards, companies, request_numbers")
	return err
}

// settle makes the company with its people and places.
func (l *loader) settle(ctx context.Context, tenant string) (*world, error) {
	stage := &world{rng: rand.New(rand.NewPCG(2, 2))} //nolint:gosec // the same on every run, and no secret
	t := l.town(tenant)
	f := l.folk(tenant, t, stage.rng)
	err := unit.Store{Pool: l.pool, Now: func() time.Time { return l.now }}.Own(ctx, func(w *unit.Work) (err error) {
		if stage.company, err = enter(ctx, w.Queries, tenant, "УК «"+tenant+"»"); err != nil {
			return err
		}
		return (&rows{town: t, users: f.users, homes: f.homes}).copy(ctx, w.Queries)
	})
	if err != nil {
		return nil, err
	}
	stage.staff(f.users)
	stage.residents(t, f.users, f.homes)
	return stage, nil
}

// batch is how many requests are stored in one transaction.
const batch = 4000

// writers store batches at the same time.
const writers = 2

// write tells the requests in the order they were made, and stores them.
func (l *loader) write(ctx context.Context, w *world) ([]db.SeedNumbersParams, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	batches := make(chan []*story, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for stories := range batches {
				if err := l.store(ctx, stories); err != nil {
					stop(err)
				}
			}
		})
	}
	days, err := l.tell(ctx, w, batches)
	close(batches)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	return days, err
}

// tell sends all requests in batches, numbered.
func (l *loader) tell(ctx context.Context, w *world, batches chan<- []*story) ([]db.SeedNumbersParams, error) {
	n, crowd := numbering{company: w.company}, newCrowd(w)
	for from := 0; from < l.size.requests; from += batch {
		stories := make([]*story, 0, batch)
		for i := from; i < min(from+batch, l.size.requests); i++ {
			s, err := w.tell(l.plot(w, crowd, i))
			if err != nil {
				return nil, err
			}
			s.r.Description = w.detail(s.r.Description, s.cast.uzbek)
			s.clock(l.now)
			n.next(s)
			stories = append(stories, s)
		}
		select {
		case batches <- stories:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return n.days, nil
}

// store stores a batch.
func (l *loader) store(ctx context.Context, stories []*story) error {
	r := rows{requests: requestRows(stories)}
	r.add(stories...)
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error { return r.copy(ctx, db.New(tx)) })
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done += len(stories); l.progress != nil {
		l.progress(l.done)
	}
	return nil
}

// Days that a loaded company's requests come from, and the hours of a day.
const (
	loadDays     = 730
	morning      = 6
	wakingHours  = 17
	freshDays    = 30
	openOfFresh  = 600 // of 1,000 requests younger than freshDays
	openOfOthers = 26
)

// plot is the n-th request: spread evenly over the days, and made while people are awake.
func (l *loader) plot(w *world, c crowd, n int) plot {
	day := (float64(n) + w.rng.Float64()) / float64(l.size.requests) * loadDays
	whole := float64(int(day))
	first := midnightOf(l.now, w.company.Zone).AddDate(0, 0, -loadDays)
	made := first.Add(time.Duration(whole) * 24 * time.Hour).Add(morning*time.Hour + time.Duration((day-whole)*wakingHours*float64(time.Hour))).Truncate(time.Second)
	share := openOfOthers
	if loadDays-day < freshDays {
		share = openOfFresh
	}
	return plot{n: n, life: drawLife(w.rng, w.rng.IntN(1000) < share), made: made, limit: l.now, home: c.draw(w.rng)}
}

// drawLife is any life that is open, or closed, by how often it is lived.
func drawLife(rng *rand.Rand, open bool) life {
	all := 0
	for _, l := range loaded {
		if l.open() == open {
			all += l.n
		}
	}
	n := rng.IntN(all)
	for _, l := range loaded {
		if l.open() != open {
			continue
		}
		if n -= l.n; n < 0 {
			return l
		}
	}
	return loaded[0]
}

// detail adds what residents add to a description.
func (w *world) detail(text string, uzbek bool) string {
	usual, rare := details.ru, details.rareRU
	if uzbek {
		usual, rare = details.uz, details.rareUZ
	}
	if w.rng.IntN(rareOf) == 0 {
		text += ", " + pick(w.rng, rare)
	}
	if w.rng.IntN(2) == 0 {
		text += ", " + pick(w.rng, usual)
	}
	return text
}

// crowd is the residents by building. Some buildings ask far more than others.
type crowd struct {
	homes [][]home
	zipf  *rand.Zipf
}

func newCrowd(w *world) crowd {
	sorted := slices.Clone(w.homes)
	slices.SortStableFunc(sorted, func(a, b home) int { return slices.Compare(a.building[:], b.building[:]) })
	var c crowd
	for i, h := range sorted {
		if i == 0 || h.building != sorted[i-1].building {
			c.homes = append(c.homes, nil)
		}
		c.homes[len(c.homes)-1] = append(c.homes[len(c.homes)-1], h)
	}
	c.zipf = rand.NewZipf(w.rng, 1.3, 40, uint64(len(c.homes)-1))
	return c
}

func (c crowd) draw(rng *rand.Rand) home { return pick(rng, c.homes[c.zipf.Uint64()]) }
