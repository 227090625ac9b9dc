package housing

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"ukbot/housing/problem"
)

// fieldsMax bounds how many faults one answer names.
const fieldsMax = 20

// check refuses a request that is not what the document describes, and names
// every field that is wrong.
func (r *call) check() error {
	fields := r.checkParams()
	body, err := r.checkBody()
	if err != nil {
		return err
	}
	if fields = append(fields, body...); len(fields) > 0 {
		return &problem.Problem{
			Code: problem.Invalid, Detail: "the request breaks a rule; errors says where",
			Errors: fields[:min(len(fields), fieldsMax)],
		}
	}
	return nil
}

func (r *call) checkParams() []problem.Field {
	query, err := url.ParseQuery(string(r.Request().URI().QueryString()))
	if err != nil {
		return []problem.Field{{Pointer: "query", Detail: "is not percent-encoded as it should be"}}
	}
	var fields []problem.Field
	for _, param := range r.op.params {
		values, found := r.values(param, query)
		delete(query, param.Name)
		for _, detail := range faults(param, values, found) {
			fields = append(fields, problem.Field{Pointer: param.In + "/" + param.Name, Detail: detail})
		}
	}
	for name := range query {
		fields = append(fields, problem.Field{Pointer: "query/" + short(strings.ToValidUTF8(name, "�")), Detail: "is no parameter of this operation"})
	}
	slices.SortFunc(fields, func(a, b problem.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
	return fields
}

// values are what a request gives for a parameter.
func (r *call) values(param *openapi3.Parameter, query url.Values) ([]string, bool) {
	switch param.In {
	case openapi3.ParameterInPath:
		value, err := url.PathUnescape(strings.Clone(r.Params(param.Name)))
		if err != nil {
			value = "\x00" // no value of any parameter
		}
		return []string{value}, true
	case openapi3.ParameterInHeader:
		var all []string
		for _, value := range r.Request().Header.PeekAll(param.Name) {
			all = append(all, string(value))
		}
		return all, len(all) > 0
	}
	all, found := query[param.Name]
	return all, found
}

// faults says what is wrong with a parameter.
func faults(param *openapi3.Parameter, values []string, found bool) []string {
	if !found {
		if param.Required {
			return []string{"is missing"}
		}
		return nil
	}
	for _, value := range values {
		if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			return []string{"holds a character that no text may hold"}
		}
	}
	schema := param.Schema.Value
	if !schema.Type.Is(openapi3.TypeArray) {
		if len(values) > 1 {
			return []string{"may be given once"}
		}
		return details(visit(schema, typed(schema, values[0])))
	}
	if param.Explode != nil && !*param.Explode {
		values = strings.Split(strings.Join(values, ","), ",")
	}
	items := make([]any, len(values))
	for i, value := range values {
		items[i] = typed(schema.Items.Value, value)
	}
	return details(visit(schema, items))
}

var wholeNumber = regexp.MustCompile(`^-?\d{1,15}$`)

// typed makes of a parameter's text what its schema wants, where it can be.
func typed(schema *openapi3.Schema, text string) any {
	switch {
	case schema.Type.Is(openapi3.TypeInteger) && wholeNumber.MatchString(text), schema.Type.Is(openapi3.TypeNumber) && json.Valid([]byte(text)):
		return json.Number(text)
	case schema.Type.Is(openapi3.TypeBoolean) && (text == "true" || text == "false"):
		return text == "true"
	}
	return text
}

func details(fields []problem.Field) []string {
	var all []string
	for _, field := range fields {
		all = append(all, field.Detail)
	}
	return all
}

// encoded says whether a body is compressed, which nothing here reads: its
// limit would mean little.
func (r *call) encoded() bool {
	encoding := r.Get(fiber.HeaderContentEncoding)
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

// shortMax is how much of what a stranger sent an answer repeats, in bytes.
const shortMax = 100

// short cuts what a stranger sent to what an answer may repeat.
func short(text string) string {
	if len(text) <= shortMax {
		return text
	}
	return strings.ToValidUTF8(text[:shortMax], "") + "…"
}
