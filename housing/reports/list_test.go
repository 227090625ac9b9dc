package reports_test

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// listPath is where requests are listed.
const listPath = "/requests"

// all is every request of a list, page by page.
func (w *town) all(who *housingtest.Client, query url.Values) []string {
	w.t.Helper()
	var numbers []string
	for query := query; ; {
		var page api.RequestList
		who.Do("GET", listPath+"?"+query.Encode(), nil).Want(w.t, 200, &page)
		for _, item := range page.Items {
			numbers = append(numbers, item.Number)
		}
		if page.NextCursor == nil {
			return numbers
		}
		query.Set("cursor", *page.NextCursor)
	}
}

// question is filters, and what they mean for one request.
type question struct {
	query url.Values
	holds []func(request) bool
	sort  string
}

func (q *question) ask(name, value string, holds func(request) bool) {
	q.query.Set(name, value)
	q.holds = append(q.holds, holds)
}

var groups = map[string][]string{
	"open": {"new"}, "active": {"in_progress", "returned"}, "waiting": {"purchase", "clarification"},
	"done": {"completed", "confirmed"}, "closed": {"accepted", "cancelled"},
}

// question asks for anything, by chance.
func (w *town) question(who *housingtest.Client) question {
	q := question{query: url.Values{"limit": {fmt.Sprint(1 + w.random.IntN(40))}}, sort: pick(w, []string{"newest", "newest", "oldest", "due"})}
	q.query.Set("sort", q.sort)
	one := w.requests[w.random.IntN(len(w.requests))]
	now := w.Clock.Now()
	for name, add := range map[string]func(){
		"status":   func() { q.ask("status", one.status, func(r request) bool { return r.status == one.status }) },
		"category": func() { q.ask("category", one.category, func(r request) bool { return r.category == one.category }) },
		"urgency":  func() { q.ask("urgency", one.urgency, func(r request) bool { return r.urgency == one.urgency }) },
		"building": func() {
			q.ask("building", one.building.String(), func(r request) bool { return r.building == one.building })
		},
		"apartment": func() {
			q.ask("apartment", one.apartment.String(), func(r request) bool { return r.apartment == one.apartment })
		},
		"applicant": func() {
			q.ask("applicant", one.applicant.String(), func(r request) bool { return r.applicant == one.applicant })
		},
		"executor": func() {
			id := w.executors[0].User
			q.ask("executor", id.String(), func(r request) bool { return r.executor != nil && *r.executor == id })
		},
		"from": func() {
			q.ask("from", one.created.Format(time.RFC3339Nano), func(r request) bool { return !r.created.Before(one.created) })
		},
		"to": func() {
			q.ask("to", one.created.Format(time.RFC3339Nano), func(r request) bool { return r.created.Before(one.created) })
		},
		"free":    func() { q.ask("free", "true", func(r request) bool { return r.status == "new" }) },
		"overdue": func() { q.ask("overdue", "true", func(r request) bool { return late(r, now) }) },
		"mine": func() {
			q.ask("mine", "true", func(r request) bool {
				if who.Role == access.Executor {
					return r.executor != nil && who.Is(*r.executor)
				}
				return who.Is(r.applicant)
			})
		},
		"group": func() {
			group := pick(w, []string{"open", "active", "waiting", "done", "closed"})
			q.ask("status_group", group, func(r request) bool { return slices.Contains(groups[group], r.status) })
		},
		"q": func() {
			q.ask("q", "ЛИФТЫ", func(r request) bool { return strings.Contains(strings.ToLower(r.text), "лифт") })
		},
	} {
		if w.random.IntN(7) == 0 && name != "" {
			add()
		}
	}
	return q
}

func late(r request, now time.Time) bool {
	if slices.Contains(groups["closed"], r.status) {
		return false
	}
	stands := now
	if r.paused != nil {
		stands = *r.paused
	}
	return r.completionDue.Before(stands) || r.status == "new" && r.reactionDue.Before(now)
}

// want is the numbers that a caller should get, in order.
func (w *town) want(who *housingtest.Client, skills []string, q question) []string {
	var found []request
	for _, r := range w.requests {
		fits := sees(who.Caller, skills, r) && (q.sort != "due" || !slices.Contains(groups["closed"], r.status))
		for _, holds := range q.holds {
			fits = fits && holds(r)
		}
		if fits {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b request) int {
		byID := strings.Compare(a.id.String(), b.id.String())
		switch q.sort {
		case "oldest":
			return cmp.Or(a.created.Compare(b.created), byID)
		case "due":
			return cmp.Or(a.completionDue.Compare(b.completionDue), byID)
		}
		return -cmp.Or(a.created.Compare(b.created), byID)
	})
	numbers := []string{}
	for _, r := range found {
		numbers = append(numbers, r.number)
	}
	return numbers
}

func TestListFindsWhatItIsAskedFor(t *testing.T) {
	w := build(t, 400, 60)
	for i, who := range []*housingtest.Client{w.manager, w.executors[0], w.executors[2], w.residents[1], w.Executor(), w.Applicant()} {
		var skills []string
		if i == 1 {
			skills = categories[0:2]
		} else if i == 2 {
			skills = categories[2:4]
		}
		for range 40 {
			q := w.question(who)
			sent := q.query.Encode()
			want := w.want(who, skills, q)
			if got := w.all(who, q.query); !slices.Equal(got, want) {
				t.Errorf("%s asks %s: %v\nwant %v", who.Role, sent, got, want)
			}
		}
	}
	if got := w.all(w.stranger(), url.Values{}); len(got) != 0 {
		t.Errorf("another company's manager finds %v", got)
	}
	if got := w.all(w.Key(access.RequestsView), url.Values{"limit": {"200"}}); len(got) != 400 {
		t.Errorf("a key finds %d of 400", len(got))
	}
}

func TestExecutorFindsTheirOwnTapOnce(t *testing.T) {
	w := build(t, 30, 5)
	id := w.executors[0].User
	w.exec("UPDATE requests SET applicant_id = $1, executor_id = $1, status = 'in_progress'", id)
	got := w.all(w.executors[0], url.Values{"limit": {"7"}})
	slices.Sort(got)
	if len(got) != 30 || len(slices.Compact(got)) != 30 {
		t.Errorf("%d found, want each of 30 once", len(got))
	}
}

func TestPagesStayAsTheyAreWhileRequestsComeIn(t *testing.T) {
	w := build(t, 60, 20)
	before := w.all(w.manager, url.Values{})
	var seen []string
	query := url.Values{"limit": {"7"}}
	for {
		var page api.RequestList
		w.manager.Do("GET", listPath+"?"+query.Encode(), nil).Want(t, 200, &page)
		for _, item := range page.Items {
			seen = append(seen, item.Number)
		}
		if page.NextCursor == nil {
			break
		}
		query.Set("cursor", *page.NextCursor)
		w.Clock.Advance(time.Second)
		w.residents[0].Do("POST", "/requests", map[string]any{
			"category": "lift", "urgency": "normal", "description": "новая", "building_id": w.buildings[0], "apartment_id": w.apartments[0],
		}).Want(t, 201)
	}
	if !slices.Equal(seen, before) {
		t.Errorf("pages gave %v\nwant %v", seen, before)
	}
}

func TestSearchReadsRussianUzbekAndNumbers(t *testing.T) {
	w := build(t, 200, 30)
	has := func(words ...string) func(request) bool {
		return func(r request) bool { return slices.Contains(words, r.text) }
	}
	for q, holds := range map[string]func(request) bool{
		"кран":             has("Течёт кран на кухне"),
		"краны кухни":      has("Течёт кран на кухне"),
		"течет":            has("Течёт кран на кухне"),
		"лифт":             has("Не работает лифт", "Лифты стоят с утра"),
		"елка":             has("Ёлка упала во дворе"),
		"joʻmrak":          has("Joʻmrak oqmoqda, suv koʻp", "Jo'mrak buzilgan"),
		"JO’MRAK":          has("Joʻmrak oqmoqda, suv koʻp", "Jo'mrak buzilgan"),
		"suv joʻmrak":      has("Joʻmrak oqmoqda, suv koʻp"),
		"редкость":         has("редкость"),
		"кран лифт":        has(),
		"на":               has(), // every text has such words
		"') OR true; --":   has(),
		"💧":                has(),
		"протечка":         has("💧 протечка 🚿"),
		"чиланзар дом 3":   func(r request) bool { return r.adr == "Чиланзар, дом 3" },
		"260205":           func(r request) bool { return strings.HasPrefix(r.number, "260205") },
		"260205-0":         func(r request) bool { return strings.HasPrefix(r.number, "260205-0") },
		" 260205-004 ":     func(r request) bool { return r.number == "260205-004" },
		"%":                has(),
		"260205-00_":       has(),
		"<script>кран":     has(), // "script" is a word that must be there
		"нет такого слова": has(),
	} {
		for _, sort := range []string{"newest", "oldest", "due"} {
			question := question{sort: sort, holds: []func(request) bool{holds}}
			want := w.want(w.manager, nil, question)
			if got := w.all(w.manager, url.Values{"q": {q}, "sort": {sort}, "limit": {"9"}}); !slices.Equal(got, want) {
				t.Errorf("%q finds %v, want %v", q, got, want)
			}
		}
	}
}

func TestListRefusesWhatItCannotAnswer(t *testing.T) {
	w := build(t, 20, 5)
	var page api.RequestList
	w.manager.Do("GET", listPath+"?limit=3", nil).Want(t, 200, &page)
	w.manager.Do("GET", listPath+"?sort=oldest&cursor="+*page.NextCursor, nil).WantProblem(t, 422, "invalid")
	w.manager.Do("GET", listPath+"?cursor=rubbish", nil).WantProblem(t, 422, "invalid")
	w.manager.Do("GET", listPath+"?status=done", nil).WantProblem(t, 422, "invalid")
	w.manager.Do("GET", listPath+"?building="+uuid.NewString(), nil).Want(t, 200)
	w.Key(access.RequestsView).Do("GET", listPath+"?mine=true", nil).WantProblem(t, 422, "invalid")
	w.Key(access.CompanyView).Do("GET", listPath, nil).WantProblem(t, 403, "forbidden")
	w.Anonymous().Do("GET", listPath, nil).WantProblem(t, 401, "unauthorized")
}
