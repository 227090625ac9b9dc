package users_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// work gives an executor a request.
func (w town) work(t *testing.T, executor *housingtest.Client, n int, status string, stars any) {
	t.Helper()
	building, _ := w.Building()
	_, err := w.Pool.Exec(t.Context(), `INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, address,
			applicant_id, created_by, executor_id, stars, status_since, reaction_seconds, completion_seconds, reaction_due, completion_due, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'plumbing', 'normal', 'Течёт', $5, 'Чиланзар', $6, 'x', $7, $8, now(), 1, 1, now(), now(), now(), now())`,
		w.Tenant, uuid.Must(uuid.NewV7()), fmt.Sprintf("%s-%d", executor.ID(), n), status, building, w.anna.User, executor.User, stars)
	if err != nil {
		t.Fatal(err)
	}
}

func TestExecutorsByLoadShiftAndSpecialisation(t *testing.T) {
	w := start(t)
	busy := w.Person(access.Executor, housingtest.Name("Busy"), housingtest.Can("plumbing"))
	free := w.Person(access.Executor, housingtest.Name("Free"), housingtest.Can("plumbing", "lift"))
	lift := w.Person(access.Manager, housingtest.Name("All"), housingtest.AlsoRole(access.Executor), housingtest.Can("lift"))
	w.Person(access.Executor, housingtest.Name("Gone"), housingtest.Status("blocked"))
	w.In(housingtest.Other).Executor("lift")
	for n, status := range []string{"in_progress", "purchase", "returned"} {
		w.work(t, busy, n, status, nil)
	}
	w.work(t, lift, 0, "in_progress", nil)
	for n, stars := range []int{5, 4, 2, 5} {
		w.work(t, free, n, "accepted", stars)
	}
	_, err := w.Pool.Exec(t.Context(), `INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, created_at, updated_at)
		VALUES ($1, $2, $3, 'executor', now(), now() + interval '8 hours', 'open', now(), now())`, w.Tenant, uuid.Must(uuid.NewV7()), busy.User)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                            "Free(0) All(1) Busy(3,shift) ",
		"?sort=name":                  "All(1) Busy(3,shift) Free(0) ",
		"?limit=1":                    "Free(0) All(1) Busy(3,shift) ",
		"?sort=name&limit=2":          "All(1) Busy(3,shift) Free(0) ",
		"?on_shift=true":              "Busy(3,shift) ",
		"?on_shift=false":             "Free(0) All(1) ",
		"?specialisation=lift":        "Free(0) All(1) ",
		"?specialisation=electricity": "",
	} {
		t.Run(query, func(t *testing.T) {
			if got := w.executors(t, query); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	var page api.ExecutorPage
	busy.Do("GET", "/executors", nil).Want(t, 200, &page)
	if page.Items[0].Rating == nil || *page.Items[0].Rating != 4.5 || page.Items[1].Rating != nil {
		t.Errorf("ratings: %+v", page.Items)
	}
	w.anna.Do("GET", "/executors", nil).WantProblem(t, 403, "forbidden")
}

// executors is the list, page by page, as a line.
func (w town) executors(t *testing.T, query string) (line string) {
	t.Helper()
	for at := query; ; {
		var page api.ExecutorPage
		w.boss.Do("GET", "/executors"+at, nil).Want(t, 200, &page)
		for _, e := range page.Items {
			shift := ""
			if e.OnShift {
				shift = ",shift"
			}
			line += fmt.Sprintf("%s(%d%s) ", e.Name, e.OpenRequests, shift)
		}
		if page.NextCursor == nil {
			return line
		}
		at = query + "&cursor=" + *page.NextCursor
	}
}
