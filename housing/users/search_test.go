package users_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// people enters residents by name and phone.
func (w town) people(t *testing.T, phones map[string]string) map[string]uuid.UUID {
	t.Helper()
	ids := map[string]uuid.UUID{}
	for name, phone := range phones {
		var u api.User
		w.boss.Do("POST", "/users", body{"name": name, "phone": phone}).Want(t, 201, &u)
		ids[name] = u.Id
		w.Clock.Advance(time.Second)
	}
	return ids
}

// names is a whole list, page by page.
func names(t *testing.T, by *housingtest.Client, query url.Values) (all []string) {
	t.Helper()
	for {
		var page api.UserPage
		by.Do("GET", "/users?"+query.Encode(), nil).Want(t, 200, &page)
		for _, u := range page.Items {
			all = append(all, u.Name)
		}
		if page.NextCursor == nil {
			return all
		}
		query.Set("cursor", *page.NextCursor)
	}
}

func TestSearchForgivesSpelling(t *testing.T) {
	w := start(t)
	w.people(t, map[string]string{
		"Ўктам Хасанов": "+998901112233", "Шухрат Каримов": "+998935556677", "Ёқуб Чориев": "+998977778899",
		"Yulduz Mirzayeva": "+998712345678", "Ольга Петровна Ким": "+998991234500", "王小明": "+8613800138000",
	})
	w.In(housingtest.Other).Manager().Do("POST", "/users", body{"name": "Ўктам Хасанов", "phone": "+998901112233"}).Want(t, 201)
	for q, want := range map[string]string{
		"O‘ktam": "Ўктам Хасанов", "oktam": "Ўктам Хасанов", "Xasanov": "Ўктам Хасанов", "hasanov uktam": "Ўктам Хасанов", "Хасанова": "Ўктам Хасанов",
		"Shuhrat": "Шухрат Каримов", "karim": "Шухрат Каримов", "Каринов": "Шухрат Каримов",
		"yakub": "Ёқуб Чориев", "Юлдуз": "Yulduz Mirzayeva", "юл": "Yulduz Mirzayeva", "Мирзаева": "Yulduz Mirzayeva",
		"ki": "Ольга Петровна Ким", "11122": "Ўктам Хасанов", "93 555-66": "Шухрат Каримов", "+998 71 234 56 78": "Yulduz Mirzayeva", "小明": "",
		"王": "王小明", "nobodyhere": "", "%": "?", "_": "?", "000999888": "",
	} {
		t.Run(q, func(t *testing.T) {
			query := url.Values{"q": {q}}
			if want == "?" {
				w.boss.Do("GET", "/users?"+query.Encode(), nil).WantProblem(t, 422, "invalid")
				return
			}
			got := names(t, w.boss, query)
			if want == "" && len(got) > 0 || want != "" && (len(got) == 0 || got[0] != want) {
				t.Errorf("q=%s found %q, want %q first", q, got, want)
			}
		})
	}
}

func TestListsAreNarrowed(t *testing.T) {
	w := start(t)
	ids := w.people(t, map[string]string{"Алишер Усманов": "+998901112233", "Алина Усманова": "+998901112244"})
	building, entrance := w.Building()
	flat := w.Apartment(building, entrance)
	w.Lives(ids["Алина Усманова"], flat)
	w.Person(access.Executor, housingtest.Name("Мастер"), housingtest.Can("lift"))
	w.Applicant(housingtest.Name("Ждущий"), housingtest.Status("pending"))
	for name, tc := range map[string]struct {
		query url.Values
		want  []string
	}{
		"by role":                {url.Values{"role": {"executor"}}, []string{"Мастер"}},
		"by status":              {url.Values{"status": {"pending"}}, []string{"Ждущий"}},
		"by specialisation":      {url.Values{"specialisation": {"lift"}}, []string{"Мастер"}},
		"by another one":         {url.Values{"specialisation": {"heating"}}, nil},
		"by apartment":           {url.Values{"apartment": {flat.String()}}, []string{"Алина Усманова"}},
		"by building":            {url.Values{"building": {building.String()}}, []string{"Алина Усманова"}},
		"by building and word":   {url.Values{"building": {building.String()}, "q": {"усманов"}}, []string{"Алина Усманова"}},
		"by building and digits": {url.Values{"building": {building.String()}, "q": {"111224"}}, []string{"Алина Усманова"}},
		"by an empty building":   {url.Values{"building": {uuid.NewString()}}, nil},
		"by word and role":       {url.Values{"q": {"усманов"}, "role": {"manager"}}, nil},
		"by word and status":     {url.Values{"q": {"Алиш"}, "status": {"approved"}}, []string{"Алишер Усманов"}},
		"by role of residents":   {url.Values{"role": {"applicant"}, "status": {"approved"}}, []string{"Anna Kim", "Алина Усманова", "Алишер Усманов"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := names(t, w.boss, tc.query)
			slices.Sort(got)
			slices.Sort(tc.want)
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v found %q, want %q", tc.query, got, tc.want)
			}
		})
	}
	w.boss.Do("GET", "/users?apartment="+flat.String()+"&building="+building.String(), nil).WantProblem(t, 422, "invalid")
	w.boss.Do("GET", "/users?cursor=x", nil).WantProblem(t, 422, "invalid")
	w.boss.Do("GET", "/users?q=anna&cursor=x", nil).WantProblem(t, 422, "invalid")
	w.anna.Do("GET", "/users", nil).WantProblem(t, 403, "forbidden")
}

func TestPagesHoldEverybodyOnce(t *testing.T) {
	w := start(t)
	entered := map[string]string{}
	for i := range 23 {
		entered[fmt.Sprintf("Тимур Алиев %c", 'А'+i)] = fmt.Sprintf("+9989011122%02d", i)
	}
	w.people(t, entered)
	for name, query := range map[string]url.Values{
		"newest first": {"limit": {"5"}, "role": {"applicant"}, "status": {"approved"}},
		"best first":   {"limit": {"5"}, "q": {"Тимура Алиева"}},
		"a beginning":  {"limit": {"5"}, "q": {"ти"}},
		"digits":       {"limit": {"5"}, "q": {"11122"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := names(t, w.boss, query)
			got = slices.DeleteFunc(got, func(n string) bool { return n == "Anna Kim" })
			slices.Sort(got)
			if len(got) != len(entered) || len(slices.Compact(got)) != len(entered) {
				t.Errorf("%d people on all pages, want %d: %q", len(got), len(entered), got)
			}
		})
	}
}
