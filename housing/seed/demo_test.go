package seed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/access"
	"ukbot/housing/seed"
	"ukbot/housing/workflow"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// noon is a moment of the day on which these companies are made.
var noon = time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// texts is the first column of a query, in its order.
func texts(t testing.TB, pool *pgxpool.Pool, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), query, args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		all = append(all, text)
	}
	must(t, rows.Err())
	return all
}

func count(t testing.TB, pool *pgxpool.Pool, what string) (n int) {
	t.Helper()
	must(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM "+what).Scan(&n))
	return n
}

// tables are all that a seed fills, each with what puts its rows in an order.
var tables = map[string]string{
	"companies": "tenant_id", "yards": "id", "buildings": "id", "entrances": "id", "apartments": "id", "users": "id",
	"user_apartments": "user_id, apartment_id", "shifts": "id", "request_numbers": "day", "requests": "id",
	"request_history": "request_id, seq", "request_comments": "id",
}

// content is every row of every table, but for when it was stored.
func content(t testing.TB, pool *pgxpool.Pool) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for table, order := range tables {
		drop := "'{}'"
		if table == "companies" || table == "yards" || table == "buildings" || table == "apartments" {
			drop = "'{created_at,updated_at}'" // of the database's clock
		}
		all[table] = texts(t, pool, fmt.Sprintf("SELECT (to_jsonb(x) - %s::text[])::text FROM %s x ORDER BY %s", drop, table, order))
	}
	return all
}

func TestDemoIsWhatIsPromised(t *testing.T) {
	pool := dbtest.New(t)
	must(t, seed.Demo(t.Context(), pool, "demo", noon))
	for what, want := range map[string]int{
		"companies WHERE time_zone = 'Asia/Tashkent'": 1, "yards": 3, "buildings": 12, "apartments": 400, "entrances": 32,
		"users": 40, "users WHERE status = 'pending'": 3, "users WHERE status = 'blocked'": 1,
		"users WHERE 'executor' = ANY (roles) AND cardinality(specialisations) > 0":                  11,
		"users WHERE telegram_id = 1001 AND active_role = 'applicant' AND name = 'Дилноза Каримова'": 1,
		"users WHERE telegram_id = 2002 AND active_role = 'manager' AND name = 'Ольга Петрова'":      1,
		"user_apartments WHERE status = 'pending'":                                                   5,
		"requests": 200,
		"requests WHERE created_at < '2026-03-02 07:00+00'::timestamptz - interval '93 days' OR updated_at > '2026-03-02 07:00+00'": 0,
		"shifts WHERE status = 'open' AND '2026-03-02 07:00+00' BETWEEN starts_at AND ends_at":                                      8,
		"outbox WHERE subject NOT LIKE 'clock.request.demo.%'":                                                                      0,
	} {
		if got := count(t, pool, what); got != want {
			t.Errorf("%s: %d rows, want %d", what, got, want)
		}
	}
	for what, least := range map[string]int{
		"requests WHERE description ~ '[а-я]'": 60, "requests WHERE description !~ '[а-я]'": 60, "request_comments": 50,
		"request_comments WHERE visibility = 'internal'": 5, "requests WHERE stars IS NOT NULL": 100, "outbox": 5,
		"requests WHERE applicant_id = (SELECT id FROM users WHERE telegram_id = 1001)": 10,
		"requests WHERE completion_overdue_at IS NOT NULL":                              5,
		"shifts WHERE user_id IS NULL AND status = 'planned'":                           5,
		"(SELECT DISTINCT status FROM requests) s":                                      len(workflow.Statuses),
		"(SELECT DISTINCT category FROM requests) c":                                    10,
	} {
		if got := count(t, pool, what); got < least {
			t.Errorf("%s: %d rows, want %d at least", what, got, least)
		}
	}
	replays(t, pool)
	numbered(t, pool)
}

// line is what of history a replay needs.
type line struct {
	seq              int64
	action, role     string
	from, to, reason string
}

// replays checks that every step of every request is in the workflow's table
// and that they end where the request stands.
func replays(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, request := range texts(t, pool, "SELECT id::text FROM requests") {
		status, lines := history(t, pool, request)
		var at workflow.Status
		for n, l := range lines {
			if l.seq != int64(n+1) || l.from != string(at) {
				t.Fatalf("request %s: line %d has seq %d and begins in %q, not in %q", request, n+1, l.seq, l.from, at)
			}
			at = workflow.Status(l.to)
			if l.action == "create" || l.from == l.to {
				continue
			}
			row, err := workflow.Find(workflow.Status(l.from), workflow.Action(l.action), access.Role(l.role), true)
			if err != nil || row.To != at {
				t.Fatalf("request %s: %s by %s leads from %s to %s: %v", request, l.action, l.role, l.from, l.to, err)
			}
			if (row.Wants(workflow.Reason) || row.Wants(workflow.Comment) || row.Wants(workflow.LongComment)) && l.reason == "" {
				t.Errorf("request %s: %s without a word", request, l.action)
			}
		}
		if string(at) != status {
			t.Errorf("request %s is %s, its history ends in %s", request, status, at)
		}
	}
}

func history(t *testing.T, pool *pgxpool.Pool, request string) (status string, lines []line) {
	t.Helper()
	var version int64
	must(t, pool.QueryRow(t.Context(), "SELECT status, version FROM requests WHERE id = $1", request).Scan(&status, &version))
	rows, err := pool.Query(t.Context(), "SELECT seq, action, actor_role, from_status, to_status, coalesce(reason, '') FROM request_history WHERE request_id = $1 ORDER BY seq", request)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var l line
		must(t, rows.Scan(&l.seq, &l.action, &l.role, &l.from, &l.to, &l.reason))
		lines = append(lines, l)
	}
	must(t, rows.Err())
	if version != int64(len(lines)) {
		t.Errorf("request %s has version %d and %d lines of history", request, version, len(lines))
	}
	return status, lines
}

// numbered checks that the numbers of a day have no gap and that the next will follow.
func numbered(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	rows := texts(t, pool, `SELECT json_build_object('day', to_char(n.day, 'YYMMDD'), 'last', n.last, 'numbers', array_agg(r.number ORDER BY r.created_at, r.id))::text
		FROM request_numbers n JOIN requests r ON (r.created_at AT TIME ZONE 'Asia/Tashkent')::date = n.day GROUP BY n.day, n.last`)
	seen := 0
	for _, raw := range rows {
		var day struct {
			Day     string
			Last    int
			Numbers []string
		}
		must(t, json.Unmarshal([]byte(raw), &day))
		for i, number := range day.Numbers {
			if want := fmt.Sprintf("%s-%03d", day.Day, i+1); number != want {
				t.Errorf("number %s, want %s", number, want)
			}
		}
		if day.Last != len(day.Numbers) {
			t.Errorf("day %s: last number %d of %d", day.Day, day.Last, len(day.Numbers))
		}
		seen += len(day.Numbers)
	}
	if all := count(t, pool, "requests"); seen != all {
		t.Errorf("%d of %d requests have their number of their day", seen, all)
	}
}

func TestDemoIsTheSameOnEveryRunOfADay(t *testing.T) {
	one, two := dbtest.New(t), dbtest.New(t)
	must(t, seed.Demo(t.Context(), one, "demo", noon))
	must(t, seed.Demo(t.Context(), two, "demo", noon))
	was := content(t, one)
	same(t, was, content(t, two))
	schedules := count(t, one, "outbox")
	for _, later := range []time.Duration{0, time.Hour, 24 * time.Hour} {
		must(t, seed.Demo(t.Context(), one, "demo", noon.Add(later)))
		same(t, was, content(t, one))
	}
	if got := count(t, one, "outbox"); got != schedules {
		t.Errorf("%d schedules after more runs, want %d", got, schedules)
	}
}

func same(t *testing.T, want, got map[string][]string) {
	t.Helper()
	for table := range tables {
		if len(want[table]) != len(got[table]) {
			t.Errorf("%s: %d rows, want %d", table, len(got[table]), len(want[table]))
			continue
		}
		for i := range want[table] {
			if want[table][i] != got[table][i] {
				t.Errorf("%s: %s, want %s", table, got[table][i], want[table][i])
				break
			}
		}
	}
}

func TestDemoLeavesWhatIsThere(t *testing.T) {
	pool := dbtest.New(t)
	must(t, seed.Demo(t.Context(), pool, "demo", noon))
	_, err := pool.Exec(t.Context(), "UPDATE companies SET name = 'Другая'; UPDATE requests SET description = 'исправлено'; DELETE FROM shifts")
	must(t, err)
	must(t, seed.Demo(t.Context(), pool, "demo", noon))
	if n := count(t, pool, "shifts"); n != 0 {
		t.Errorf("%d shifts came back", n)
	}
	if n := count(t, pool, "requests WHERE description <> 'исправлено'"); n != 0 {
		t.Errorf("%d requests were written again", n)
	}
}

func TestDemoBesideOtherTenantsAndPeople(t *testing.T) {
	pool := dbtest.New(t)
	must(t, seed.Demo(t.Context(), pool, "acme", noon))
	_, err := pool.Exec(t.Context(), `INSERT INTO companies (tenant_id, name) VALUES ('demo', 'Наша');
		INSERT INTO users (tenant_id, id, telegram_id, name, language, status, roles, active_role, search)
		VALUES ('demo', gen_random_uuid(), 1001, 'Кто-то', 'ru', 'approved', '{admin}', 'admin', 'x')`)
	must(t, err)
	must(t, seed.Demo(t.Context(), pool, "demo", noon))
	got := strings.Join(texts(t, pool, "SELECT name FROM users WHERE telegram_id = 1001 ORDER BY name"), ", ")
	if got != "Дилноза Каримова, Кто-то" {
		t.Errorf("chat 1001 is of %s", got)
	}
	if name := texts(t, pool, "SELECT name FROM companies WHERE tenant_id = 'demo'")[0]; name != "Наша" {
		t.Errorf("the company is called %s now", name)
	}
}

func TestTwoProcessesSeedOnce(t *testing.T) {
	pool := dbtest.New(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() { errs <- seed.Demo(context.WithoutCancel(t.Context()), pool, "demo", noon) }()
	}
	for range cap(errs) {
		must(t, <-errs)
	}
	if n := count(t, pool, "requests"); n != 200 {
		t.Errorf("%d requests", n)
	}
}
