package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/ingress"
	"ukbot/ops"
)

// pages are routes for browsers; they are no part of the API.
var pages = []string{"/docs", "/simulator"}

// handWritten are the tags whose servers are not generated; housing has a test
// like this one for the others.
var handWritten = []string{"webhooks", "operations", "health"}

var parameter = regexp.MustCompile(`:(\w+)`)

// TestTheDocumentHasEveryHandWrittenRoute compares the routes of ingress and ops
// with api/openapi.yaml, both ways.
func TestTheDocumentHasEveryHandWrittenRoute(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(api.Document)
	if err != nil {
		t.Fatal(err)
	}
	app := ingress.NewApp(ingress.AppConfig{Log: zerolog.Nop()})
	ingress.New(ingress.Config{Registry: prometheus.NewRegistry(), Log: zerolog.Nop()}).Register(app)
	ops.Register(app, ops.Deps{Log: zerolog.Nop()}, ops.Keys{})
	ops.NewHealth(zerolog.Nop()).Register(app, prometheus.NewRegistry())
	api.RegisterDocs(app)

	served := map[string]bool{}
	for _, route := range app.GetRoutes(true) {
		path := parameter.ReplaceAllString(route.Path, "{$1}")
		page := slices.ContainsFunc(pages, func(p string) bool { return strings.HasPrefix(path, p) })
		if !page && (route.Method == http.MethodGet || route.Method == http.MethodPost) {
			served[route.Method+" "+path] = true
		}
	}
	documented := documentedRoutes(document)
	for route := range served {
		// GET where webhooks are posted is a route of its own, which refuses.
		path, get := strings.CutPrefix(route, http.MethodGet)
		if !documented[route] && (!get || !documented[http.MethodPost+path]) {
			t.Errorf("%s is served and not in the document", route)
		}
	}
	for route := range documented {
		if !served[route] {
			t.Errorf("%s is in the document and not served", route)
		}
	}
	if len(documented) < 10 {
		t.Errorf("found only %d routes in the document", len(documented))
	}
}

func documentedRoutes(document *openapi3.T) map[string]bool {
	routes := map[string]bool{}
	for path, item := range document.Paths.Map() {
		base := "/api/v1"
		if len(item.Servers) > 0 {
			base = strings.TrimSuffix(item.Servers[0].URL, "/")
		}
		for method, operation := range item.Operations() {
			if slices.Contains(handWritten, operation.Tags[0]) {
				routes[method+" "+base+path] = true
			}
		}
	}
	return routes
}
