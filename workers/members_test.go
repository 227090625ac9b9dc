package workers

import (
	"encoding/json"
	"testing"
)

// FuzzMembers compares with encoding/json, whatever is valid.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		``, `7`, `[{}]`, `{}`, " {\n} ", `{"a":1}`, `{ "a" : -1e5 , "b":[1,{"c":"}]"}] ,"d":{"e":"\\\"}"}}`, `{"a":1,"a":null}`,
		`{"\u0061":true,"":"","\\":[],"\"":{}}`, "{\"\xff\":1}", `{"a":"\\"}`, `{"a":"\"","b":[[],[""]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			return // members is told of valid JSON only
		}
		var want map[string]json.RawMessage
		_ = json.Unmarshal(body, &want) // lists and scalars leave it empty, and so must members
		got := map[string]json.RawMessage{}
		for _, m := range members(body) {
			// The decoder replaces invalid bytes of names; a field of ours has none.
			if name, err := json.Marshal(string(m.name)); err == nil {
				got[unquote(name)] = m.value
			}
		}
		if len(got) != len(want) {
			t.Fatalf("members of %q: %q, want %q", body, got, want)
		}
		for name, value := range want {
			if string(got[name]) != string(value) {
				t.Errorf("%q of %q is %q, want %q", name, body, got[name], value)
			}
		}
	})
}
