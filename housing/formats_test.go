package housing

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"ukbot/api"
)

// TestEveryPatternIsToldInWords: nobody should read a regular expression in a refusal.
func TestEveryPatternIsToldInWords(t *testing.T) {
	document := string(api.Document)
	for line := range strings.Lines(document) {
		_, rest, found := strings.Cut(line, "pattern: '")
		if !found {
			continue
		}
		pattern, _, _ := strings.Cut(rest, "'")
		if _, told := patterns[pattern]; !told {
			t.Errorf("patterns has no words for %s", pattern)
		}
	}
	for pattern := range patterns {
		if !strings.Contains(document, "'"+pattern+"'") {
			t.Errorf("patterns tells of %s, which the document does not have", pattern)
		}
	}
}

func TestAllValuesOfAnEnumAreTold(t *testing.T) {
	doc, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	category := doc.Components.Schemas["Category"].Value
	fields := visit(category, "plumming")
	if len(fields) != 1 || !strings.HasSuffix(fields[0].Detail, "internet_tv, other") {
		t.Errorf("visit = %+v, want all categories", fields)
	}
	number := &openapi3.Schema{Type: &openapi3.Types{"string"}, Pattern: `^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{6}-[0-9]{3,9})$`}
	if fields := visit(number, "251007"); len(fields) != 1 || !strings.Contains(fields[0].Detail, "251007-001") {
		t.Errorf("visit = %+v, want words", fields)
	}
}
