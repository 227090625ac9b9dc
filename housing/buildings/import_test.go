package buildings_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/housing/buildings"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/dbtest"
)

// desk is a database with the companies acme and other.
type desk struct {
	*testing.T
	pool  *pgxpool.Pool
	store unit.Store
}

func newDesk(t *testing.T) desk {
	t.Helper()
	pool := dbtest.New(t)
	if _, err := pool.Exec(t.Context(), "INSERT INTO companies (tenant_id, name) VALUES ('acme', 'A'), ('other', 'B')"); err != nil {
		t.Fatal(err)
	}
	return desk{t, pool, unit.Store{Pool: pool, Now: time.Now}}
}

func (d desk) load(tenant, file string, opt buildings.ImportOptions) buildings.Report {
	d.Helper()
	report, err := buildings.Import(d.Context(), d.store, tenant, strings.NewReader(file), opt)
	if err != nil {
		d.Fatal(err)
	}
	return report
}

// register is everything a tenant has, line by line.
func (d desk) register(tenant string) []string {
	d.Helper()
	rows, err := d.pool.Query(d.Context(), `
		SELECT concat_ws('|', y.name, b.address, b.lat, b.lon, coalesce(e.number, '-'), a.number, a.floor, b.version, a.version)
		FROM yards y JOIN buildings b ON b.yard_id = y.id LEFT JOIN apartments a ON a.building_id = b.id LEFT JOIN entrances e ON e.id = a.entrance_id
		WHERE y.tenant_id = $1 ORDER BY b.address, a.sort_key`, tenant)
	if err != nil {
		d.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			d.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func (d desk) wants(tenant string, want ...string) {
	d.Helper()
	if got := d.register(tenant); !slices.Equal(got, want) {
		d.Errorf("the register of %s is\n%s\nwant\n%s", tenant, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const twoHouses = `двор;адрес;подъезд;квартира;этаж;широта;долгота
Ц-1;Ц-1, дом 1;1;1;1;41,31;69,28
Ц-1;Ц-1, дом 1;1;2;1;;
Ц-1;Ц-1, дом 2;;;;;
`

var all = buildings.Counts{Yards: 1, Buildings: 2, Entrances: 1, Apartments: 2}

func TestADryRunTellsAndChangesNothing(t *testing.T) {
	d := newDesk(t)
	report := d.load("acme", twoHouses, buildings.ImportOptions{DryRun: true})
	if report.Created != all || report.Imported || !report.DryRun || report.Lines != 3 || report.Good != 3 {
		t.Errorf("a dry run reports %+v", report)
	}
	d.wants("acme")
	if report := d.load("acme", twoHouses+"Ц-1;;;;;;\n", buildings.ImportOptions{DryRun: true}); report.Clean() || report.Created != all || report.Refusal() != nil {
		t.Errorf("a dry run of a bad file reports %+v", report)
	}
}

func TestAnImportAgainChangesNothing(t *testing.T) {
	d := newDesk(t)
	if report := d.load("acme", twoHouses, buildings.ImportOptions{}); report.Created != all || !report.Imported {
		t.Errorf("the first import reports %+v", report)
	}
	want := []string{"Ц-1|Ц-1, дом 1|41.31|69.28|1|1|1|1|1", "Ц-1|Ц-1, дом 1|41.31|69.28|1|2|1|1|1", "Ц-1|Ц-1, дом 2|-|1"}
	d.wants("acme", want...)
	report := d.load("acme", twoHouses, buildings.ImportOptions{})
	if report.Unchanged != all || report.Created != (buildings.Counts{}) || report.Updated != (buildings.Counts{}) || !report.Imported {
		t.Errorf("the second import reports %+v", report)
	}
	d.wants("acme", want...)
	d.wants("other")
}

func TestAnImportUpdatesWhatTheFileSaysOtherwise(t *testing.T) {
	d := newDesk(t)
	d.load("acme", twoHouses, buildings.ImportOptions{})
	const change = "yard,address,entrance,apartment,floor,lat,lon\n" +
		"Ц-2,\"Ц-1, дом 1\",2,1,,,\n" + // moves to another yard; the apartment to another entrance, its floor stays
		"Ц-1,\"Ц-1, дом 2\",,,,41.5,69.5\n" // is found
	want := buildings.Counts{Buildings: 2, Apartments: 1}
	for _, dry := range []bool{true, false} {
		report := d.load("acme", change, buildings.ImportOptions{DryRun: dry})
		if report.Updated != want || report.Created != (buildings.Counts{Yards: 1, Entrances: 1}) || report.Unchanged != (buildings.Counts{Yards: 1}) {
			t.Errorf("dry run %v reports %+v", dry, report)
		}
	}
	d.wants("acme", "Ц-2|Ц-1, дом 1|41.31|69.28|2|1|1|2|2", "Ц-2|Ц-1, дом 1|41.31|69.28|1|2|1|2|1", "Ц-1|Ц-1, дом 2|41.5|69.5|-|2")
}

func TestABadFileIsImportedOnlyWhenToldTo(t *testing.T) {
	d := newDesk(t)
	bad := strings.Replace(twoHouses, ";1;2;1;", ";1;2;первый;", 1)
	report := d.load("acme", bad, buildings.ImportOptions{})
	refusal := problem.As(report.Refusal())
	if report.Imported || refusal == nil || refusal.Code != problem.Invalid || refusal.Errors[0].Pointer != "line/3/этаж" {
		t.Fatalf("refused with %+v, report %+v", refusal, report)
	}
	d.wants("acme")
	report = d.load("acme", bad, buildings.ImportOptions{SkipBad: true})
	if !report.Imported || report.Refusal() != nil || report.Skipped != 1 || report.Bad != 1 || report.Created.Apartments != 1 {
		t.Errorf("skipping reports %+v", report)
	}
	d.wants("acme", "Ц-1|Ц-1, дом 1|41.31|69.28|1|1|1|1|1", "Ц-1|Ц-1, дом 2|-|1")
	report = d.load("acme", "nonsense\n1\n", buildings.ImportOptions{SkipBad: true})
	if refusal := problem.As(report.Refusal()); report.Imported || refusal == nil || len(refusal.Errors) != 3 {
		t.Errorf("a file without a header, skipping: %+v", report)
	}
}

func TestTenantsDoNotMeet(t *testing.T) {
	d := newDesk(t)
	d.load("other", twoHouses, buildings.ImportOptions{})
	before := d.register("other")
	report := d.load("acme", strings.ReplaceAll(twoHouses, "41,31", "42"), buildings.ImportOptions{})
	if report.Created != all {
		t.Errorf("beside another tenant's same addresses: %+v", report)
	}
	d.wants("other", before...)
	for _, dry := range []bool{true, false} {
		_, err := buildings.Import(t.Context(), d.store, "nobody", strings.NewReader(twoHouses), buildings.ImportOptions{DryRun: dry})
		if !problem.Is(err, problem.NotFound) {
			t.Errorf("a company that is not there, dry run %v: %v", dry, err)
		}
	}
}

func TestAFileTooLargeIsRefused(t *testing.T) {
	d := newDesk(t)
	_, err := buildings.Import(t.Context(), d.store, "acme", strings.NewReader(twoHouses), buildings.ImportOptions{MaxBytes: 100})
	if !problem.Is(err, problem.TooLarge) {
		t.Errorf("got %v", err)
	}
}

// bigFile has n apartments, 100 to a building of 4 entrances.
func bigFile(n int) string {
	var b strings.Builder
	b.WriteString("yard,address,entrance,apartment,floor,lat,lon\n")
	for i := range n {
		house, flat := i/100, i%100
		fmt.Fprintf(&b, "Yard %d,\"Street %d, %d\",%d,%d,%d,41.%03d,69.%03d\n", house/10, house/10, house, 1+flat/25, 1+flat, 1+flat%25/5, house%1000, house%1000)
	}
	return b.String()
}

// importLimit is far above what 10,000 lines take (0.3 s on two idle cores), for slow machines.
const importLimit = time.Minute

func TestTenThousandLinesAreImportedInSeconds(t *testing.T) {
	d := newDesk(t)
	file := bigFile(10_000)
	want := buildings.Counts{Yards: 10, Buildings: 100, Entrances: 400, Apartments: 10_000}
	began, steps := time.Now(), 0
	report := d.load("acme", file, buildings.ImportOptions{Progress: func(done, total int) {
		steps++
		if done > total || total != want.Apartments {
			t.Errorf("progress %d of %d", done, total)
		}
	}})
	took := time.Since(began)
	t.Logf("10,000 lines in %v", took)
	if report.Created != want || steps < 2 || took > importLimit {
		t.Errorf("in %v with %d steps: %+v", took, steps, report)
	}
	began = time.Now()
	if report := d.load("acme", file, buildings.ImportOptions{}); report.Unchanged != want {
		t.Errorf("again: %+v", report)
	}
	t.Logf("again in %v", time.Since(began))
}

func TestImportsAtTheSameTimeMakeEverythingOnce(t *testing.T) {
	d := newDesk(t)
	file := bigFile(1000)
	reports := make([]buildings.Report, 4)
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() {
			report, err := buildings.Import(context.WithoutCancel(t.Context()), d.store, "acme", strings.NewReader(file), buildings.ImportOptions{})
			if err != nil {
				t.Error(err)
			}
			reports[i] = report
		})
	}
	wg.Wait()
	created := 0
	for _, report := range reports {
		created += report.Created.Apartments
	}
	if created != 1000 || len(d.register("acme")) != 1000 {
		t.Errorf("%d created, %d there", created, len(d.register("acme")))
	}
}
