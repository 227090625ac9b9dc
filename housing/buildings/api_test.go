package buildings_test

import (
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/housingtest"
)

type m = map[string]any

func TestARegisterIsBuiltEditedAndTakenDown(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Manager()

	var yard api.Yard
	made := c.Do("POST", "/yards", m{"name": "  Чиланзар-5 "}).Want(t, 201, &yard)
	if yard.Name != "Чиланзар-5" || yard.Buildings != 0 || made.Header.Get("ETag") != yard.Etag {
		t.Errorf("a new yard is %+v with ETag %s", yard, made.Header.Get("ETag"))
	}
	c.Do("PATCH", "/yards/"+yard.Id.String(), m{"name": "Чиланзар-6"}, "If-Match: "+yard.Etag).Want(t, 200, &yard)

	var building api.Building
	made = c.Do("POST", "/buildings", m{"yard_id": yard.Id, "address": "Чиланзар 6,  дом 1", "lat": 41.28, "lon": 69.2}).Want(t, 201, &building)
	if building.Address != "Чиланзар 6, дом 1" || building.Yard.Name != "Чиланзар-6" || *building.Lat != 41.28 {
		t.Errorf("a new building is %+v", building)
	}
	at := "/buildings/" + building.Id.String()
	changed := c.Do("PATCH", at, m{"address": "Чиланзар 6, дом 2"}, "If-Match: "+made.Header.Get("ETag")).Want(t, 200, &building)
	if building.Address != "Чиланзар 6, дом 2" || *building.Lon != 69.2 || changed.Header.Get("ETag") == made.Header.Get("ETag") {
		t.Errorf("a changed building is %+v", building)
	}

	var entrance api.Entrance
	c.Do("POST", at+"/entrances", m{"number": "2а"}).Want(t, 201, &entrance)
	var apartment api.ApartmentDetails
	made = c.Do("POST", at+"/apartments", m{"number": "34", "entrance_id": entrance.Id, "floor": 4}).Want(t, 201, &apartment)
	if *apartment.Floor != 4 || apartment.Entrance.Number != "2А" || apartment.Building.Address != building.Address || apartment.Yard.Id != yard.Id {
		t.Errorf("a new apartment is %+v", apartment)
	}
	flat := "/apartments/" + apartment.Id.String()
	c.Do("PATCH", flat, m{"number": "34а", "floor": 5}, "If-Match: "+made.Header.Get("ETag")).Want(t, 200)
	c.Do("GET", flat, nil).Want(t, 200, &apartment)
	if apartment.Number != "34А" || *apartment.Floor != 5 || apartment.Entrance.Id != entrance.Id {
		t.Errorf("a changed apartment is %+v", apartment)
	}
	c.Do("GET", at, nil).Want(t, 200, &building)
	if building.Entrances != 1 || building.Apartments != 1 {
		t.Errorf("the building counts %d entrances, %d apartments", building.Entrances, building.Apartments)
	}

	for _, used := range []struct{ path, detail string }{
		{"/yards/" + yard.Id.String(), "still in use: 1 building"},
		{at, "still in use: 1 entrance, 1 apartment"},
		{"/entrances/" + entrance.Id.String(), "still in use: 1 apartment"},
	} {
		if p := c.Do("DELETE", used.path, nil).WantProblem(t, 409, "in_use").Problem(); p.Detail != used.detail {
			t.Errorf("DELETE %s: %q, want %q", used.path, p.Detail, used.detail)
		}
	}
	for _, path := range []string{flat, "/entrances/" + entrance.Id.String(), at, "/yards/" + yard.Id.String()} {
		c.Do("DELETE", path, nil).Want(t, 204)
		c.Do("DELETE", path, nil).WantProblem(t, 404, "not_found")
	}
}

func TestAnApartmentWhereSomebodyLivesIsKept(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	_, apartment := s.Home(s.Applicant().User)
	p := s.Manager().Do("DELETE", "/apartments/"+apartment.String(), nil).WantProblem(t, 409, "in_use").Problem()
	if p.Detail != "still in use: 1 resident" {
		t.Errorf("refused with %q", p.Detail)
	}
}

func TestANameIsThereOnce(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Manager()
	var yard, second api.Yard
	c.Do("POST", "/yards", m{"name": "A"}).Want(t, 201, &yard)
	c.Do("POST", "/yards", m{"name": "B"}).Want(t, 201, &second)
	var one, two api.Building
	c.Do("POST", "/buildings", m{"yard_id": yard.Id, "address": "1"}).Want(t, 201, &one)
	c.Do("POST", "/buildings", m{"yard_id": yard.Id, "address": "2"}).Want(t, 201, &two)
	at := "/buildings/" + one.Id.String()
	c.Do("POST", at+"/entrances", m{"number": "1"}).Want(t, 201)
	c.Do("POST", at+"/apartments", m{"number": "1А"}).Want(t, 201)
	var flat api.ApartmentDetails
	c.Do("POST", at+"/apartments", m{"number": "2"}).Want(t, 201, &flat)
	for name, r := range map[string]*housingtest.Response{
		"a yard":                        c.Do("POST", "/yards", m{"name": " A "}),
		"a yard, renamed":               c.Do("PATCH", "/yards/"+second.Id.String(), m{"name": "A"}, "If-Match: *"),
		"a building":                    c.Do("POST", "/buildings", m{"yard_id": second.Id, "address": "1"}),
		"a building, again with a key":  c.Do("POST", "/buildings", m{"yard_id": second.Id, "address": "1"}, "Idempotency-Key: k1"),
		"a building, moved":             c.Do("PATCH", "/buildings/"+two.Id.String(), m{"address": "1"}, "If-Match: *"),
		"an entrance":                   c.Do("POST", at+"/entrances", m{"number": "1"}),
		"an apartment":                  c.Do("POST", at+"/apartments", m{"number": "1А"}),
		"an apartment, in another case": c.Do("POST", at+"/apartments", m{"number": "1а"}),
		"an apartment, renumbered":      c.Do("PATCH", "/apartments/"+flat.Id.String(), m{"number": "1а"}, "If-Match: *"),
	} {
		t.Run(name, func(t *testing.T) { r.WantProblem(t, 409, "exists") })
	}
	c.Do("POST", "/buildings/"+two.Id.String()+"/apartments", m{"number": "1А"}).Want(t, 201)
}

func TestWhatBreaksARuleIsPointedAt(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Manager()
	building, _ := s.Building()
	_, elsewhere := s.Building()
	foreignHouse, foreignEntrance := s.In(housingtest.Other).Building()
	var foreignYard uuid.UUID
	if err := s.Pool.QueryRow(t.Context(), "SELECT yard_id FROM buildings WHERE id = $1", foreignHouse).Scan(&foreignYard); err != nil {
		t.Fatal(err)
	}
	var own api.Building
	c.Do("GET", "/buildings/"+building.String(), nil).Want(t, 200, &own)
	for name, tc := range map[string]struct {
		method, path string
		body         m
		pointer      string
	}{
		"a yard without a name":              {"POST", "/yards", m{"name": " \t "}, "/name"},
		"an address of spaces":               {"POST", "/buildings", m{"yard_id": own.Yard.Id, "address": "  "}, "/address"},
		"an unknown yard":                    {"POST", "/buildings", m{"yard_id": uuid.New(), "address": "x"}, "/yard_id"},
		"another tenant's yard":              {"POST", "/buildings", m{"yard_id": foreignYard, "address": "x"}, "/yard_id"},
		"a move to another tenant's yard":    {"PATCH", "/buildings/" + building.String(), m{"yard_id": foreignYard}, "/yard_id"},
		"latitude alone":                     {"POST", "/buildings", m{"yard_id": own.Yard.Id, "address": "x", "lat": 41}, "/lon"},
		"longitude alone":                    {"PATCH", "/buildings/" + building.String(), m{"lon": 69}, "/lat"},
		"a latitude beyond the pole":         {"POST", "/buildings", m{"yard_id": own.Yard.Id, "address": "x", "lat": 91, "lon": 69}, "/lat"},
		"another building's entrance":        {"POST", "/buildings/" + building.String() + "/apartments", m{"number": "1", "entrance_id": elsewhere}, "/entrance_id"},
		"another tenant's entrance":          {"POST", "/buildings/" + building.String() + "/apartments", m{"number": "1", "entrance_id": foreignEntrance}, "/entrance_id"},
		"a number of spaces":                 {"POST", "/buildings/" + building.String() + "/entrances", m{"number": "   "}, "/number"},
		"a floor in the sky":                 {"POST", "/buildings/" + building.String() + "/apartments", m{"number": "1", "floor": 300}, "/floor"},
		"a field that nobody has thought of": {"POST", "/yards", m{"name": "x", "colour": "red"}, "/colour"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.Do(tc.method, tc.path, tc.body, "If-Match: *").WantProblem(t, 422, "invalid").Problem()
			if p.Errors == nil || (*p.Errors)[0].Pointer != tc.pointer {
				t.Errorf("points at %v, want %s", p.Errors, tc.pointer)
			}
		})
	}
}

func TestTwoEditorsAreTold(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Manager()
	building, entrance := s.Building()
	apartment := s.Apartment(building, entrance)
	var own api.Building
	c.Do("GET", "/buildings/"+building.String(), nil).Want(t, 200, &own)
	for path, body := range map[string]m{
		"/yards/" + own.Yard.Id.String():    {"name": "new"},
		"/buildings/" + building.String():   {"address": "new"},
		"/apartments/" + apartment.String(): {"floor": 7},
	} {
		c.Do("PATCH", path, body).WantProblem(t, 428, "match_required")
		first := c.Do("PATCH", path, body, `If-Match: "1"`).Want(t, 200)
		if got := first.Header.Get("ETag"); got != `"2"` {
			t.Errorf("PATCH %s answers ETag %s", path, got)
		}
		c.Do("PATCH", path, body, `If-Match: "1"`).WantProblem(t, 412, "stale")
		c.Do("PATCH", path, body, `If-Match: "2"`).Want(t, 200)
	}
}

func TestAnotherTenantsRegisterIsNotThere(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	building, entrance := s.Building()
	apartment := s.Apartment(building, entrance)
	var own api.Building
	s.Manager().Do("GET", "/buildings/"+building.String(), nil).Want(t, 200, &own)
	stranger := s.In(housingtest.Other).Admin()
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"PATCH", "/yards/" + own.Yard.Id.String(), m{"name": "x"}},
		{"DELETE", "/yards/" + own.Yard.Id.String(), nil},
		{"GET", "/buildings/" + building.String(), nil},
		{"PATCH", "/buildings/" + building.String(), m{"address": "x"}},
		{"DELETE", "/buildings/" + building.String(), nil},
		{"GET", "/buildings/" + building.String() + "/entrances", nil},
		{"POST", "/buildings/" + building.String() + "/entrances", m{"number": "9"}},
		{"GET", "/buildings/" + building.String() + "/apartments", nil},
		{"POST", "/buildings/" + building.String() + "/apartments", m{"number": "9"}},
		{"DELETE", "/entrances/" + entrance.String(), nil},
		{"GET", "/apartments/" + apartment.String(), nil},
		{"PATCH", "/apartments/" + apartment.String(), m{"floor": 1}},
		{"DELETE", "/apartments/" + apartment.String(), nil},
	} {
		stranger.Do(call.method, call.path, call.body, "If-Match: *").WantProblem(t, 404, "not_found")
	}
	for _, list := range []string{"/yards", "/buildings", "/buildings?q=чиланзар", "/buildings?yard=" + own.Yard.Id.String()} {
		var page struct{ Items []any }
		stranger.Do("GET", list, nil).Want(t, 200, &page)
		if len(page.Items) != 0 {
			t.Errorf("GET %s shows another tenant %v", list, page.Items)
		}
	}
}
