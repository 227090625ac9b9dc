package buildings_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/housingtest"
)

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
