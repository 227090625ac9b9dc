package ingress

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParsePaths(t *testing.T) {
	for text, want := range map[string][]path{
		"":                 nil,
		"id":               {{"id"}},
		"data.object.id":   {{"data", "object", "id"}},
		"event.type|type":  {{"event", "type"}, {"type"}},
		`a\.b.c`:           {{"a.b", "c"}},
		`a\|b`:             {{"a|b"}},
		`a\\.b`:            {{`a\`, "b"}},
		`end\`:             {{`end\`}},
		"дом.квартира.№":   {{"дом", "квартира", "№"}},
		"*.#.@this.items%": {{"*", "#", "@this", "items%"}}, // a language elsewhere, plain keys here
	} {
		if got, err := parsePaths(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("parsePaths(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestJSONPath(t *testing.T) {
	for name, tc := range map[string]struct{ document, path, want string }{
		"a key":                             {`{"id":"x"}`, "id", "x"},
		"spaces everywhere":                 {" \n{ \"a\" :\t[ 1 , { \"b\" : \"x\" } ] } ", "a.1.b", "x"},
		"the first of duplicate keys":       {`{"id":"first","id":"second"}`, "id", "first"},
		"a key inside a string is none":     {`{"a":"\"id\":\"no\"","id":"yes"}`, "id", "yes"},
		"brackets inside strings":           {`{"a":"}]{[","b":["]"],"id":"yes"}`, "id", "yes"},
		"a quote behind backslashes":        {`{"a":"\\\"","id":"yes"}`, "id", "yes"},
		"a string that ends in a backslash": {`{"a":"\\","id":"yes"}`, "id", "yes"},
		"a key of an inner object is none":  {`{"a":{"id":"no"}}`, "id", ""},
		"an escaped key":                    {`{"\u0069d":"x"}`, "id", "x"},
		"an escaped value":                  {`{"id":"a\u002fb\n\ud83c\udfe0"}`, "id", "a/b\n🏠"},
		"half a pair stays as written":      {`{"id":"\ud800"}`, "id", `\ud800`},
		"a large number keeps its digits":   {`{"id":12345678901234567890123}`, "id", "12345678901234567890123"},
		"so does a fraction":                {`{"id":-1.50E+02}`, "id", "-1.50E+02"},
		"an index":                          {`["a","b"]`, "1", "b"},
		"an index beyond":                   {`["a","b"]`, "2", ""},
		"an index that is negative":         {`["a","b"]`, "-1", ""},
		"an index with a sign":              {`["a","b"]`, "+1", ""},
		"an index beyond 64 bits":           {`["a"]`, "18446744073709551616", ""},
		"an index in an empty list":         {`[]`, "0", ""},
		"a number as a key":                 {`{"0":"x"}`, "0", "x"},
		"a key with a dot":                  {`{"a.b":"x","a":{"b":"y"}}`, `a\.b`, "x"},
		"true is no scalar":                 {`{"id":true}`, "id", ""},
		"null is no scalar":                 {`{"id":null}`, "id", ""},
		"an object is no scalar":            {`{"id":{}}`, "id", ""},
		"below a string there is nothing":   {`{"id":"x"}`, "id.id", ""},
		"an empty object":                   {`{}`, "id", ""},
		"a document that is a string":       {`"id"`, "id", ""},
		"Cyrillic keys":                     {`{"дом":{"№":"12а"}}`, "дом.№", "12а"},
		"keys that look like a query":       {`{"*":"x","#":"y"}`, "*", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			paths, err := parsePaths(tc.path)
			if err != nil {
				t.Fatal(err)
			}
			if got := paths[0].scalar([]byte(tc.document)); got != tc.want {
				t.Errorf("%q in %s = %q, want %q", tc.path, tc.document, got, tc.want)
			}
		})
	}
}

func TestDeepDocumentsDoNotExhaustTheStack(t *testing.T) {
	const depth = 9_999 // json.Valid refuses more
	document := []byte(`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `,"id":"x"}`)
	if !json.Valid(document) {
		t.Fatal("the document is not valid")
	}
	if got := (path{"id"}).scalar(document); got != "x" {
		t.Errorf("behind a deep value: %q", got)
	}
}
