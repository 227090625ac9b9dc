package ingress

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// path names a value inside a JSON document: keys of objects and indexes of
// arrays, as in "data.object.id" or "items.0.id". A backslash takes the next
// character as it is, so `a\.b` is one key.
//
// Looking up is a scanner of our own instead of gjson: there a key from the
// configuration is a little language (modifiers, wildcards, pipes), broken JSON
// gives some answer, and escaped keys are matched differently. Here the document
// must be valid (json.Valid), which makes the scanner short: it only has to know
// where strings and brackets end. It does not recurse, keeps numbers as they are
// written, and of duplicate keys takes the first.
type path []string

// pathMax is how many keys deep a path may go.
const pathMax = 16

// parsePaths reads alternatives separated by "|".
func parsePaths(text string) ([]path, error) {
	if text == "" {
		return nil, nil
	}
	var paths []path
	for _, alternative := range splitEscaped(text, '|') {
		p := path(splitEscaped(alternative, '.'))
		if len(p) > pathMax {
			return nil, fmt.Errorf("JSON path %q is more than %d keys deep", text, pathMax)
		}
		for i, name := range p {
			p[i] = unescape(name)
			if p[i] == "" {
				return nil, fmt.Errorf("JSON path %q has an empty key", text)
			}
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// splitEscaped cuts at separators that no backslash precedes and leaves the
// backslashes in.
func splitEscaped(text string, separator byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// scalar is the string or number at p, strings decoded and numbers as written.
// Everything else is "": a missing value, null, true, an object, an empty
// string. None of them tells one event from another.
func (p path) scalar(document []byte) string {
	value := p.find(document)
	if len(value) == 0 {
		return ""
	}
	switch c := value[0]; {
	case c == '"':
		return decodeString(value)
	case c == '-' || c >= '0' && c <= '9':
		return string(value)
	}
	return ""
}

// find is the value at p as it stands in a valid document; nil if there is none.
func (p path) find(document []byte) []byte {
	value := bytes.TrimLeft(document, jsonSpace)
	for _, name := range p {
		if len(value) == 0 {
			return nil
		}
		switch value[0] {
		case '{':
			value = member(value, name)
		case '[':
			value = element(value, name)
		default:
			return nil
		}
	}
	return value[:valueEnd(value, 0)]
}

const jsonSpace = " \t\r\n"

// member is the rest of object from the first value under name on.
func member(object []byte, name string) []byte {
	for i := skipSpace(object, 1); i < len(object) && object[i] == '"'; {
		keyEnd := stringEnd(object, i)
		key := object[i:keyEnd]
		i = skipSpace(object, skipSpace(object, keyEnd)+1) // beyond the colon
		if isKey(key, name) {
			return object[min(i, len(object)):]
		}
		i = skipSpace(object, valueEnd(object, i))
		if i >= len(object) || object[i] != ',' {
			return nil
		}
		i = skipSpace(object, i+1)
	}
	return nil
}

// element is the rest of array from the element whose index name is on.
func element(array []byte, name string) []byte {
	index, err := strconv.ParseUint(name, 10, 31)
	if err != nil {
		return nil
	}
	for i := skipSpace(array, 1); i < len(array) && array[i] != ']'; index-- {
		if index == 0 {
			return array[i:]
		}
		i = skipSpace(array, valueEnd(array, i))
		if i >= len(array) || array[i] != ',' {
			return nil
		}
		i = skipSpace(array, i+1)
	}
	return nil
}

func isKey(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name
	}
	return decodeString(quoted) == name
}

// decodeString undoes the escapes of a JSON string. Where that would replace
// what is no character (half a surrogate pair), the text stays as it was
// written: two different ids must not become the same one.
func decodeString(quoted []byte) string {
	plain := string(quoted[1 : len(quoted)-1])
	if strings.IndexByte(plain, '\\') < 0 {
		return plain
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil || strings.ContainsRune(text, utf8.RuneError) {
		return plain
	}
	return text
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n') {
		i++
	}
	return i
}

// stringEnd is the index after the string that begins at i.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// valueEnd is the index after the value that begins at i.
func valueEnd(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '"':
			i = stringEnd(data, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		default:
			i++
			if depth == 0 { // number, true, false or null
				for i < len(data) && strings.IndexByte(",]} \t\r\n", data[i]) < 0 {
					i++
				}
			}
		}
		if depth <= 0 {
			return i
		}
	}
	return i
}
