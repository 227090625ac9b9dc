package load_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ukbot/housing/access"
)

// facts are values of the company to ask with: many-requested first.
type facts struct {
	buildings, executors, numbers, residents []string
	homes                                    []dwelling
}

// dwelling is where somebody lives.
type dwelling struct{ Building, Apartment, Resident string }

func (b *bench) look() (f facts) {
	b.t.Helper()
	f.buildings = b.texts("SELECT building_id::text FROM requests WHERE tenant_id = 'load' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 50")
	f.buildings = append(f.buildings, b.texts("SELECT building_id::text FROM requests WHERE tenant_id = 'load' GROUP BY 1 ORDER BY count(*), 1 LIMIT 50")...)
	f.executors = b.texts("SELECT executor_id::text FROM requests WHERE tenant_id = 'load' AND executor_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 50")
	f.residents = b.texts("SELECT applicant_id::text FROM requests WHERE tenant_id = 'load' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 50")
	f.numbers = b.texts("SELECT number FROM requests WHERE tenant_id = 'load' ORDER BY md5(id::text) LIMIT 200")
	rows, err := b.s.Pool.Query(b.t.Context(), `SELECT a.building_id::text, a.id::text, l.user_id::text FROM user_apartments l
		JOIN apartments a ON a.tenant_id = l.tenant_id AND a.id = l.apartment_id WHERE l.tenant_id = 'load' AND l.status = 'approved' LIMIT 1000`)
	if err != nil {
		b.t.Fatal(err)
	}
	if f.homes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[dwelling]); err != nil {
		b.t.Fatal(err)
	}
	return f
}

func (b *bench) texts(sql string) []string {
	b.t.Helper()
	rows, err := b.s.Pool.Query(b.t.Context(), sql)
	if err != nil {
		b.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func encode(t *testing.T, body any) []byte {
	t.Helper()
	if body == nil {
		return nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// nth is a value of several, another for each n.
func nth(of []string, n int) string { return of[n%len(of)] }

// Values to ask with.
var (
	categories = []string{"plumbing", "electricity", "heating", "lift", "cleaning", "grounds", "security", "internet_tv", "ventilation", "other"}
	urgencies  = []string{"normal", "medium", "urgent", "critical"}
	statuses   = []string{"accepted", "new", "in_progress", "purchase", "clarification", "completed", "confirmed", "returned", "cancelled"}
	groups     = []string{"open", "active", "waiting", "done", "closed"}
)

// filter is one parameter of a list with a value for each n.
type filter struct {
	name  string
	value func(b *bench, n int) string
}

// filters are all of a list's, but for words.
var filters = []filter{
	{"status_group", func(_ *bench, n int) string { return nth(groups, n) }},
	{"status", func(_ *bench, n int) string { return nth(statuses, n) }},
	{"category", func(_ *bench, n int) string { return nth(categories, n) }},
	{"urgency", func(_ *bench, n int) string { return nth(urgencies, n) }},
	{"building", func(b *bench, n int) string { return nth(b.facts.buildings, n) }},
	{"executor", func(b *bench, n int) string { return nth(b.facts.executors, n) }},
	{"applicant", func(b *bench, n int) string { return nth(b.facts.residents, n) }},
	{"from", func(b *bench, n int) string { return b.s.Clock.Now().AddDate(0, 0, -1-n%600).Format(time.RFC3339) }},
	{"to", func(b *bench, n int) string { return b.s.Clock.Now().AddDate(0, 0, -n%600).Format(time.RFC3339) }},
	{"free", func(*bench, int) string { return "true" }},
	{"overdue", func(*bench, int) string { return "true" }},
}

// sorts of a list.
var sorts = []string{"newest", "oldest", "due"}

// probes are lists, searches and new requests.
func (b *bench) probes() []probe {
	lists := []probe{
		b.list("all", access.Manager, nil), b.list("sort=due", access.Manager, url.Values{"sort": {"due"}}),
		b.list("own, of an executor", access.Executor, nil), b.list("mine, of an executor", access.Executor, url.Values{"mine": {"true"}}),
		b.list("own, of a resident", access.Applicant, nil),
	}
	for _, f := range filters {
		lists = append(lists, b.filtered(f))
	}
	lists = append(lists, b.anyFilters(), b.deep())
	return append(append(lists, b.searches()...), b.creates()...)
}

func (b *bench) list(name string, as access.Role, values url.Values) probe {
	return probe{"list " + name, goalList, as, http.MethodGet, b.times, func(int) (string, any) { return "/requests?" + values.Encode(), nil }}
}

func (b *bench) filtered(f filter) probe {
	return probe{"list by " + f.name, goalList, access.Manager, http.MethodGet, b.times, func(n int) (string, any) {
		return "/requests?" + url.Values{f.name: {f.value(b, n)}}.Encode(), nil
	}}
}

// anyFilters asks with every combination of filters, in every order that there
// is; when it is no measurement, with some of them.
func (b *bench) anyFilters() probe {
	all := len(sorts) << len(filters)
	some := min(all, b.times*8)
	if b.requests >= measured {
		some = all
	}
	rng := rand.New(rand.NewPCG(3, 3))
	return probe{"list by any combination", goalList, access.Manager, http.MethodGet, some, func(n int) (string, any) {
		n = n * 7919 % all // a prime: any part of them is spread over all
		values := url.Values{"sort": {nth(sorts, n)}}
		for i, f := range filters {
			if n/len(sorts)>>i&1 == 1 {
				values.Set(f.name, f.value(b, rng.IntN(1000)))
			}
		}
		return "/requests?" + values.Encode(), nil
	}}
}

// deep follows the cursor from page to page.
func (b *bench) deep() probe {
	cursor := ""
	return probe{"list, page after page of 200", goalList, access.Manager, http.MethodGet, b.times, func(int) (string, any) {
		path := "/requests?limit=200"
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		_, raw, _ := b.send(access.Manager, http.MethodGet, path, nil) // asked twice: once to learn where it goes on
		var page struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			b.t.Fatal(err)
		}
		cursor = page.Next
		return path, nil
	}}
}

// searches are words that many, few and no requests have, in both languages, and numbers.
func (b *bench) searches() []probe {
	all := []probe{}
	for _, s := range []struct {
		name  string
		words []string
	}{
		{"a common word", []string{"кран", "лифт", "свет", "вода"}},
		{"two common words", []string{"кран кухня", "холодные батареи", "этаж лифт"}},
		{"a rare word", []string{"аристон", "аквариум", "пианино"}},
		{"a common and a rare word", []string{"кран аквариум", "лифт пианино"}},
		{"a word in Uzbek", []string{"jo‘mrak", "qo'shni", "batareyalar", "suv oqyapti", "yo`lak"}},
		{"a rare word in Uzbek", []string{"akvarium", "gazchi"}},
		{"no such word", []string{"дирижабль", "samolyot"}},
		{"an address", []string{"Чиланзар дом 7", "Yakkasaroy 2-й квартал", "Сергели"}},
	} {
		all = append(all, b.search(s.name, func(n int) url.Values { return url.Values{"q": {nth(s.words, n)}} }))
	}
	return append(
		all,
		b.search("a number", func(n int) url.Values { return url.Values{"q": {nth(b.facts.numbers, n)}} }),
		b.search("the beginning of a number", func(n int) url.Values { return url.Values{"q": {nth(b.facts.numbers, n)[:8]}} }),
		b.search("a common word of one category", func(n int) url.Values {
			return url.Values{"q": {"кран"}, "category": {nth(categories, n)}}
		}),
		b.search("a rare word among the open", func(int) url.Values { return url.Values{"q": {"аквариум"}, "status_group": {"open"}} }),
		b.search("a common word, oldest first", func(int) url.Values { return url.Values{"q": {"кран"}, "sort": {"oldest"}} }),
		b.people("a name", []string{"Каримов", "Ольга Петров", "G'ulomov", "Юлдашев", "Otabek"}),
		b.people("a name misspelt", []string{"Каримоф", "Сергей Волкав", "Xolmatof"}),
		b.people("a phone", []string{"998000001500", "0002345", "1777"}),
	)
}

func (b *bench) search(name string, values func(n int) url.Values) probe {
	return probe{"search " + name, goalSearch, access.Manager, http.MethodGet, b.times, func(n int) (string, any) {
		return "/requests?" + values(n).Encode(), nil
	}}
}

func (b *bench) people(name string, words []string) probe {
	return probe{"search people by " + name, goalSearch, access.Manager, http.MethodGet, b.times, func(n int) (string, any) {
		return "/users?" + url.Values{"q": {nth(words, n)}}.Encode(), nil
	}}
}

// creates are new requests, for residents by a manager.
func (b *bench) creates() []probe {
	description := strings.Repeat("Течёт кран на кухне, вода на полу. ", 3)
	return []probe{{"create", goalCreate, access.Manager, http.MethodPost, 4 * b.times, func(n int) (string, any) {
		home := b.facts.homes[n%len(b.facts.homes)]
		return "/requests", map[string]string{
			"category": nth(categories, n), "urgency": nth(urgencies, n), "description": description + fmt.Sprint(n),
			"building_id": home.Building, "apartment_id": home.Apartment, "applicant_id": home.Resident,
		}
	}}}
}

// warm asks for statistics until all days are counted, as they are in a company
// that has them counted every day.
func (b *bench) warm() {
	b.t.Helper()
	began := time.Now()
	b.ask(access.Manager, http.MethodGet, "/reports/requests?days=90", nil)
	b.t.Logf("90 days counted for the first time in %s", time.Since(began).Round(time.Millisecond))
}

// statistics are the figures of each period, of all and of parts.
func (b *bench) statistics() (all []probe) {
	for _, days := range []string{"7", "30", "90"} {
		for _, f := range []filter{{"", nil}, filters[2], filters[5]} {
			name := "statistics of " + days + " days"
			if f.name != "" {
				name += " by " + f.name
			}
			all = append(all, probe{name, goalStatistics, access.Manager, http.MethodGet, b.times, func(n int) (string, any) {
				values := url.Values{"days": {days}}
				if f.name != "" {
					values.Set(f.name, f.value(b, n))
				}
				return "/reports/requests?" + values.Encode(), nil
			}})
		}
	}
	return all
}
