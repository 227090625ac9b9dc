package housing

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"ukbot/api"
	"ukbot/housing/access"
)

// basePath is where the document's paths begin.
const basePath = "/api/v1"

// elsewhere are the tags whose operations other packages serve.
var elsewhere = []string{"webhooks", "operations", "health"}

// How long a request may take.
const (
	quickDeadline = 10 * time.Second
	slowDeadline  = time.Minute // files, imports and exports
)

// operation is what the guard needs to know of one operation of the document.
type operation struct {
	id         string
	method     string
	path       string // as in the document: /requests/{request}
	permission access.Action
	params     []*openapi3.Parameter
	body       *openapi3.RequestBody // nil: it takes none
	deadline   time.Duration
	repeatable bool // takes an Idempotency-Key
}

// Document reads api.Document, once.
var Document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.Document)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return doc, nil
})

// operations are the document's operations that this server answers, by method and Fiber path.
func operations() (map[string]*operation, error) {
	doc, err := Document()
	if err != nil {
		return nil, err
	}
	all := map[string]*operation{}
	for path, item := range doc.Paths.Map() {
		for method, described := range item.Operations() {
			if slices.ContainsFunc(described.Tags, func(tag string) bool { return slices.Contains(elsewhere, tag) }) {
				continue
			}
			op, err := read(method, path, item, described)
			if err != nil {
				return nil, fmt.Errorf("openapi.yaml: %s %s: %w", method, path, err)
			}
			all[method+" "+fiberPath(path)] = op
		}
	}
	return all, nil
}

func read(method, path string, item *openapi3.PathItem, described *openapi3.Operation) (*operation, error) {
	permission, ok := described.Extensions["x-permission"].(string)
	action := access.Action(permission)
	if _, known := access.Table[action]; !ok || !known && action != access.Public {
		return nil, fmt.Errorf("x-permission %q is no action of the permissions table", permission)
	}
	op := &operation{id: described.OperationID, method: method, path: path, permission: action, deadline: quickDeadline}
	for _, param := range slices.Concat(item.Parameters, described.Parameters) {
		op.params = append(op.params, param.Value)
		op.repeatable = op.repeatable || param.Value.In == openapi3.ParameterInHeader && param.Value.Name == idempotencyKey
	}
	if described.RequestBody != nil {
		op.body = described.RequestBody.Value
	}
	if slices.Contains(described.Tags, "files") || strings.HasSuffix(path, "/import") || strings.Contains(path, "/export") {
		op.deadline = slowDeadline
	}
	return op, nil
}

// fiberPath is a path of the document as the generated code registers it.
func fiberPath(path string) string {
	return basePath + strings.NewReplacer("{", ":", "}", "").Replace(path)
}
