package main

import (
	"strings"
	"testing"

	"ukbot/housing/buildings"
)

func TestAnImportIsToldInWords(t *testing.T) {
	t.Parallel()
	bad := []buildings.Problem{{Line: 3, Column: "этаж", Detail: "'первый' is not a whole number"}, {Line: 7, Detail: "has 2 values"}}
	one := buildings.Counts{Yards: 1, Buildings: 2, Entrances: 3, Apartments: 4}
	for name, tc := range map[string]struct {
		command importCommand
		report  buildings.Report
		want    []string
		fails   bool
	}{
		"a clean dry run":          {importCommand{}, buildings.Report{DryRun: true, Lines: 4, Good: 4, Created: one}, []string{"4 lines: 4 good", "apartments  4", "--apply"}, false},
		"a dry run of a bad file":  {importCommand{}, buildings.Report{DryRun: true, Lines: 4, Good: 2, Bad: 2, Problems: bad, More: 5}, []string{"line 3, этаж: 'первый'", "line 7: has 2", "and 5 problems more"}, true},
		"a bad file is refused":    {importCommand{Apply: true}, buildings.Report{Lines: 4, Good: 2, Bad: 2, Problems: bad}, []string{"Nothing was imported"}, true},
		"bad lines are skipped":    {importCommand{Apply: true, SkipBad: true}, buildings.Report{Imported: true, Lines: 4, Good: 2, Bad: 2, Skipped: 2, Problems: bad, Created: one}, []string{"2 skipped", "buildings   2"}, false},
		"nothing is good to skip":  {importCommand{SkipBad: true}, buildings.Report{DryRun: true, Lines: 2, Bad: 2, Problems: bad}, []string{"2 bad"}, true},
		"a file without a header":  {importCommand{Apply: true, SkipBad: true}, buildings.Report{Problems: bad[1:]}, []string{"Nothing was imported"}, true},
		"an import changes things": {importCommand{Apply: true}, buildings.Report{Imported: true, Lines: 1, Good: 1, Updated: one}, []string{"entrances   0    3"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := printImport(&out, tc.report); err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%+v prints\n%s\nwithout %q", tc.report, out.String(), want)
				}
			}
			if err := tc.command.verdict(tc.report); (err != nil) != tc.fails {
				t.Errorf("the command ends with %v, want a failure: %v", err, tc.fails)
			}
		})
	}
}
