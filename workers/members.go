package workers

import (
	"bytes"
	"encoding/json"
	"slices"
)

// member is a name and its value in a JSON object; both are parts of the body.
type member struct {
	name  []byte // without quotes, escapes undone
	value json.RawMessage
}

// members splits a JSON object that json.Valid has passed; of anything else it
// has none. It copies nothing and checks nothing again: with encoding/json,
// which checks every level anew, reading an event of Stripe takes three times
// as long: half a core of two at 10,000 events a second.
func members(object json.RawMessage) []member {
	i := space(object, 0)
	if i == len(object) || object[i] != '{' {
		return nil
	}
	all := make([]member, 0, 16)
	for i = space(object, i+1); object[i] != '}'; {
		end := value(object, i)
		name := plain(object[i:end])
		i = space(object, space(object, end)+1) // over the colon
		end = value(object, i)
		all = append(all, member{name, object[i:end:end]})
		if i = space(object, end); object[i] == ',' {
			i = space(object, i+1)
		}
	}
	return all
}

// last is the value of a name; of several, as for encoding/json, the last. nil: none.
func last(of []member, name string) json.RawMessage {
	for _, m := range slices.Backward(of) {
		if string(m.name) == name {
			return m.value
		}
	}
	return nil
}

// plain is what a JSON string says.
func plain(quoted []byte) []byte {
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	return []byte(unquote(quoted))
}

// space is where the white space at i ends.
func space(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
		i++
	}
	return i
}

// value is where the JSON value that begins at i ends.
func value(text []byte, i int) int {
	switch text[i] {
	case '"':
		return str(text, i)
	case '{', '[':
		return nested(text, i)
	}
	for i < len(text) && bytes.IndexByte([]byte(",]} \n\r\t"), text[i]) < 0 {
		i++
	}
	return i
}

// str is where the string that begins at i ends.
func str(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// nested is where the object or list that begins at i ends.
func nested(text []byte, i int) int {
	for depth := 0; ; {
		switch text[i] {
		case '"':
			i = str(text, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 {
			return i
		}
	}
}
