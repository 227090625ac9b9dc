package housingtest

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnswersAreHeldAgainstTheDocument(t *testing.T) {
	const company = `{"id":"acme","name":"A","time_zone":"Asia/Tashkent","language":"ru","settings":{}}`
	const problem = `{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","detail":"x"}`
	for name, tc := range map[string]struct {
		method, path string
		status       int
		media, body  string
		header       string // one that is left out
		fine         bool
	}{
		"what the document says":     {"GET", "/api/v1/company", 200, "application/json", company, "", true},
		"a problem":                  {"GET", "/api/v1/company", 404, "application/problem+json", problem, "", true},
		"a field that is missing":    {"GET", "/api/v1/company", 200, "application/json", `{"id":"acme"}`, "", false},
		"a field of another type":    {"GET", "/api/v1/company", 200, "application/json", strings.Replace(company, `"A"`, `1`, 1), "", false},
		"a header that is missing":   {"GET", "/api/v1/company", 200, "application/json", company, "Etag", false},
		"another content type":       {"GET", "/api/v1/company", 200, "text/html", "<p>", "", false},
		"an error that is no more":   {"GET", "/api/v1/company", 500, "text/plain", "oops", "", false},
		"no request id":              {"GET", "/api/v1/company", 200, "application/json", company, "X-Request-Id", false},
		"a path that is not there":   {"GET", "/api/v1/nothing", 404, "application/problem+json", problem, "", true},
		"a path not in the document": {"GET", "/api/v1/nothing", 200, "application/json", `{}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, "http://x"+tc.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{"Content-Type": {tc.media}, "Etag": {`"1"`}, "X-Request-Id": {"x"}}
			header.Del(tc.header)
			err = hold(r, &http.Response{StatusCode: tc.status, Header: header}, []byte(tc.body))
			if (err == nil) != tc.fine {
				t.Errorf("hold = %v, want fine: %v", err, tc.fine)
			}
		})
	}
}

// implementing has one operation.
type implementing struct{}

func (implementing) GetCompany() {}

func TestUntestedOperationsAreNamed(t *testing.T) {
	handlers := []any{implementing{}}
	if err := lacking(handlers, func(string) bool { return false }); err == nil || !strings.HasSuffix(err.Error(), " GetCompany") {
		t.Errorf("lacking = %v, want GetCompany named", err)
	}
	if err := lacking(handlers, func(name string) bool { return name == "GetCompany" }); err != nil {
		t.Errorf("lacking = %v, want nil", err)
	}
}
