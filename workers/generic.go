package workers

import (
	"encoding/json"
	"strings"

	"ukbot/events"
)

const (
	summaryMax     = 200      // runes; a line in a chat
	genericBodyMax = 16 << 10 // bytes; a larger body stays in the record alone
)

// summaryFields are where providers put a line for people, by precedence.
var summaryFields = []string{"message", "text", "title", "summary", "description", "action"}

// Generic announces any other webhook as it came, for whoever subscribed. It
// takes every body and never fails.
func Generic(w events.Webhook) (Effects, error) {
	data := events.Generic{Source: w.Source, Type: w.Type, EventID: w.ID}
	if json.Valid(w.Data) {
		data.Summary = summary(members(w.Data))
		if len(w.Data) <= genericBodyMax {
			data.Body = w.Data
		}
	}
	return Effects{Derived: []Derived{{
		Name: "generic", Type: events.TypeGeneric, Subject: events.GenericSubject(w.Tenant, w.Source, w.Type), Data: data,
	}}}, nil
}

// summary is the first field for people that holds text, in one line.
func summary(of []member) string {
	for _, name := range summaryFields {
		if raw := last(of, name); len(raw) > 0 && raw[0] == '"' {
			if line := strings.Join(strings.Fields(unquote(raw)), " "); line != "" {
				return cut(line, summaryMax)
			}
		}
	}
	return ""
}
