package shifts_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// atOnce calls each as near to the same moment as can be, and counts the answers by code.
func atOnce(t *testing.T, calls ...func() *housingtest.Response) map[string]int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes, gate := map[string]int{}, make(chan struct{})
	for _, call := range calls {
		wg.Go(func() {
			<-gate
			r := call()
			code := r.Problem().Code
			if r.StatusCode/100 == 2 {
				code = "ok"
			}
			if r.StatusCode >= http.StatusInternalServerError {
				t.Errorf("answered %d: %s", r.StatusCode, r.Raw)
			}
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	close(gate)
	wg.Wait()
	return codes
}

const racers = 20

func repeat(n int, call func(i int) *housingtest.Response) []func() *housingtest.Response {
	calls := make([]func() *housingtest.Response, n)
	for i := range calls {
		calls[i] = func() *housingtest.Response { return call(i) }
	}
	return calls
}

func TestTwentyTakeOneShift(t *testing.T) {
	c := start(t)
	free := c.plan(t, nil, 10, 20)
	people := make([]*housingtest.Client, racers)
	for i := range people {
		people[i] = c.Executor()
	}
	codes := atOnce(t, repeat(racers, func(i int) *housingtest.Response { return people[i].Do("POST", path(free, "/take"), nil) })...)
	if codes["ok"] != 1 || codes["already_taken"] != racers-1 {
		t.Errorf("answers %v", codes)
	}
	c.checkEvents(t)
}

func TestOneTakesTwentyShiftsOfTheSameTime(t *testing.T) {
	c := start(t)
	free := make([]api.Shift, racers)
	for i := range free {
		free[i] = c.plan(t, nil, 10+float64(i)/racers, 20)
	}
	codes := atOnce(t, repeat(racers, func(i int) *housingtest.Response { return c.rustam.Do("POST", path(free[i], "/take"), nil) })...)
	if codes["ok"] != 1 || codes["overlap"] != racers-1 {
		t.Errorf("answers %v", codes)
	}
	c.checkEvents(t)
}

func TestTwentyPlanOnePerson(t *testing.T) {
	c := start(t)
	codes := atOnce(t, repeat(racers, func(i int) *housingtest.Response {
		return c.boss.Do("POST", "/shifts", shift(c.rustam, 10+float64(i)/racers, 20))
	})...)
	if codes["ok"] != 1 || codes["overlap"] != racers-1 {
		t.Errorf("answers %v", codes)
	}
}

func TestTwentyOpenOneShift(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 9, 20)
	codes := atOnce(t, repeat(racers, func(int) *housingtest.Response { return c.rustam.Do("POST", path(made, "/open"), nil) })...)
	if codes["ok"] != 1 || codes["conflict"] != racers-1 {
		t.Errorf("answers %v", codes)
	}
}

func TestOneOpensTwoShiftsAtOnce(t *testing.T) {
	c := start(t)
	for range 5 {
		person := c.Executor()
		early, late := c.plan(t, person, 9, 9.5), c.plan(t, person, 9.5, 20)
		codes := atOnce(t,
			func() *housingtest.Response { return person.Do("POST", path(early, "/open"), nil) },
			func() *housingtest.Response { return person.Do("POST", path(late, "/open"), nil) })
		if codes["ok"] != 1 || codes["conflict"] != 1 {
			t.Errorf("answers %v", codes)
		}
	}
}

func TestOfferIsAnsweredOnce(t *testing.T) {
	c := start(t)
	for i := range 6 {
		from, to := c.Executor(), c.Executor()
		made := c.opened(t, from, 9, 20)
		c.request(t, from, "in_progress")
		offer := offered(t, made, from, to)
		codes := atOnce(t,
			func() *housingtest.Response { return to.Do("POST", handover(offer, "/accept"), nil) },
			func() *housingtest.Response { return to.Do("POST", handover(offer, "/accept"), nil) },
			func() *housingtest.Response { return from.Do("POST", handover(offer, "/withdraw"), nil) },
			func() *housingtest.Response {
				return to.Do("POST", handover(offer, "/decline"), body{"reason": "нет"})
			})
		if codes["ok"] != 1 || codes["conflict"] != 3 {
			t.Errorf("round %d: answers %v", i, codes)
		}
		if c.onShift(t, from) == c.onShift(t, to) {
			t.Errorf("round %d: both or neither are on shift", i)
		}
	}
	c.checkEvents(t)
}

func TestAcceptingRacesWithClosing(t *testing.T) {
	c := start(t)
	for i := range 6 {
		from, to := c.Executor(), c.Executor()
		made := c.opened(t, from, 9, 20)
		offer := offered(t, made, from, to)
		codes := atOnce(t,
			func() *housingtest.Response { return to.Do("POST", handover(offer, "/accept"), nil) },
			func() *housingtest.Response { return from.Do("POST", path(made, "/close"), nil) })
		if codes["ok"] != 1 || codes["conflict"] != 1 {
			t.Errorf("round %d: answers %v", i, codes)
		}
	}
	c.checkEvents(t)
}

func TestTwoSwapTheirShiftsAtOnce(t *testing.T) {
	c := start(t)
	for i := range 6 {
		a, b := c.Executor(), c.Executor()
		first := offered(t, c.plan(t, a, 10, 12), a, b)
		second := offered(t, c.plan(t, b, 12, 14), b, a)
		codes := atOnce(t,
			func() *housingtest.Response { return b.Do("POST", handover(first, "/accept"), nil) },
			func() *housingtest.Response { return a.Do("POST", handover(second, "/accept"), nil) })
		if codes["ok"] != 2 {
			t.Errorf("round %d: answers %v", i, codes)
		}
	}
}

func TestOneAcceptsTwoShiftsOfTheSameTime(t *testing.T) {
	c := start(t)
	for i := range 6 {
		a, b, to := c.Executor(), c.Executor(), c.Executor()
		first := offered(t, c.plan(t, a, 10, 20), a, to)
		second := offered(t, c.plan(t, b, 12, 22), b, to)
		codes := atOnce(t,
			func() *housingtest.Response { return to.Do("POST", handover(first, "/accept"), nil) },
			func() *housingtest.Response { return to.Do("POST", handover(second, "/accept"), nil) })
		if codes["ok"] != 1 || codes["overlap"] != 1 {
			t.Errorf("round %d: answers %v", i, codes)
		}
	}
	c.checkEvents(t)
}

func TestAbsenceRacesWithPlanning(t *testing.T) {
	c := start(t)
	for i := range 6 {
		person := c.Executor()
		var touched api.AddedAbsence
		var planned *housingtest.Response
		atOnce(t,
			func() *housingtest.Response {
				return person.Do("POST", "/users/"+person.ID()+"/absences", body{"starts_at": hour(0), "ends_at": hour(48), "reason": "Болею"}).Want(t, 201, &touched)
			},
			func() *housingtest.Response {
				planned = c.boss.Do("POST", "/shifts", shift(person, 10, 20))
				return planned
			})
		if (planned.StatusCode == http.StatusCreated) != (touched.PlannedShifts == 1) {
			t.Errorf("round %d: planning answered %d, the absence touches %d", i, planned.StatusCode, touched.PlannedShifts)
		}
	}
}

func TestDatabaseItselfRefuses(t *testing.T) {
	c := start(t)
	manager := c.Person(access.Manager, housingtest.AlsoRole(access.Executor))
	insert := func(person *uuid.UUID, from, to float64, status string) string {
		_, err := c.Pool.Exec(context.Background(), `INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, created_at, updated_at)
			VALUES ($1, $2, $3, 'executor', $4, $5, $6, $4, $4)`, c.Tenant, uuid.New(), person, hour(from), hour(to), status)
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return pg.ConstraintName
		}
		if err != nil {
			t.Fatal(err)
		}
		return ""
	}
	somebody := &manager.User
	for _, tc := range []struct { // in order: each stands on those before
		name     string
		person   *uuid.UUID
		from, to float64
		status   string
		want     string
	}{
		{"a first shift", somebody, 10, 20, "planned", ""},
		{"one inside", somebody, 12, 13, "planned", "shifts_no_overlap"},
		{"one over its end", somebody, 19, 30, "open", "shifts_no_overlap"},
		{"a closed one in it", somebody, 19, 30, "closed", "shifts_no_overlap"},
		{"a cancelled one in it", somebody, 12, 13, "cancelled", ""},
		{"one right after", somebody, 20, 30, "open", ""},
		{"a second open one", somebody, 30, 40, "open", "shifts_open"},
		{"a free one", nil, 10, 20, "planned", ""},
		{"another free one", nil, 10, 20, "planned", ""},
		{"a free one that is open", nil, 10, 20, "open", "shifts_check2"},
		{"one that ends before it starts", somebody, 50, 49, "planned", "shifts_check"},
		{"one of no time", somebody, 50, 50, "planned", "shifts_check"},
		{"one of more than 25 hours", somebody, 50, 75.1, "planned", "shifts_check1"},
	} {
		if got := insert(tc.person, tc.from, tc.to, tc.status); got != tc.want {
			t.Errorf("%s: refused by %q, want %q", tc.name, got, tc.want)
		}
	}
}
