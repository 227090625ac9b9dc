package buildings_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/text/encoding/charmap"

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

// pages reads a list to its end, and gives one field of every item.
func pages(t *testing.T, c *housingtest.Client, path, field string) (all []string) {
	t.Helper()
	cursor := ""
	for range 50 {
		var page struct {
			Items      []m
			NextCursor string `json:"next_cursor"`
		}
		c.Do("GET", path+cursor, nil).Want(t, 200, &page)
		for _, item := range page.Items {
			all = append(all, fmt.Sprint(item[field]))
		}
		if page.NextCursor == "" {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(page.NextCursor)
	}
	t.Fatalf("GET %s has no end: %v", path, all)
	return nil
}

func TestListsAreInOrderAndComplete(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Manager()
	const file = "yard,address,entrance,apartment,floor\n" +
		"Б,Б 1,10,10А,\nБ,Б 1,2,2,\nБ,Б 1,1,10,\nБ,Б 1,1,1,\nБ,Б 1,,Подвал,\nБ,Б 1,1,007,\nА,А 1,,,\nА,А 2,,,\nВ,В 1,,,\n"
	imported(t, s, file)
	var list api.BuildingPage
	c.Do("GET", "/buildings?limit=1&yard="+yardOf(t, c, "Б 1"), nil).Want(t, 200, &list)
	building := list.Items[0]
	if len(list.Items) != 1 || building.Entrances != 3 || building.Apartments != 6 || list.NextCursor != nil {
		t.Errorf("the yard Б holds %+v", list)
	}
	at := "/buildings/" + building.Id.String()
	var entrances api.EntrancePage
	c.Do("GET", at+"/entrances", nil).Want(t, 200, &entrances)
	first := entrances.Items[0].Id.String()
	if entrances.Items[0].Apartments != 3 {
		t.Errorf("the first entrance is %+v", entrances.Items[0])
	}
	for path, tc := range map[string]struct {
		field string
		want  []string
	}{
		"/yards?limit=1":                                   {"name", []string{"А", "Б", "В"}},
		"/buildings?limit=2":                               {"address", []string{"А 1", "А 2", "Б 1", "В 1"}},
		at + "/entrances?limit=1":                          {"number", []string{"1", "2", "10"}},
		at + "/apartments?limit=2":                         {"number", []string{"ПОДВАЛ", "1", "2", "007", "10", "10А"}},
		at + "/apartments?limit=2&entrance=" + first:       {"number", []string{"1", "007", "10"}},
		at + "/apartments?entrance=" + uuid.New().String(): {"number", nil},
	} {
		if got := pages(t, c, path, tc.field); !slices.Equal(got, tc.want) {
			t.Errorf("GET %s gives %v, want %v", path, got, tc.want)
		}
	}
	for _, path := range []string{"/yards", "/buildings", "/buildings?q=x", at + "/entrances", at + "/apartments"} {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		c.Do("GET", path+mark+"cursor=nonsense", nil).WantProblem(t, 422, "invalid")
	}
}

func yardOf(t *testing.T, c *housingtest.Client, address string) string {
	t.Helper()
	var page api.BuildingPage
	c.Do("GET", "/buildings?q="+url.QueryEscape(address), nil).Want(t, 200, &page)
	for _, b := range page.Items {
		if b.Address == address {
			return b.Yard.Id.String()
		}
	}
	t.Fatalf("no building %s among %v", address, page.Items)
	return ""
}

func TestASearchForgivesSpelling(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Applicant()
	imported(t, s, "yard,address\nЦ,\"Чиланзар 5, дом 12\"\nЦ,\"Чиланзар 5, дом 120\"\nЦ,Юнусабад 4\nЦ,100%_\\готово\n")
	for q, want := range map[string][]string{
		"чиланзар":     {"Чиланзар 5, дом 12", "Чиланзар 5, дом 120"},
		"ЧИЛАНЗАР 5":   {"Чиланзар 5, дом 12", "Чиланзар 5, дом 120"},
		"дом 120":      {"Чиланзар 5, дом 120", "Чиланзар 5, дом 12"}, // the nearest first
		"чиланзра":     {"Чиланзар 5, дом 12", "Чиланзар 5, дом 120"}, // a slip
		"юнусобад":     {"Юнусабад 4"},
		"100 готово":   {"100%_\\готово"},
		"самарканд":    nil,
		"' OR 1=1; --": nil,
		"%":            {"100%_\\готово", "Чиланзар 5, дом 12", "Чиланзар 5, дом 120", "Юнусабад 4"}, // no letter, no search
		"   ":          {"100%_\\готово", "Чиланзар 5, дом 12", "Чиланзар 5, дом 120", "Юнусабад 4"},
	} {
		if got := pages(t, c, "/buildings?limit=1&q="+url.QueryEscape(q), "address"); !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
}

// imported loads a file as an administrator would.
func imported(t *testing.T, s *housingtest.Server, file string) {
	t.Helper()
	var report api.ImportReport
	s.Admin().Do("POST", "/buildings/import?dry_run=false", file, "Content-Type: text/csv").Want(t, 200, &report)
	if !report.Imported {
		t.Fatalf("not imported: %+v", report)
	}
}

func TestAFileIsTriedThenImported(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Admin()
	const path, media = "/buildings/import", "Content-Type: text/csv; charset=utf-8"
	bad := strings.Replace(twoHouses, ";1;2;1;", ";1;2;первый;", 1)
	var report api.ImportReport
	c.Do("POST", path, bad, media).Want(t, 200, &report)
	if !report.DryRun || report.Imported || report.Bad != 1 || report.Problems[0].Line != 3 || report.Problems[0].Column != "этаж" {
		t.Errorf("without a word, an import is %+v", report)
	}
	p := c.Do("POST", path+"?dry_run=false", bad, media).WantProblem(t, 422, "invalid").Problem()
	if (*p.Errors)[0].Pointer != "line/3/этаж" || !strings.HasPrefix(p.Detail, "1 of 3 lines are bad") {
		t.Errorf("refused with %+v", p)
	}
	if got := pages(t, c, "/yards?limit=1", "name"); got != nil {
		t.Errorf("before anything was imported there are the yards %v", got)
	}
	c.Do("POST", path+"?dry_run=false&skip_bad=true", bad, media).Want(t, 200, &report)
	if !report.Imported || report.Skipped != 1 || report.Created.Apartments != 1 {
		t.Errorf("the good lines: %+v", report)
	}
	const key = "Idempotency-Key: once"
	c.Do("POST", path+"?dry_run=false", twoHouses, media, key).Want(t, 200, &report)
	c.Do("POST", path+"?dry_run=false", twoHouses, media, key).Want(t, 200, &report)
	if report.Created.Apartments != 1 || report.Unchanged.Apartments != 1 || report.Unchanged.Buildings != 2 {
		t.Errorf("an answer that is given again: %+v", report)
	}
	for name, file := range map[string]string{"empty": "\n", "no header": "1,2\n", "a workbook": "PK\x03\x04.xlsx"} {
		c.Do("POST", path, file, media).Want(t, 200, &report)
		if report.Problems == nil || report.Good != 0 {
			t.Errorf("%s: %+v", name, report)
		}
		c.Do("POST", path+"?dry_run=false&skip_bad=true", file, media).WantProblem(t, 422, "invalid")
	}
	c.Do("POST", path, `{}`).WantProblem(t, 415, "media_type")
	s.Manager().Do("POST", path, twoHouses, media).WantProblem(t, 403, "forbidden")
	s.Applicant().Do("POST", "/yards", m{"name": "x"}).WantProblem(t, 403, "forbidden")
}

// TestWhatExcelWritesInRussianIsRead sends a file as Windows-1251.
func TestWhatExcelWritesInRussianIsRead(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	c := s.Admin()
	file, err := charmap.Windows1251.NewEncoder().String(twoHouses)
	if err != nil {
		t.Fatal(err)
	}
	var report api.ImportReport
	c.Do("POST", "/buildings/import?dry_run=false", file, "Content-Type: text/csv").Want(t, 200, &report)
	if got := pages(t, c, "/buildings?limit=9", "address"); !slices.Equal(got, []string{"Ц-1, дом 1", "Ц-1, дом 2"}) {
		t.Errorf("imported %v, report %+v", got, report)
	}
}

// TestTheClientImports uses the generated client, as the bot would.
func TestTheClientImports(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	answer, err := s.Admin().API.ImportBuildingsWithBodyWithResponse(t.Context(), &api.ImportBuildingsParams{DryRun: new(false)}, "text/csv", strings.NewReader(twoHouses))
	if err != nil || answer.StatusCode() != http.StatusOK || answer.JSON200.Created.Buildings != 2 {
		t.Errorf("%v, %s", err, answer.Body)
	}
}
