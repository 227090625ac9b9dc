package workers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of what a body's fields bring into rows and events, in runes.
const (
	idMax   = 255 // Stripe's own limit for ids; a longer one is refused, since a cut one could be another's
	textMax = 500 // a description is cut here
)

// fields is a JSON object read by name. The first flaw stays in *flaw and every
// later read gives zero values, so a handler asks once, at the end. A field
// that is absent or null is no flaw unless it is required. A flaw names the
// field and never its value: it ends in logs and dead letters.
type fields struct {
	at   string // "data.object.", for messages
	of   []member
	flaw *error
}

// readFields begins with a webhook's body.
func readFields(body []byte) fields {
	f := fields{flaw: new(error)}
	if i := space(body, 0); i == len(body) || body[i] != '{' || !json.Valid(body) {
		*f.flaw = errors.New("the body is no JSON object") // the decoder's own text quotes the body
		return f
	}
	f.of = members(body)
	return f
}

func (f fields) err() error { return *f.flaw }

func (f fields) fail(name, what string) {
	if *f.flaw == nil {
		*f.flaw = fmt.Errorf("%s%s %s", f.at, name, what)
	}
}

// raw is a field's JSON; nil where it is absent or null.
func (f fields) raw(name string) json.RawMessage {
	if *f.flaw != nil {
		return nil
	}
	if raw := last(f.of, name); string(raw) != "null" {
		return raw
	}
	return nil
}

// object is a nested object; empty where it is absent.
func (f fields) object(name string) fields {
	nested := fields{at: f.at + name + ".", flaw: f.flaw}
	if raw := f.raw(name); raw != nil {
		if raw[0] != '{' {
			f.fail(name, "is no object")
		}
		nested.of = members(raw)
	}
	return nested
}

// text is the first of the named strings that is not blank, cut to limit runes.
func (f fields) text(limit int, names ...string) string {
	for _, name := range names {
		raw := f.raw(name)
		if raw == nil {
			continue
		}
		if raw[0] != '"' {
			f.fail(name, "is no string")
			return ""
		}
		if s := cut(unquote(raw), limit); s != "" {
			return s
		}
	}
	return ""
}

// id is the first of the named ids: a string, or an object that was expanded
// in its place and has the id inside.
func (f fields) id(names ...string) string {
	for _, name := range names {
		raw := f.raw(name)
		if raw != nil && raw[0] == '{' {
			if id := f.object(name).id("id"); id != "" {
				return id
			}
			continue
		}
		if s := f.text(math.MaxInt, name); utf8.RuneCountInString(s) > idMax {
			f.fail(name, "is too long for an id")
		} else if s != "" {
			return s
		}
	}
	return ""
}

// amount is the first of the named amounts, in minor units.
func (f fields) amount(names ...string) int64 {
	for _, name := range names {
		raw := f.raw(name)
		if raw == nil {
			continue
		}
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < 0 {
			f.fail(name, "is no amount: want a whole number of minor units from 0 to 2^63-1")
			return 0
		}
		return n
	}
	f.fail(strings.Join(names, " or "), "is missing")
	return 0
}

// flag is a boolean; false where it is absent.
func (f fields) flag(name string) bool {
	raw := string(f.raw(name))
	if raw != "" && raw != "true" && raw != "false" {
		f.fail(name, "is no boolean")
	}
	return raw == "true"
}

// need makes a field that is empty a flaw.
func (f fields) need(name, value string) string {
	if value == "" {
		f.fail(name, "is missing")
	}
	return value
}

// unquote reads a JSON string; what is no valid text in it becomes U+FFFD.
func unquote(raw json.RawMessage) string {
	if inside := raw[1 : len(raw)-1]; bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// cut makes text fit for a column: without NUL, which PostgreSQL refuses,
// without spaces around it, at most limit runes.
func cut(s string, limit int) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}
