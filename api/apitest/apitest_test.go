package apitest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"ukbot/api/apitest"
)

// TestAnswersThatAreNotInTheDocumentAreNoticed keeps the checker honest.
func TestAnswersThatAreNotInTheDocumentAreNoticed(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path string
		status       int
		media, body  string
		fine         bool
	}{
		"as it should be":         {"GET", "/health", 200, "application/json", `{"status":"ok"}`, true},
		"another type":            {"GET", "/health", 200, "application/json", `{"status":7}`, false},
		"a field is missing":      {"GET", "/health", 200, "application/json", `{}`, false},
		"another content type":    {"GET", "/health", 200, "text/html", `<p>ok</p>`, false},
		"a status it has not":     {"GET", "/health", 500, "application/json", `{"status":"ok"}`, false},
		"a problem":               {"POST", "/api/v1/requests", 422, "application/problem+json", `{"type":"about:blank","title":"x","status":422,"code":"invalid","detail":"x"}`, true},
		"a problem without code":  {"POST", "/api/v1/requests", 422, "application/problem+json", `{"type":"about:blank","title":"x","status":422,"detail":"x"}`, false},
		"a route it has not":      {"GET", "/api/v1/secrets", 200, "application/json", `{}`, false},
		"nothing where is none":   {"GET", "/api/v1/secrets", 404, "application/problem+json", `{}`, true},
		"a header is missing":     {"GET", "/api/v1/company", 200, "application/json", `{"id":"acme","name":"A","time_zone":"Asia/Tashkent","language":"ru","settings":{}}`, false},
		"named before a variable": {"POST", "/api/v1/buildings/import", 401, "application/problem+json", `{"type":"about:blank","title":"x","status":401,"code":"unauthorized","detail":"x"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tc.method, "http://localhost"+tc.path, nil)
			answer := &http.Response{StatusCode: tc.status, Header: http.Header{"Content-Type": {tc.media}}}
			if _, err := apitest.Check(r, answer, []byte(tc.body)); (err == nil) != tc.fine {
				t.Errorf("%s %s %d %s: %v, want fine: %t", tc.method, tc.path, tc.status, tc.body, err, tc.fine)
			}
		})
	}
}
