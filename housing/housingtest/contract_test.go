package housingtest

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnswersHaveARequestID(t *testing.T) {
	for id, fine := range map[string]bool{"x": true, "": false} {
		answer := &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{"X-Request-Id": {id}}}
		if err := alike("getCompany", answer); (err == nil) != fine {
			t.Errorf("request id %q: %v, want fine: %t", id, err, fine)
		}
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
