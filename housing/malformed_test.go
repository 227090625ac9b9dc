package housing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// hostile are texts that are valid where a text is, and that naive code breaks on.
var hostile = map[string]string{
	"emoji":          "Течёт 🚰 кран 👨‍👩‍👧‍👦 🇺🇿",
	"right to left":  "مرحبا \u202etxt.exe שלום",
	"SQL":            `'; DROP TABLE users; -- $1 %s \'`,
	"HTML":           `<script>alert("1")</script><b>&amp;</b>`,
	"control":        "a\u0001\u001b[31mb\u007f\ufeffc",
	"combining":      "Z̸̧a̵͝l̴͠g̶͐o̷͌ е́ё",
	"a template":     "{{.Secret}} ${HOME} %2e%2e/../etc/passwd",
	"astral letters": "𝓣𝓮𝓬𝓱𝓮𝓽 𠜎𠜱",
}

// wrong are JSON values that few fields take.
var wrong = map[string]string{
	"null": `null`, "true": `true`, "zero": `0`, "minus one": `-1`, "a fraction": `0.5`, "a whole float": `3.0`, "a huge number": `1e999`,
	"beyond 2^53": `9007199254740993`, "beyond int64": `99999999999999999999`, "an empty text": `""`, "a blank text": `"   "`,
	"a list": `[]`, "a list of null": `[null]`, "a long list": "[" + strings.Repeat(`"x",`, 2000) + `"x"]`, "an object": `{}`,
	"an unknown object": `{"a":{"b":[1]}}`, "deep nesting": strings.Repeat(`[`, 64) + strings.Repeat(`]`, 64),
	"NUL": `"a\u0000b"`, "a lone surrogate": `"\ud800"`, "broken UTF-8": "\"a\xff\xfe\"", "a long text": `"` + strings.Repeat("ж", 100_000) + `"`,
	"a zero id": `"00000000-0000-0000-0000-000000000000"`, "an id with braces": `"{0190a6f2-5c1e-7c3a-9d3e-3b1f0c7a5e11}"`,
	"a strange time": `"2026-02-30T25:61:61Z"`, "year zero": `"0000-01-01T00:00:00Z"`, "a far time": `"9999-12-31T23:59:59Z"`,
}

// bodied is every operation with a JSON body, and somebody who may call it.
func bodied(t testing.TB, s *housingtest.Server) map[string]*scene {
	t.Helper()
	scenes := map[string]*scene{}
	for _, op := range document(t) {
		if _, media := op.example(); media != "application/json" {
			continue
		}
		scenes[op.OperationID] = ableScene(t, s, op)
	}
	return scenes
}

// ableScene is an operation and somebody who may call it, on another's thing
// where they may: what it does must not end their own session.
func ableScene(t testing.TB, s *housingtest.Server, op described) *scene {
	t.Helper()
	able, whose := ableRole(op), own
	if access.Table[op.action][able] == access.Any {
		whose = anothers
	}
	c := newScene(t, s, op, able, whose)
	switch {
	case op.action == access.Public:
		c.actor = s.Anonymous()
	case len(access.Table[op.action]) == 0:
		c.actor = s.Key(op.action)
	}
	return c
}

// ableRole is the role that may do an operation, and most with it.
func ableRole(op described) access.Role {
	able := access.Admin
	for _, role := range access.Roles { // in order of what they may do
		if access.Table[op.action][role] != access.None {
			able = role
		}
	}
	return able
}

// sound is an operation's example with ids of things that are there.
func (c *scene) sound() map[string]any {
	c.t.Helper()
	body, _ := c.op.example()
	fields, ok := jsonCopy(c.t, body).(map[string]any)
	if !ok {
		c.t.Fatalf("%s: the example is no object", c.op.OperationID)
	}
	if change := bodies()[c.op.OperationID]; change != nil {
		change(c, fields)
	}
	return fields
}

// with is the body with one field, named by path, replaced by raw JSON.
func with(t testing.TB, body map[string]any, path []string, raw string) []byte {
	t.Helper()
	const mark = "\u2063here\u2063"
	changed, ok := jsonCopy(t, body).(map[string]any)
	if !ok {
		t.Fatal("no object")
	}
	at := changed
	for _, name := range path[:len(path)-1] {
		at, ok = at[name].(map[string]any)
		if !ok {
			t.Fatalf("no object at %v", path)
		}
	}
	at[path[len(path)-1]] = mark
	text, err := json.Marshal(changed)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(text, []byte(`"`+mark+`"`), []byte(raw), 1)
}

// paths are the fields of a body, also those inside.
func paths(body map[string]any, above ...string) (all [][]string) {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		path := slices.Concat(above, []string{name})
		all = append(all, path)
		if inside, ok := body[name].(map[string]any); ok {
			all = append(all, paths(inside, path...)...)
		}
	}
	return all
}

func (c *scene) send(actor *housingtest.Client, body []byte) *housingtest.Response {
	return actor.Do(c.op.method, c.path(), body, "If-Match: *")
}

// complain fails a test on an answer that no malformed request may get.
func complain(t testing.TB, what string, r *housingtest.Response) {
	t.Helper()
	p := r.Problem()
	switch {
	case r.StatusCode >= 500:
		t.Errorf("%s: answered %d: %s", what, r.StatusCode, r.Raw)
	case r.StatusCode == 422 && (p.Errors == nil || len(*p.Errors) == 0):
		t.Errorf("%s: 422 without a pointer: %s", what, r.Raw)
	}
}

// TestMalformedFieldsAreRefused puts every wrong value into every field of
// every operation's example.
func TestMalformedFieldsAreRefused(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	allowOffShift(t, s)
	for id, c := range bodied(t, s) {
		t.Run(id, func(t *testing.T) {
			c.t = t
			actor, body := c.actor.For(t), c.sound()
			for _, path := range paths(body) {
				field := strings.Join(path, "/")
				for name, raw := range wrong {
					complain(t, fmt.Sprintf("%s in /%s", name, field), c.send(actor, with(t, body, path, raw)))
				}
				complain(t, "no /"+field, c.send(actor, without(t, body, path)))
			}
			r := c.send(actor, with(t, body, []string{"unknown"}, `1`))
			if r.StatusCode != 422 || !strings.Contains(string(r.Raw), `"/unknown"`) {
				t.Errorf("an unknown field was answered %d: %s", r.StatusCode, r.Raw)
			}
		})
	}
}

func without(t testing.TB, body map[string]any, path []string) []byte {
	t.Helper()
	raw := with(t, body, path, `"\u2063gone"`)
	var value map[string]any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	at := value
	for _, name := range path[:len(path)-1] {
		at, _ = at[name].(map[string]any)
	}
	delete(at, path[len(path)-1])
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestHostileTextsComeBackAsTheyWere puts texts that are valid, and nasty, into
// every text field; an answer that shows the field shows the same text.
func TestHostileTextsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	allowOffShift(t, s)
	came := 0
	for id, c := range bodied(t, s) {
		t.Run(id, func(t *testing.T) {
			for _, path := range paths(c.sound()) {
				for name, text := range hostile {
					c := ableScene(t, s, c.op) // what was done once may not be done again
					actor, body := c.actor.For(t), c.sound()
					raw, err := json.Marshal(text)
					if err != nil {
						t.Fatal(err)
					}
					r := c.send(actor, with(t, body, path, string(raw)))
					complain(t, name+" in /"+strings.Join(path, "/"), r)
					if !shows(r, path[len(path)-1]) {
						continue
					}
					if came++; !holds(r, text) {
						t.Errorf("%s in /%s: sent %q, answered %s", name, strings.Join(path, "/"), text, r.Raw)
					}
				}
			}
		})
	}
	if came < 50 {
		t.Errorf("only %d texts came back: this test looks at nothing", came)
	}
}

// shows says whether a successful answer has a field of this name with a text.
func shows(r *housingtest.Response, field string) (there bool) {
	each(r, func(name, _ string) { there = there || name == field })
	return there
}

// holds says whether an answer has a text, as it was; numbers of apartments and
// the like may have become upper case.
func holds(r *housingtest.Response, text string) (there bool) {
	each(r, func(_, value string) { there = there || strings.EqualFold(value, text) })
	return there
}

// each looks at every text in a successful answer.
func each(r *housingtest.Response, do func(name, value string)) {
	var answer any
	if r.StatusCode/100 != 2 || json.Unmarshal(r.Raw, &answer) != nil {
		return
	}
	var look func(string, any)
	look = func(name string, value any) {
		switch value := value.(type) {
		case string:
			do(name, value)
		case map[string]any:
			for below, inside := range value {
				look(below, inside)
			}
		case []any:
			for _, inside := range value {
				look(name, inside)
			}
		}
	}
	look("", answer)
}

// FuzzBody puts any JSON, or none, into any field of any operation's example.
func FuzzBody(f *testing.F) {
	for i, raw := range slices.Sorted(maps.Values(wrong)) {
		f.Add(uint8(i), uint8(i/3), []byte(raw))
	}
	for i, text := range slices.Sorted(maps.Values(hostile)) {
		raw, err := json.Marshal(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i*7), uint8(i), raw)
	}
	s := housingtest.Start(f)
	allowOffShift(f, s)
	scenes := fuzzed(f, s)
	ids := slices.Sorted(maps.Keys(scenes))
	f.Fuzz(func(t *testing.T, op, field uint8, raw []byte) {
		c := scenes[ids[int(op)%len(ids)]]
		body, _ := c.body.(map[string]any)
		all := paths(body)
		path := all[int(field)%len(all)]
		r := c.actor.For(t).Do(c.op.method, c.at, with(t, body, path, string(raw)), "If-Match: *")
		complain(t, fmt.Sprintf("%s with %q in %v", c.op.OperationID, raw, path), r)
	})
}

// prepared is a request that only lacks what the fuzzer puts in.
type prepared struct {
	*scene
	at   string
	body any
}

func fuzzed(f *testing.F, s *housingtest.Server) map[string]prepared {
	f.Helper()
	all := map[string]prepared{}
	for id, c := range bodied(f, s) {
		all[id] = prepared{c, c.path(), jsonCopy(f, c.sound())}
	}
	return all
}
