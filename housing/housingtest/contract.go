package housingtest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"ukbot/api/apitest"
)

// checked is a transport that fails the test when an answer is not what the
// document says, and notes which operations succeed.
type checked struct {
	t    testing.TB
	next http.RoundTripper
}

// RoundTrip sends a request and checks its answer.
func (c checked) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(raw))
	if err := hold(r, answer, raw); err != nil {
		c.t.Errorf("%s %s answered %d, and not as the document says: %v\n%.2000s", r.Method, r.URL.Path, answer.StatusCode, err, raw)
	}
	return answer, nil
}

// hold holds an answer against the document, and against what all of housing's
// answers have in common.
func hold(r *http.Request, answer *http.Response, raw []byte) error {
	if answer.Header.Get("X-Request-ID") == "" {
		return errors.New("X-Request-ID is missing")
	}
	operation, err := apitest.Check(r, answer, raw)
	if err == nil && operation != "" && answer.StatusCode/100 == 2 {
		succeeded(operation)
	}
	return err
}
