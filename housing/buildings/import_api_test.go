package buildings_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"ukbot/api"
	"ukbot/housing/housingtest"
)

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
