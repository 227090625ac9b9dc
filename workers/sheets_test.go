package workers

import (
	"strings"
	"testing"

	"ukbot/events"
	"ukbot/golden"
)

const driveFile = "https://www.googleapis.com/drive/v3/files/1AbC_d-E?acknowledgeAbuse=false&alt=json"

func TestSheetOfAPushChannel(t *testing.T) {
	for sentence, tc := range map[string]struct {
		headers map[string]string
		want    events.SheetUpdated // its zero value: nothing is announced
	}{
		"an update names the file of its URI": {
			map[string]string{googState: "update", googResource: "o1", googResourceURI: driveFile, googChannel: "ch-1", googChanged: "content,properties"},
			events.SheetUpdated{Spreadsheet: "1AbC_d-E", State: "update", Channel: "ch-1"},
		},
		"a URI of Sheets itself": {
			map[string]string{googState: "change", googResourceURI: "https://sheets.googleapis.com/v4/spreadsheets/9Z/values/A1"},
			events.SheetUpdated{Spreadsheet: "9Z", State: "change"},
		},
		"without a file the resource stands in": {
			map[string]string{googState: "change", googResource: "o1", googResourceURI: "https://www.googleapis.com/drive/v3/changes?pageToken=7"},
			events.SheetUpdated{Spreadsheet: "o1", State: "change"},
		},
		"a URI that is none":                  {map[string]string{googState: "trash", googResource: "o1", googResourceURI: "%zz"}, events.SheetUpdated{Spreadsheet: "o1", State: "trash"}},
		"a folder without a file":             {map[string]string{googState: "add", googResource: "o1", googResourceURI: "https://x/files"}, events.SheetUpdated{Spreadsheet: "o1", State: "add"}},
		"a file without a name":               {map[string]string{googState: "add", googResource: "o1", googResourceURI: "https://x/files/"}, events.SheetUpdated{Spreadsheet: "o1", State: "add"}},
		"an update that does not say of what": {map[string]string{googState: "update", googResource: "o1"}, events.SheetUpdated{Spreadsheet: "o1", State: "update"}},
		"a resource without a state":          {map[string]string{googResource: "o1"}, events.SheetUpdated{Spreadsheet: "o1"}},
		"the first message of a channel":      {map[string]string{googState: "sync", googResource: "o1"}, events.SheetUpdated{}},
		"a file that was only shared":         {map[string]string{googState: "update", googResource: "o1", googChanged: "permissions"}, events.SheetUpdated{}},
		"a file that was only moved":          {map[string]string{googState: "update", googResource: "o1", googChanged: "parents,children"}, events.SheetUpdated{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := hook("google", tc.headers[googState], "")
			w.Request.Headers = tc.headers
			got := handled(t, w).Derived
			if tc.want == (events.SheetUpdated{}) {
				if len(got) > 0 {
					t.Errorf("announced %+v", got)
				}
				return
			}
			tc.want.Source = "google"
			if len(got) != 1 || got[0].Data != tc.want || got[0].Type != events.TypeSheetUpdated || got[0].Subject != "integration.sheets.acme.data.updated" {
				t.Errorf("announced %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestSheetOfAnAppsScript(t *testing.T) {
	for sentence, tc := range map[string]struct {
		body string
		want events.SheetUpdated
	}{
		"an edit in A1 notation": {
			`{"spreadsheetId":"1AbC","sheetName":"Счётчики","range":"A1:B2","value":"17","user":"x@example.com"}`,
			events.SheetUpdated{Spreadsheet: "1AbC", Sheet: "Счётчики", Range: "A1:B2", State: "update"},
		},
		"an edit with the trigger's range": {
			`{"spreadsheetId":"1AbC","range":{"columnEnd":2,"columnStart":1,"rowEnd":9,"rowStart":3}}`,
			events.SheetUpdated{Spreadsheet: "1AbC", Range: "R3C1:R9C2", State: "update"},
		},
		"a change says of which type": {`{"spreadsheetId":"1AbC","changeType":"INSERT_ROW"}`, events.SheetUpdated{Spreadsheet: "1AbC", State: "insert_row"}},
		"nulls are nothing":           {`{"spreadsheetId":"1AbC","sheetName":null,"range":null}`, events.SheetUpdated{Spreadsheet: "1AbC", State: "update"}},
		"a long name is cut":          {`{"spreadsheetId":"1AbC","sheetName":"` + strings.Repeat("ы", 300) + `"}`, events.SheetUpdated{Spreadsheet: "1AbC", Sheet: strings.Repeat("ы", 255), State: "update"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			tc.want.Source = "google"
			if got := handled(t, hook("google", "unknown", tc.body)).Derived; len(got) != 1 || got[0].Data != tc.want {
				t.Errorf("announced %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestSheetRefusesWhatNamesNoSpreadsheet(t *testing.T) {
	for sentence, tc := range map[string]struct{ body, words string }{
		"nothing at all":              {"", "the body is no JSON object"},
		"a form":                      {"spreadsheetId=" + secretWord, "the body is no JSON object"},
		"no spreadsheet":              {`{"range":"A1"}`, "spreadsheetId is missing"},
		"a spreadsheet by number":     {`{"spreadsheetId":7}`, "spreadsheetId is no string"},
		"a spreadsheet of great name": {`{"spreadsheetId":"` + strings.Repeat("a", 256) + `"}`, "spreadsheetId is too long"},
		"a name of many bytes":        {`{"spreadsheetId":"` + strings.Repeat("ы", 200) + `"}`, "no id of at most 255 bytes"},
		"a sheet by number":           {`{"spreadsheetId":"1","sheetName":7}`, "sheetName is no string"},
		"a range that is a list":      {`{"spreadsheetId":"1","range":["` + secretWord + `"]}`, "range is no string"},
		"a range without its corners": {`{"spreadsheetId":"1","range":{"rowStart":1}}`, "range.columnStart is missing"},
	} {
		t.Run(sentence, func(t *testing.T) { refused(t, hook("google", "unknown", tc.body), "spreadsheet: "+tc.words) })
	}
	for sentence, headers := range map[string]map[string]string{
		"a state alone":               {googState: "update"},
		"a resource of great length":  {googState: "update", googResource: strings.Repeat("a", 256)},
		"a file of great length":      {googState: "update", googResourceURI: "https://x/files/" + strings.Repeat("a", 256)},
		"a file whose name is spaces": {googState: "update", googResourceURI: "https://x/files/%20"},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := hook("google", "update", "")
			w.Request.Headers = headers
			refused(t, w, "spreadsheet: no id")
		})
	}
}

func TestSheetGolden(t *testing.T) {
	w := hook("google", "update", "")
	w.Request.Headers = map[string]string{googState: "update", googResourceURI: driveFile, googChannel: "ch-1", googChanged: "content"}
	golden.Equal(t, "sheet_push.golden", shown(t, handled(t, w)))
}
