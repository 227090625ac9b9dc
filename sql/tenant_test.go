// Package sql_test reads the queries: what belongs to tenants is never touched
// without saying whose it is.
package sql_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ofAllTenants are the queries that may work on all tenants at once, each with
// its reason. Nothing that answers a request may stand here.
var ofAllTenants = map[string]string{
	"NextOutbox":           "one relay publishes for all tenants; the subject names whose each event is",
	"DeleteOutbox":         "the relay removes what it read, by its own numbers",
	"OutboxAge":            "a figure for operators, without a row of anybody",
	"Companies":            "the list of tenants, for whoever operates the installation; no API reads it",
	"AllHooks":             "the copy in NATS is of all configurations; its keys begin with the tenant",
	"AllBots":              "the copy in NATS is of all bots; its keys are the tenants",
	"PruneWebhookKeys":     "retention, by age",
	"PruneWebhookRepeats":  "retention, by age",
	"PruneWebhookAttempts": "retention, by age",
	"PruneNotices":         "retention, by age",
	"PruneBotMetrics":      "retention, by age",
	"APIKeyByHash":         "the key itself says whose it is: 260 random bits, its hash unique over all tenants",
	"RecentRevocations":    "every replica refuses the revoked tokens of all tenants; what it holds is keyed by tenant",
	"SweepRevocations":     "retention, by age",
	"SweepSessions":        "retention, by age",
	"SweepRefreshTokens":   "retention, by age",
	"PruneIdempotencyKeys": "retention, by age",
}

// ofNoTenant are the tables without a tenant_id, each with its reason.
var ofNoTenant = map[string]string{
	"auth_signing_keys": "one installation signs for all its tenants; a token says whose it is",
}

var (
	createTable = regexp.MustCompile(`(?is)CREATE TABLE (\w+) \((.*?)\n\)`)
	queryStart  = regexp.MustCompile(`(?m)^-- name: (\w+) :(\w+)$`)
	comment     = regexp.MustCompile(`--[^\n]*`)
	// touched is a table with the name that the statement gives it.
	touched = regexp.MustCompile(`(?i)\b(FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?`)
	inserts = regexp.MustCompile(`(?is)INSERT INTO (\w+)\s*\(([^)]*)\)`)
	keyword = regexp.MustCompile(`(?i)^(SET|WHERE|ON|ORDER|GROUP|LIMIT|VALUES|JOIN|FOR|USING|SELECT)$`)
)

func TestEveryQueryNamesItsTenant(t *testing.T) {
	tables := tenantTables(t)
	if len(tables) < 9 {
		t.Fatalf("found only the tables %v", slices.Sorted(maps.Keys(tables)))
	}
	allowed := maps.Clone(ofAllTenants)
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("queries: %v, %v", files, err)
	}
	for _, file := range files {
		for name, query := range queries(t, file) {
			flaw := tenantFlaw(query, tables)
			if _, ok := allowed[name]; ok {
				if flaw == "" {
					t.Errorf("%s names its tenant: take it off ofAllTenants", name)
				}
				delete(allowed, name)
				continue
			}
			if flaw != "" {
				t.Errorf("%s in %s: %s", name, file, flaw)
			}
		}
	}
	for name := range allowed {
		t.Errorf("ofAllTenants names %s, which is no query", name)
	}
}

// TestTheReaderOfQueriesNoticesFlaws keeps the test above honest.
func TestTheReaderOfQueriesNoticesFlaws(t *testing.T) {
	tables := map[string]bool{"payments": true, "people": true}
	for name, tc := range map[string]struct {
		query string
		fine  bool
	}{
		"a filter":                        {"SELECT * FROM payments WHERE tenant_id = @tenant_id AND id = @id", true},
		"none":                            {"SELECT * FROM payments WHERE id = @id", false},
		"one in a comment":                {"SELECT * FROM payments WHERE id = @id -- tenant_id = @tenant_id", false},
		"selected, not filtered":          {"SELECT tenant_id FROM payments", false},
		"a join by tenant":                {"SELECT * FROM payments p JOIN people q ON q.tenant_id = p.tenant_id WHERE p.tenant_id = @tenant_id", true},
		"a join that leaves it out":       {"SELECT * FROM payments p JOIN people q ON q.id = p.payer WHERE p.tenant_id = @tenant_id", false},
		"a subquery that leaves it out":   {"SELECT * FROM payments p WHERE p.tenant_id = @t AND EXISTS (SELECT 1 FROM people q WHERE q.id = p.payer)", false},
		"an insert with it":               {"INSERT INTO payments (tenant_id, id) VALUES (@tenant_id, @id)", true},
		"an insert without":               {"INSERT INTO payments (id) VALUES (@id)", false},
		"an update without":               {"UPDATE payments SET tenant_id = @tenant_id WHERE id = @id", false},
		"a delete without":                {"DELETE FROM payments WHERE id = @id", false},
		"an alternative that leaves it":   {"SELECT * FROM payments WHERE tenant_id = @t OR id = @id", false},
		"a table that belongs to no one":  {"SELECT * FROM clocks", true},
		"an update from keys":             {"UPDATE payments e SET n = 1 FROM people k WHERE k.tenant_id = @t AND e.tenant_id = k.tenant_id", true},
		"an update from keys of everyone": {"UPDATE payments e SET n = 1 FROM people k WHERE e.tenant_id = k.tenant_id", false},
	} {
		t.Run(name, func(t *testing.T) {
			if flaw := tenantFlaw(tc.query, tables); (flaw == "") != tc.fine {
				t.Errorf("%q: %q, want fine: %v", tc.query, flaw, tc.fine)
			}
		})
	}
}

// tenantTables is every table with a tenant_id, from the migrations.
func tenantTables(t *testing.T) map[string]bool {
	t.Helper()
	tables := map[string]bool{}
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, m := range createTable.FindAllStringSubmatch(read(t, file), -1) {
			if _, ok := ofNoTenant[m[1]]; ok {
				continue
			}
			if !strings.Contains(m[2], "tenant_id") {
				t.Errorf("table %s of %s belongs to no tenant", m[1], file)
			}
			tables[m[1]] = true
		}
	}
	return tables
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// queries is the statements of a file by name.
func queries(t *testing.T, file string) map[string]string {
	t.Helper()
	text, all := read(t, file), map[string]string{}
	starts := queryStart.FindAllStringSubmatchIndex(text, -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all[text[at[2]:at[3]]] = text[at[1]:end]
	}
	return all
}

// tenantFlaw says which table of tenants a statement touches without its
// tenant: each must be tied by tenant_id to a parameter, to the caller's rows,
// or to a table that is.
func tenantFlaw(query string, tables map[string]bool) string {
	query = comment.ReplaceAllString(query, "")
	for _, m := range inserts.FindAllStringSubmatch(query, -1) {
		if tables[m[1]] && !strings.Contains(m[2], "tenant_id") {
			return "inserts into " + m[1] + " without tenant_id"
		}
	}
	loose := map[string]bool{} // names of tables that are tied to nothing yet
	for _, m := range touched.FindAllStringSubmatch(query, -1) {
		if strings.EqualFold(m[1], "INTO") || !tables[m[2]] {
			continue
		}
		name := m[3]
		if name == "" || keyword.MatchString(name) {
			name = m[2]
		}
		loose[name] = true
	}
	single := len(loose) == 1
	for again := true; again; {
		again = false
		for name := range loose {
			if tied(query, name, single, loose) {
				delete(loose, name)
				again = true
			}
		}
	}
	if len(loose) > 0 {
		return "touches " + strings.Join(slices.Sorted(maps.Keys(loose)), ", ") + " without its tenant_id"
	}
	return ""
}

// tied says whether a condition binds a table's tenant_id to something that is
// not loose itself.
func tied(query, name string, single bool, loose map[string]bool) bool {
	column := `\b` + name + `\.tenant_id`
	if single {
		column = `(?:\b` + name + `\.)?\btenant_id`
	}
	condition := regexp.MustCompile(`(?is)(WHERE|ON|AND|OR)\s+` + column + `\s*=\s*(@\w+|(\w+)\.tenant_id)(\s+OR\b)?`)
	for _, m := range condition.FindAllStringSubmatch(query, -1) {
		if !strings.EqualFold(m[1], "OR") && m[4] == "" && (m[3] == "" || !loose[m[3]]) {
			return true
		}
	}
	mirrored := regexp.MustCompile(`(?is)(?:WHERE|ON|AND)\s+(\w+)\.tenant_id\s*=\s*` + column)
	for _, m := range mirrored.FindAllStringSubmatch(query, -1) {
		if !loose[m[1]] {
			return true
		}
	}
	return false
}
