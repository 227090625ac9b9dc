package seed_test

import (
	"strings"
	"testing"

	"ukbot/housing/seed"
	"ukbot/sql/dbtest"
)

func TestLoadMakesACompanyOfTheAskedSize(t *testing.T) {
	pool := dbtest.New(t)
	const requests = 3000
	last := 0
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
	replays(t, pool)
	numbered(t, pool)
	err := seed.Load(t.Context(), pool, "load", requests, 0, nil)
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second load gave %v", err)
	}
}
