package seed_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/reports"
	"ukbot/housing/seed"
	"ukbot/housing/unit"
	"ukbot/sql/dbtest"
)

func TestLoadMakesACompanyOfTheAskedSize(t *testing.T) {
	pool := dbtest.New(t)
	const requests = 3000
	last := 0
	store := countedAsEmpty(t, pool, "load")
	must(t, seed.Load(t.Context(), pool, "load", requests, 500, func(done int) { last = done }))
	if last != requests {
		t.Errorf("progress ended at %d", last)
	}
	for what, want := range map[string]int{
		"requests": requests, "users": 500, "buildings": 20, "outbox": 0,
		"users WHERE active_role = 'executor'":     20,
		"(SELECT DISTINCT status FROM requests) s": 9,
		"requests WHERE created_at > now() OR updated_at > now() OR created_at < now() - interval '732 days'": 0,
	} {
		if got := count(t, pool, what); got != want {
			t.Errorf("%s: %d rows, want %d", what, got, want)
		}
	}
	if closed := count(t, pool, "requests WHERE status IN ('accepted', 'cancelled')"); closed < requests*92/100 || closed > requests*97/100 {
		t.Errorf("%d of %d are closed, want 95 %%", closed, requests)
	}
	if n := count(t, pool, "request_days WHERE time_zone <> ''"); n != 0 {
		t.Errorf("%d days count as counted: the figures lack what was loaded", n)
	}
	must(t, reports.RollUp(t.Context(), store, "load", yesterday()))
	if n := count(t, pool, "request_days WHERE time_zone <> '' AND length(figures) > 100"); n != 1 {
		t.Error("yesterday has no figures")
	}
	replays(t, pool)
	numbered(t, pool)
	err := seed.Load(t.Context(), pool, "load", requests, 0, nil)
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second load gave %v", err)
	}
}

// countedAsEmpty is a company without anything whose yesterday was counted.
func countedAsEmpty(t *testing.T, pool *pgxpool.Pool, tenant string) unit.Store {
	t.Helper()
	_, err := pool.Exec(t.Context(), "INSERT INTO companies (tenant_id, name) VALUES ($1, $1)", tenant)
	must(t, err)
	store := unit.Store{Pool: pool, Now: time.Now}
	must(t, reports.RollUp(t.Context(), store, tenant, yesterday()))
	if n := count(t, pool, "request_days WHERE time_zone <> ''"); n != 1 {
		t.Fatalf("%d days are counted", n)
	}
	return store
}

func yesterday() time.Time { return time.Now().UTC().AddDate(0, 0, -1) }
