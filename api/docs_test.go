package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"ukbot/api"
)

// asset is what a page loads.
var asset = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func TestDocsLoadNothingFromElsewhere(t *testing.T) {
	app := fiber.New()
	api.RegisterDocs(app)
	page := get(t, app, "/docs")
	found := asset.FindAllStringSubmatch(page, -1)
	if len(found) < 3 {
		t.Fatalf("the page loads %d assets:\n%s", len(found), page)
	}
	for _, m := range found {
		if !strings.HasPrefix(m[1], "/docs/") {
			t.Errorf("the page loads %s", m[1])
			continue
		}
		if body := get(t, app, m[1]); body == "" {
			t.Errorf("%s is empty", m[1])
		}
	}
	if !strings.Contains(page, "/docs/openapi.yaml") {
		t.Error("the page does not name the document")
	}
}

func TestDocsServeTheDocument(t *testing.T) {
	app := fiber.New()
	api.RegisterDocs(app)
	if got := get(t, app, "/docs/openapi.yaml"); got != string(api.Document) {
		t.Errorf("%d bytes, want the %d of openapi.yaml", len(got), len(api.Document))
	}
}

func get(t *testing.T, app *fiber.App, path string) string {
	t.Helper()
	response, err := app.Test(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d, %v", path, response.StatusCode, err)
	}
	return string(body)
}
