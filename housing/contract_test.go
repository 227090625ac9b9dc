package housing_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"ukbot/housing"
	"ukbot/housing/access"
	"ukbot/secret"
	"ukbot/sql/db"
)

// described is one operation of the document that the housing server answers.
type described struct {
	*openapi3.Operation
	method, path string
	action       access.Action
	params       openapi3.Parameters
}

// document is every operation of the housing server, sorted by path.
func document(t testing.TB) []described {
	t.Helper()
	doc, err := housing.Document()
	if err != nil {
		t.Fatal(err)
	}
	var all []described
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if slices.ContainsFunc(op.Tags, func(tag string) bool { return slices.Contains([]string{"webhooks", "operations", "health"}, tag) }) {
				continue
			}
			action, _ := op.Extensions["x-permission"].(string)
			all = append(all, described{op, method, path, access.Action(action), slices.Concat(item.Parameters, op.Parameters)})
		}
	}
	slices.SortFunc(all, func(a, b described) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

func (d described) has(in, name string) bool { return d.params.GetByInAndName(in, name) != nil }

// example is the document's body for an operation, and its content type.
func (d described) example() (body any, media string) {
	if d.RequestBody == nil {
		return nil, ""
	}
	for media, content := range d.RequestBody.Value.Content {
		return content.Example, media
	}
	return nil, ""
}

func TestDocumentAndItsExamplesAreValid(t *testing.T) {
	doc, err := housing.Document()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Error(err)
	}
}

func TestEveryOperationSaysWhatItIs(t *testing.T) {
	for _, op := range document(t) {
		for _, fault := range flaws(op) {
			t.Errorf("%s %s (%s): %s", op.method, op.path, op.OperationID, fault)
		}
	}
}

// flaws is what an operation's description lacks.
func flaws(op described) (flaws []string) {
	lacks := func(bad bool, what string) {
		if bad {
			flaws = append(flaws, what)
		}
	}
	_, known := access.Table[op.action]
	lacks(!known && op.action != access.Public, "x-permission "+string(op.action)+" is no action of the table")
	lacks(op.OperationID == "", "no operationId")
	lacks(len(op.Tags) != 1, "not one tag")
	lacks(op.Summary == "", "no summary")
	lacks(op.method == "POST" && !op.has(openapi3.ParameterInHeader, "Idempotency-Key"), "a POST without Idempotency-Key")
	lacks(op.method == "PATCH" && !op.has(openapi3.ParameterInHeader, "If-Match"), "a PATCH without If-Match")
	lacks(op.Responses.Default() == nil, "no default response")
	body, media := op.example()
	lacks(media != "" && body == nil, "no example of the request body")
	lacks(media == "application/json" && !strict(op), "its body takes unknown fields: additionalProperties is not false")
	for status, response := range op.Responses.Map() {
		for media, content := range response.Value.Content {
			binary := content.Schema != nil && content.Schema.Value.Format == "binary"
			lacks(content.Example == nil && !binary, "no example of its answer "+status+" "+media)
		}
	}
	return flaws
}

func strict(op described) bool {
	extra := op.RequestBody.Value.Content["application/json"].Schema.Value.AdditionalProperties
	return extra.Has != nil && !*extra.Has
}

// TestTextsAreBounded keeps bodies small: whoever may send a text may send a long one.
func TestTextsAreBounded(t *testing.T) {
	for _, op := range document(t) {
		if _, media := op.example(); media == "application/json" {
			unbounded(op.RequestBody.Value.Content[media].Schema.Value, "", func(pointer, what string) {
				t.Errorf("%s: %s of %s", op.OperationID, what, pointer)
			})
		}
		for _, param := range op.params {
			unbounded(param.Value.Schema.Value, param.Value.Name, func(pointer, what string) {
				t.Errorf("%s: %s of parameter %s", op.OperationID, what, pointer)
			})
		}
	}
}

// unbounded reports texts, lists and numbers of any size in a schema.
func unbounded(s *openapi3.Schema, pointer string, report func(pointer, what string)) {
	switch {
	case s.Type.Is(openapi3.TypeString) && s.MaxLength == nil && len(s.Enum) == 0 && s.Format == "":
		report(pointer, "no maxLength")
	case s.Type.Is(openapi3.TypeArray) && s.MaxItems == nil:
		report(pointer, "no maxItems")
	}
	if s.Items != nil {
		unbounded(s.Items.Value, pointer+"/0", report)
	}
	for name, property := range s.Properties {
		unbounded(property.Value, pointer+"/"+name, report)
	}
}

// TestRoutesAndDocumentAreTheSame compares what the server answers with what
// the document describes.
func TestRoutesAndDocumentAreTheSame(t *testing.T) {
	served := map[string]bool{}
	for _, route := range routes(t) {
		if route.Method != fiber.MethodHead { // Fiber's own for each GET
			served[route.Method+" "+route.Path] = true
		}
	}
	for _, op := range document(t) {
		route := op.method + " /api/v1" + strings.NewReplacer("{", ":", "}", "").Replace(op.path)
		if !served[route] {
			t.Errorf("%s is in the document and not served", route)
		}
		delete(served, route)
	}
	for route := range served {
		t.Errorf("%s is served and not in the document", route)
	}
}

// routes is what the services register.
func routes(t *testing.T) []fiber.Route {
	t.Helper()
	pool, err := db.NewPool(t.Context(), db.PoolConfig{URL: "postgres://nobody@127.0.0.1:1/nothing"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	keys, err := secret.ParseKeyset(secret.NewKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	services, err := housing.New(t.Context(), housing.Config{Pool: pool, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New()
	services.Register(app)
	return app.GetRoutes(true)
}

// jsonCopy is a value that can be changed without changing the document.
func jsonCopy(t testing.TB, value any) any {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var copied any
	if err := json.Unmarshal(raw, &copied); err != nil {
		t.Fatal(err)
	}
	return copied
}
