// Package apitest holds answers against api/openapi.yaml: their status, headers
// and body must be what the document says of the operation. Every test that
// speaks HTTP to an API route sends its requests through a Transport.
package apitest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"

	"ukbot/api"
)

// Transport fails the test where an answer is not what the document says.
type Transport struct {
	T    testing.TB
	Next http.RoundTripper
	// Also sees every answer that is, and of which operation it is (none: ""); nil asks nothing more.
	Also func(operation string, answer *http.Response) error
}

// RoundTrip sends a request and checks its answer.
func (c Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(raw))
	operation, err := Check(r, answer, raw)
	if err == nil && c.Also != nil {
		err = c.Also(operation, answer)
	}
	if err != nil {
		c.T.Errorf("%s %s answered %d, and not as the document says: %v\n%.2000s", r.Method, r.URL.Path, answer.StatusCode, err, raw)
	}
	return answer, nil
}

// Check holds an answer with the body raw against the document and says which
// operation it is of; none where the document has none and the answer says so.
func Check(r *http.Request, answer *http.Response, raw []byte) (operation string, err error) {
	all, err := contract()
	if err != nil {
		return "", err
	}
	route := find(all, r)
	if route == nil {
		if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed {
			return "", nil
		}
		return "", errors.New("no such operation")
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(raw)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, SchemaValidationOptions: []openapi3.SchemaValidationOption{formats}},
	}
	return route.Operation.OperationID, openapi3filter.ValidateResponse(r.Context(), input)
}

// formats are checked in answers beyond those of the library.
var formats = openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(value string) error {
	_, err := uuid.Parse(value)
	return err
}))

// described is one operation of the document and where it is.
type described struct {
	method   string
	segments []string // of its path; "{name}" takes any
	route    *routers.Route
}

// contract is every operation of the document.
var contract = sync.OnceValues(func() ([]described, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.Document)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	var all []described
	for path, item := range doc.Paths.Map() {
		prefix := doc.Servers[0].URL
		if len(item.Servers) > 0 {
			prefix = strings.TrimSuffix(item.Servers[0].URL, "/")
		}
		for method, operation := range item.Operations() {
			all = append(all, described{method, strings.Split(prefix+path, "/"), &routers.Route{
				Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation,
			}})
		}
	}
	return all, nil
})

// find is a request's operation: the one that names most of its path.
func find(all []described, r *http.Request) *routers.Route {
	segments := strings.Split(strings.TrimSuffix(r.URL.EscapedPath(), "/"), "/") // the servers take either
	var found *routers.Route
	best := -1
	for _, d := range all {
		if named := d.matches(r.Method, segments); named > best {
			found, best = d.route, named
		}
	}
	return found
}

// matches is how many segments of a path an operation names, -1 if it is not meant.
func (d described) matches(method string, segments []string) int {
	if d.method != method || len(d.segments) != len(segments) {
		return -1
	}
	named := 0
	for i, segment := range d.segments {
		switch {
		case segment == segments[i]:
			named++
		case !strings.HasPrefix(segment, "{"):
			return -1
		}
	}
	return named
}
