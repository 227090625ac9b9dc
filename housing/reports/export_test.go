package reports_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"ukbot/housing/access"
	"ukbot/nats/natstest"
)

const exportPath = "/reports/requests/export"

// lines reads an exported CSV.
func lines(t *testing.T, raw []byte) [][]string {
	t.Helper()
	text, marked := bytes.CutPrefix(raw, []byte("\ufeff"))
	if !marked || !bytes.Contains(text, []byte("\r\n")) {
		t.Error("Excel would not know that this is UTF-8")
	}
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestExportHasEveryRequestOnce(t *testing.T) {
	w := build(t, 2300, 60) // more than two pages
	got := w.manager.Do("GET", exportPath, nil).Want(t, 200)
	if got.Header.Get("Content-Disposition") != `attachment; filename="requests-2026-03-02.csv"` || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("%v", got.Header)
	}
	want := w.want(w.manager, nil, question{sort: "newest"})
	var numbers []string
	for _, line := range lines(t, got.Raw)[1:] {
		numbers = append(numbers, line[0])
	}
	if !slices.Equal(numbers, want) {
		t.Errorf("%d lines, want the %d requests, newest first", len(numbers), len(want))
	}
	book := w.sheet(t, exportPath+"?format=xlsx")
	if len(book) != len(want)+1 || book[1][0] != want[0] || book[len(want)][0] != want[len(want)-1] {
		t.Errorf("%d lines in the workbook, want %d", len(book)-1, len(want))
	}
}

// sheet reads an exported workbook.
func (w *town) sheet(t *testing.T, path string) [][]string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(w.manager.Do("GET", path, nil).Want(t, 200).Raw))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || book.Close() != nil {
		t.Fatal(err)
	}
	return rows
}

func TestExportSpeaksTheCompanysLanguageAndTime(t *testing.T) {
	w := build(t, 1, 1)
	r := w.requests[0]
	w.exec("UPDATE requests SET status = 'completed', executor_id = $1, category = 'plumbing', urgency = 'critical', stars = 4, review = 'спасибо', completed_at = created_at, paused_at = created_at", w.executors[0].User)
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string][]string{
		"ru": {"№", "Статус", "Выполнена", "Сантехника", "Критическая"},
		"uz": {"№", "Holati", "Bajarildi", "Santexnika", "Favqulodda"},
		"en": {"No.", "Status", "Completed", "Plumbing", "Critical"},
	} {
		w.exec("UPDATE companies SET language = $1, time_zone = 'America/New_York'", language)
		for format, all := range map[string][][]string{
			"csv": lines(t, w.manager.Do("GET", exportPath, nil).Want(t, 200).Raw), "xlsx": w.sheet(t, exportPath+"?format=xlsx"),
		} {
			got := []string{all[0][0], all[0][1], all[1][1], all[1][2], all[1][3]}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: %q, want %q", format, language, got, want)
			}
			if at := r.created.In(zone).Format("2006-01-02 15:04"); all[1][9] != at {
				t.Errorf("%s: made %s, want %s", format, all[1][9], at)
			}
			if all[1][8] == "" || all[1][15] != "4" || all[1][16] != "спасибо" {
				t.Errorf("%s: %q", format, all[1])
			}
		}
	}
}

var plainPhone = regexp.MustCompile(`^\+[0-9]+$`)

// Excel takes the separator of its settings for granted.
func TestExportSeparatesAsItsReaderDoes(t *testing.T) {
	w := build(t, 1, 1)
	w.exec("UPDATE requests SET description = E'кран; течёт,\tсильно'")
	for name, between := range map[string]rune{"": ',', "?separator=comma": ',', "?separator=semicolon": ';', "?separator=tab": '\t'} {
		text, _ := bytes.CutPrefix(w.manager.Do("GET", exportPath+name, nil).Want(t, 200).Raw, []byte("\ufeff"))
		r := csv.NewReader(bytes.NewReader(text))
		r.Comma = between
		all, err := r.ReadAll()
		if err != nil || len(all) != 2 || len(all[0]) < 10 || !slices.Contains(all[1], "кран; течёт,\tсильно") {
			t.Errorf("%q: %q, %v", name, all, err)
		}
	}
	w.manager.Do("GET", exportPath+"?separator=pipe", nil).Want(t, 422)
}

func TestExportHoldsNoFormula(t *testing.T) {
	w := build(t, 200, 30)
	for _, line := range lines(t, w.manager.Do("GET", exportPath, nil).Want(t, 200).Raw)[1:] {
		for _, cell := range line {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") && !plainPhone.MatchString(cell) {
				t.Fatalf("a spreadsheet would calculate %q", cell)
			}
		}
	}
	for _, line := range w.sheet(t, exportPath+"?format=xlsx")[1:] {
		if strings.HasPrefix(line[5], "'") {
			t.Errorf("a workbook's text needs no apostrophe: %q", line[5])
		}
	}
}

func TestExportTakesTheFiltersOfTheList(t *testing.T) {
	w := build(t, 300, 30)
	for _, query := range []string{"status=accepted", "q=лифты", "category=plumbing&urgency=urgent", "overdue=true", "status_group=open", "executor=" + w.executors[0].ID()} {
		want := w.all(w.manager, parse(t, query))
		var got []string
		for _, line := range lines(t, w.manager.Do("GET", exportPath+"?"+parse(t, query).Encode(), nil).Want(t, 200).Raw)[1:] {
			got = append(got, line[0])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s exports %d, lists %d", query, len(got), len(want))
		}
	}
	from, to := w.Clock.Now().AddDate(0, 0, -10).Format(time.RFC3339), w.Clock.Now().AddDate(0, 0, -3).Format(time.RFC3339)
	got := w.manager.Do("GET", exportPath+"?from="+from+"&to="+to, nil).Want(t, 200)
	if got.Header.Get("Content-Disposition") != `attachment; filename="requests-2026-02-20-2026-02-27.csv"` {
		t.Error(got.Header.Get("Content-Disposition"))
	}
}

func TestExportIsForThoseWhoMay(t *testing.T) {
	w := build(t, 20, 5)
	w.residents[0].Do("GET", exportPath, nil).WantProblem(t, 403, "forbidden")
	w.executors[0].Do("GET", exportPath, nil).WantProblem(t, 403, "forbidden")
	w.Anonymous().Do("GET", exportPath, nil).WantProblem(t, 401, "unauthorized")
	if all := lines(t, w.stranger().Do("GET", exportPath, nil).Want(t, 200).Raw); len(all) != 1 {
		t.Errorf("another company's manager gets %d requests", len(all)-1)
	}
	if all := lines(t, w.Key(access.ReportsExport).Do("GET", exportPath, nil).Want(t, 200).Raw); len(all) != 1 {
		t.Errorf("a key that may not see requests gets %d of them", len(all)-1)
	}
	if all := lines(t, w.Key(access.ReportsExport, access.RequestsView).Do("GET", exportPath, nil).Want(t, 200).Raw); len(all) != 21 {
		t.Errorf("a key gets %d requests, want 20", len(all)-1)
	}
}

// TestExportEndsWithItsReader reads a little and hangs up: the server must be
// able to stop afterwards, which Start's cleanup waits for.
func TestExportEndsWithItsReader(t *testing.T) {
	w := build(t, 3000, 60)
	w.exec("UPDATE requests SET description = repeat('длинный текст ', 300)")
	for range 3 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+exportPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.manager.Credential())
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := answer.Body.Read(make([]byte, 100)); err != nil {
			t.Error(err)
		}
		answer.Body.Close()
	}
	natstest.Wait(t, "every connection to be given back", func() bool { return w.Pool.Stat().AcquiredConns() == 0 })
}
