package seed_test

import (
	"testing"

	"ukbot/api"
	"ukbot/housing/housingtest"
	"ukbot/housing/seed"
)

// TestTheAPIShowsTheDemoCompany reads the demo company as a manager does. Every
// answer is held against the document.
func TestTheAPIShowsTheDemoCompany(t *testing.T) {
	s := housingtest.Start(t, housingtest.At(noon))
	manager := managerOf(t, s)
	must(t, seed.Demo(t.Context(), s.Pool, "demo", noon))
	ids, limit := map[string]string{}, 70
	for params := (&api.ListRequestsParams{Limit: &limit}); ; {
		page, err := manager.API.ListRequestsWithResponse(t.Context(), params)
		must(t, err)
		if page.JSON200 == nil {
			t.Fatalf("the list answered %d: %s", page.StatusCode(), page.Body)
		}
		for _, request := range page.JSON200.Items {
			ids[request.Id.String()] = request.Number
		}
		if params.Cursor = page.JSON200.NextCursor; params.Cursor == nil {
			break
		}
	}
	if len(ids) != 200 {
		t.Fatalf("the list has %d requests", len(ids))
	}
	for id, number := range ids {
		if got := requestOf(t, manager, id); got.Number != number {
			t.Errorf("request %s has number %s, in the list %s", id, got.Number, number)
		}
		manager.Do("GET", "/requests/"+id+"/history", nil).Want(t, 200)
		manager.Do("GET", "/requests/"+id+"/comments", nil).Want(t, 200)
	}
	for _, path := range []string{"/users", "/buildings", "/yards", "/shifts", "/executors", "/reports/requests?days=90", "/company"} {
		manager.Do("GET", path, nil).Want(t, 200)
	}
}

// managerOf is a manager of the company that will be the demo's; like all of
// housingtest's people, one who has a chat of the demo's.
func managerOf(t *testing.T, s *housingtest.Server) *housingtest.Client {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), "INSERT INTO companies (tenant_id, name) VALUES ('demo', 'Demo')")
	must(t, err)
	return s.In("demo").Manager()
}

func requestOf(t *testing.T, c *housingtest.Client, id string) (r api.Request) {
	t.Helper()
	c.Do("GET", "/requests/"+id, nil).Want(t, 200, &r)
	return r
}

// TestLifeGoesOnInTheDemoCompany makes a request and answers one, as if the
// company had always been.
func TestLifeGoesOnInTheDemoCompany(t *testing.T) {
	s := housingtest.Start(t, housingtest.At(noon))
	manager := managerOf(t, s)
	must(t, seed.Demo(t.Context(), s.Pool, "demo", noon))
	building := texts(t, s.Pool, "SELECT id::text FROM buildings ORDER BY address LIMIT 1")[0]
	applicant := texts(t, s.Pool, "SELECT id::text FROM users WHERE name = 'Дилноза Каримова'")[0]
	var made api.Request
	manager.Do("POST", "/requests", map[string]string{
		"category": "lift", "urgency": "urgent", "description": "Лифт стоит", "building_id": building, "applicant_id": applicant,
	}).Want(t, 201, &made)
	if made.Number != "260302-001" {
		t.Errorf("the first of the day has number %s", made.Number)
	}
	completed := texts(t, s.Pool, "SELECT id::text FROM requests WHERE status = 'completed' ORDER BY id")
	for _, id := range completed {
		manager.Do("POST", "/requests/"+id+"/confirm", nil).Want(t, 200)
	}
	replays(t, s.Pool)
}
