package users_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/spelling"
	"ukbot/sql/dbtest"
)

var (
	first = []string{"Шухрат", "Ўктам", "Дилноза", "Ольга", "Жамшид", "Гулнора", "Тимур", "Камола", "Рустам", "Феруза", "Бахтиёр", "Нигора"}
	last  = []string{"Каримов", "Хасанов", "Юлдашев", "Рахимова", "Ким", "Мирзаев", "Чориев", "Ғуломов", "Абдуллаев", "Саидов", "Турсунов", "Эргашев"}
)

// crowd fills a tenant with people: one in a hundred is staff, one in fifty waits.
func crowd(t *testing.T, pool *pgxpool.Pool, n int) {
	t.Helper()
	ctx := t.Context()
	if _, err := pool.Exec(ctx, "INSERT INTO companies (tenant_id, name) VALUES ('acme', 'Acme')"); err != nil {
		t.Fatal(err)
	}
	columns := []string{"tenant_id", "id", "name", "phone", "language", "status", "roles", "active_role", "search"}
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"users"}, columns, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		name := first[i%len(first)] + " " + last[i/len(first)%len(last)] + fmt.Sprintf("%c%c", 'а'+i%32, 'а'+i/32%32)
		phone, status, role := fmt.Sprintf("+9989%08d", i*7919%100000000), "approved", "applicant"
		if i%50 == 1 {
			status = "pending"
		}
		if i%100 == 0 {
			role = "executor"
		}
		return []any{"acme", uuid.Must(uuid.NewV7()), name, phone, "ru", status, []string{role}, role, spelling.Fold(name + " " + phone)}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, "VACUUM ANALYZE users"); err != nil {
		t.Fatal(err)
	}
}

// query is a statement of sql/queries/users.sql as the database gets it, with
// its arguments in the order of their first use.
func query(t *testing.T, name string) (statement string, args []string) {
	t.Helper()
	text, err := os.ReadFile("../../sql/queries/users.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "-- name: "+name+" :")
	if !ok {
		t.Fatalf("no query %s", name)
	}
	statement = regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(after[strings.Index(after, "\n"):], "")
	statement, _, _ = strings.Cut(statement, ";")
	statement = regexp.MustCompile(`sqlc\.embed\((\w+)\)`).ReplaceAllString(statement, "$1.*")
	statement = regexp.MustCompile(`sqlc\.narg\((\w+)\)`).ReplaceAllString(statement, "@$1")
	statement = regexp.MustCompile(`@(\w+)`).ReplaceAllStringFunc(statement, func(at string) string {
		for i, have := range args {
			if have == at[1:] {
				return fmt.Sprintf("$%d", i+1)
			}
		}
		args = append(args, at[1:])
		return fmt.Sprintf("$%d", len(args))
	})
	return statement, args
}

// plans is how the database runs a query for these arguments, and for any: a
// prepared statement changes to the latter after five runs.
func plans(t *testing.T, conn *pgx.Conn, name string, values map[string]string) (all []string) {
	t.Helper()
	ctx := context.Background()
	statement, args := query(t, name)
	given := make([]string, len(args))
	for i, arg := range args {
		value, ok := values[arg]
		if !ok {
			value = "''"
		}
		given[i] = value
	}
	exec := func(sql string) {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("DEALLOCATE ALL")
	exec("PREPARE q AS " + statement)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		exec("SET plan_cache_mode = " + mode)
		rows, err := conn.Query(ctx, "EXPLAIN EXECUTE q("+strings.Join(given, ", ")+")", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, mode+"\n"+strings.Join(lines, "\n"))
	}
	return all
}

func TestNoListReadsTheWholeTable(t *testing.T) {
	pool := dbtest.New(t)
	crowd(t, pool, 20_000)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	page := map[string]string{"tenant_id": "'acme'", "page_size": "51", "before": "'9999-01-01'", "before_id": "'" + uuid.Max.String() + "'", "among": "NULL"}
	with := func(more ...string) map[string]string {
		values := map[string]string{}
		for key, value := range page {
			values[key] = value
		}
		for i := 0; i < len(more); i += 2 {
			values[more[i]] = "'" + more[i+1] + "'"
		}
		return values
	}
	for name, tc := range map[string]struct {
		query  string
		values map[string]string
		index  string
	}{
		"everybody":            {"Users", with(), "users_list"},
		"who waits":            {"UsersNotApproved", with("status", "pending"), "users_waiting"},
		"staff":                {"Staff", with("role", "executor"), "users_staff"},
		"people of a building": {"UsersAmong", with("among", "{"+uuid.NewString()+","+uuid.NewString()+"}"), "users_pkey"},
		"a rare name":          {"UsersWithWords", with("pattern", "%shahrat%", "other_pattern", "%hamrakalav%", "more", "{}"), "users_search"},
		"a surname of many":    {"UsersWithWords", with("pattern", "%karimav%", "other_pattern", "%", "more", "{}"), "users_"},
		"digits of a phone":    {"UsersWithWords", with("pattern", "%1234567%", "other_pattern", "%", "more", "{}"), "users_search"},
		"two letters":          {"UsersWithWords", with("pattern", "% ka%", "other_pattern", "%", "more", "{}"), "users_"},
		"a name with a typo":   {"UsersAlike", with("form", spelling.Fold("Shuhrat Karinov"), "below", "2"), "users_search"},
		"a typo of many":       {"UsersAlike", with("form", spelling.Fold("Каринов"), "below", "2"), "users_search"},
		"a phone":              {"UserByPhone", with("phone", "+998912345678"), "users_phone"},
		"a Telegram account":   {"LockUserByTelegram", map[string]string{"tenant_id": "'acme'", "telegram_id": "5"}, "users_tenant_id_telegram_id_key"},
		"administrators":       {"LockAdmins", with(), "users_staff"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, plan := range plans(t, conn.Conn(), tc.query, tc.values) {
				if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, tc.index) {
					t.Errorf("want %s and no sequential scan:\n%s", tc.index, plan)
				}
			}
		})
	}
}
