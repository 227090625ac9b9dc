package workers

import (
	"fmt"
	"net/url"
	"strings"

	"ukbot/events"
	"ukbot/nats"
)

// Headers of a Google push channel as the ingress keeps them. A notification
// about a file has no body.
const (
	googChannel     = "x-goog-channel-id"
	googResource    = "x-goog-resource-id"    // opaque, the same for one resource over all channels
	googResourceURI = "x-goog-resource-uri"   // …/drive/v3/files/<spreadsheet>?…
	googState       = "x-goog-resource-state" // sync, add, update, change, remove, trash, untrash
	googChanged     = "x-goog-changed"        // of an update: content, properties, parents, children, permissions
)

// Sheet announces that a spreadsheet's data changed: a notification of a push
// channel, or what an Apps Script trigger posts.
func Sheet(w events.Webhook) (Effects, error) {
	var sheet events.SheetUpdated
	if headers := w.Request.Headers; headers[googState] != "" || headers[googResource] != "" {
		if !touchesData(headers[googState], headers[googChanged]) {
			return Effects{}, nil
		}
		sheet = pushedSheet(headers)
	} else {
		body := readFields(w.Data)
		sheet = scriptedSheet(body)
		if err := body.err(); err != nil {
			return Effects{}, nats.Permanent(fmt.Errorf("spreadsheet: %w", err))
		}
	}
	if sheet.Spreadsheet == "" || len(sheet.Spreadsheet) > idMax {
		return Effects{}, nats.Permanent(fmt.Errorf("spreadsheet: no id of at most %d bytes in %s, %s or spreadsheetId", idMax, googResourceURI, googResource))
	}
	sheet.Source = w.Source
	return Effects{Derived: []Derived{{
		Name: "sheet", Type: events.TypeSheetUpdated, Subject: events.SheetsSubject(w.Tenant), Data: sheet,
	}}}, nil
}

// touchesData is false for the first message of a channel, and where a file was
// only moved or shared.
func touchesData(state, changed string) bool {
	switch {
	case state == "sync":
		return false
	case state != "update" || changed == "":
		return true
	}
	return strings.Contains(changed, "content") || strings.Contains(changed, "properties")
}

// pushedSheet reads a push channel's headers. A channel that watches no single
// file names none: then the opaque id of its resource stands in.
func pushedSheet(headers map[string]string) events.SheetUpdated {
	spreadsheet := spreadsheetOf(headers[googResourceURI])
	if spreadsheet == "" {
		spreadsheet = cut(headers[googResource], idMax+1)
	}
	return events.SheetUpdated{
		Spreadsheet: spreadsheet,
		State:       cut(headers[googState], idMax),
		Channel:     cut(headers[googChannel], idMax),
	}
}

// spreadsheetOf is the id in a URI of Drive or Sheets.
func spreadsheetOf(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	parts := strings.Split(parsed.Path, "/")
	for i, part := range parts[:len(parts)-1] {
		if part == "files" || part == "spreadsheets" {
			return cut(parts[i+1], idMax+1)
		}
	}
	return ""
}

// scriptedSheet reads the body that an Apps Script trigger posts: its event's
// fields by their own names, with the spreadsheet's and the sheet's.
func scriptedSheet(body fields) events.SheetUpdated {
	state := strings.ToLower(body.text(idMax, "changeType"))
	if state == "" {
		state = "update"
	}
	return events.SheetUpdated{
		Spreadsheet: body.need("spreadsheetId", body.id("spreadsheetId")),
		Sheet:       body.text(idMax, "sheetName"),
		Range:       scriptedRange(body),
		State:       state,
	}
}

// scriptedRange is a range in A1 notation as given, or in R1C1 notation where
// the trigger's Range was encoded as it is.
func scriptedRange(body fields) string {
	if raw := body.raw("range"); raw == nil || raw[0] != '{' {
		return body.text(idMax, "range")
	}
	r := body.object("range")
	return fmt.Sprintf("R%dC%d:R%dC%d", r.amount("rowStart"), r.amount("columnStart"), r.amount("rowEnd"), r.amount("columnEnd"))
}
