package housing

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"ukbot/housing/problem"
)

// Bounds of a JSON body.
const (
	depthMax  = 32      // of nesting
	valuesMax = 10_000  // names and values; the longest list of the document has 1,000. Each may break a rule, which costs more than reading it
	numberMax = 1 << 53 // beyond it, floating point and integers part
)

// checkBody refuses a body of the wrong type, and says what is wrong in it.
func (r *call) checkBody() ([]problem.Field, error) {
	raw := r.Request().Body()
	if r.encoded() {
		return nil, problem.New(problem.MediaType, "send the body without Content-Encoding")
	}
	if r.op.body == nil {
		if blank := bytes.TrimSpace(raw); len(blank) > 0 && string(blank) != "{}" {
			return nil, problem.New(problem.Malformed, "this operation takes no body")
		}
		return nil, nil
	}
	if len(raw) == 0 {
		if r.op.body.Required {
			return nil, problem.New(problem.Malformed, "the body is missing")
		}
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(r.Get(fiber.HeaderContentType))
	content := r.op.body.Content[media]
	if err != nil || content == nil {
		return nil, problem.New(problem.MediaType, "the body's Content-Type must be "+strings.Join(mediaTypes(r.op.body), " or "))
	}
	switch {
	case media == fiber.MIMEApplicationJSON:
		return r.checkJSON(raw, content.Schema.Value)
	case content.Schema.Value.Format == "binary": // of any encoding: its handler reads it
	case strings.HasPrefix(media, "text/") && (!utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0):
		return []problem.Field{{Pointer: "", Detail: "is not UTF-8 text"}}, nil
	}
	return nil, nil // forms are read by their handler
}

func mediaTypes(body *openapi3.RequestBody) []string {
	var types []string
	for media := range body.Content {
		types = append(types, media)
	}
	return types
}

// checkJSON checks a body against its schema, and against what PostgreSQL's
// texts and Go's integers cannot hold.
func (r *call) checkJSON(raw []byte, schema *openapi3.Schema) ([]problem.Field, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, notJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.Malformed, "the body goes on after its JSON value")
	}
	scan := scan{valid: utf8.Valid(raw)}
	value = scan.walk(value, "", 0)
	if !scan.valid && len(scan.fields) == 0 {
		scan.add("", "is not UTF-8")
	}
	if len(scan.fields) > 0 {
		return scan.fields, nil
	}
	if fields := visit(schema, value); len(fields) > 0 {
		return fields, nil
	}
	// Handlers read what was checked and nothing else. Of a name given twice the
	// schema has seen the last, but Go's decoder fills a struct from both.
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	r.Request().SetBody(plain)
	return nil, nil
}

func notJSON(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return problem.New(problem.Malformed, "the body is not JSON: near byte "+strconv.FormatInt(syntax.Offset, 10))
	}
	return problem.New(problem.Malformed, "the body is not JSON: it ends too early")
}

// scan finds in a JSON value what no schema speaks of.
type scan struct {
	valid  bool // as UTF-8; else what did not decode has become U+FFFD
	values int  // seen so far
	fields []problem.Field
}

func (s *scan) add(pointer, detail string) {
	s.fields = append(s.fields, problem.Field{Pointer: short(pointer), Detail: detail})
}

// below is a pointer one step further. A long one stays: each value would have
// its own copy, of which nobody sees more than the beginning.
func below(pointer, name string) string {
	if len(pointer) > shortMax {
		return pointer
	}
	return pointer + "/" + escape(short(name))
}

func (s *scan) walk(value any, pointer string, depth int) any {
	if depth > depthMax {
		s.add(pointer, "is nested too deeply")
		return value
	}
	if s.values++; s.values >= valuesMax {
		if s.values == valuesMax {
			s.add(pointer, "is one value too many")
		}
		return value
	}
	switch value := value.(type) {
	case string:
		s.text(value, pointer)
	case json.Number:
		return s.number(value, pointer)
	case []any:
		for i, item := range value {
			if s.values >= valuesMax {
				break
			}
			value[i] = s.walk(item, below(pointer, strconv.Itoa(i)), depth+1)
		}
	case map[string]any:
		for name, item := range value {
			if s.values >= valuesMax {
				break
			}
			at := below(pointer, name)
			s.text(name, at)
			value[name] = s.walk(item, at, depth+1)
		}
	}
	return value
}

func (s *scan) text(text, pointer string) {
	switch {
	case strings.Contains(text, "\x00"):
		s.add(strings.ReplaceAll(pointer, "\x00", "\uFFFD"), "holds a NUL character")
	case !s.valid && strings.ContainsRune(text, utf8.RuneError):
		s.add(pointer, "is not UTF-8")
	}
}

// number makes whole numbers whole: 3.0 is 3 for the schema, but not for Go's
// decoder.
func (s *scan) number(n json.Number, pointer string) json.Number {
	value, err := n.Float64()
	if err != nil || math.Abs(value) > numberMax {
		s.add(pointer, "is too large a number")
		return n
	}
	if !strings.ContainsAny(n.String(), ".eE") || value != math.Trunc(value) {
		return n
	}
	return json.Number(strconv.FormatInt(int64(value), 10))
}

// visit applies a schema and lists what breaks it.
func visit(schema *openapi3.Schema, value any) []problem.Field {
	return broken(schema.VisitJSON(value, asked...), nil)
}

// broken adds the faults that a schema's error is made of.
func broken(err error, fields []problem.Field) []problem.Field {
	if err == nil {
		return fields
	}
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, one := range many {
			fields = broken(one, fields)
		}
		return fields
	}
	fault, ok := errors.AsType[*openapi3.SchemaError](err)
	if !ok {
		return append(fields, problem.Field{Detail: "breaks a rule"})
	}
	var pointer strings.Builder
	for _, name := range fault.JSONPointer() {
		pointer.WriteString("/" + escape(name))
	}
	if name, ok := unknown(fault); ok {
		pointer.WriteString("/" + escape(name))
	}
	return append(fields, problem.Field{Pointer: short(pointer.String()), Detail: reason(fault)})
}

// unknown is the name of a field that the schema does not have; the library
// tells it in its text alone.
func unknown(fault *openapi3.SchemaError) (string, bool) {
	quoted, ok := strings.CutSuffix(fault.Reason, " is unsupported")
	if !ok || fault.SchemaField != "properties" {
		return "", false
	}
	name, err := strconv.Unquote(strings.TrimPrefix(quoted, "property "))
	return name, err == nil
}

// escape is a name inside a JSON pointer (RFC 6901).
func escape(name string) string { return escapes.Replace(name) }

var escapes = strings.NewReplacer("~", "~0", "/", "~1")
