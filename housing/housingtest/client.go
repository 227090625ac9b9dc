package housingtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/api/apitest"
	"ukbot/housing/access"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Client is somebody who uses the API. Every answer they get is held against
// the document.
type Client struct {
	access.Caller // who it is

	API *api.ClientWithResponses

	t          testing.TB
	s          *Server
	http       *http.Client
	credential string
}

// clientTimeout bounds one request of a test.
const clientTimeout = 90 * time.Second

func (s *Server) client(caller access.Caller) *Client {
	s.t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	s.t.Cleanup(transport.CloseIdleConnections)
	return s.clientWith(s.t, transport, caller)
}

func (s *Server) clientWith(t testing.TB, next http.RoundTripper, caller access.Caller) *Client {
	t.Helper()
	c := &Client{Caller: caller, t: t, s: s, http: &http.Client{Timeout: clientTimeout, Transport: apitest.Transport{T: t, Next: next, Also: alike}}}
	var err error
	if c.API, err = api.NewClientWithResponses(s.URL, api.WithHTTPClient(sender{c})); err != nil {
		t.Fatal(err)
	}
	return c
}

// For is the same client, failing another test: a subtest, or a fuzz target's.
func (c *Client) For(t testing.TB) *Client {
	t.Helper()
	next := http.DefaultTransport
	if old, ok := c.http.Transport.(apitest.Transport); ok {
		next = old.Next
	}
	other := c.s.clientWith(t, next, c.Caller)
	other.credential = c.credential
	return other
}

// sender sends requests with a client's credential; the generated client uses it.
type sender struct{ c *Client }

// Do sends a request.
func (s sender) Do(r *http.Request) (*http.Response, error) {
	if s.c.credential != "" && r.Header.Get("Authorization") == "" && r.Header.Get("X-API-Key") == "" {
		r.Header.Set("Authorization", "Bearer "+s.c.credential)
	}
	return s.c.http.Do(r)
}

// Renew logs the person in again: a new session, and an access token with the
// role that is active now.
func (c *Client) Renew() {
	c.t.Helper()
	ctx := context.Background()
	err := c.s.Store.Do(ctx, func(w *unit.Work) error {
		tokens, err := c.s.Auth.Login(ctx, w, c.Tenant, db.User{ID: c.User}, "housingtest")
		c.credential, c.Session, c.Role = tokens.Access.Reveal(), tokens.Session, tokens.Role
		return err
	})
	if err != nil {
		c.t.Fatalf("log %s in: %v", c.User, err)
	}
}

// Bearer makes the client send something else from now on.
func (c *Client) Bearer(credential string) { c.credential = credential }

// Credential is what the client sends.
func (c *Client) Credential() string { return c.credential }

// Response is an answer, read.
type Response struct {
	*http.Response
	Raw []byte
}

// Do sends any request: path below /api/v1, body as JSON unless it is a
// []byte, string or io.Reader, headers as "Name: value".
func (c *Client) Do(method, path string, body any, headers ...string) *Response {
	t := c.t
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.s.URL+path, reader(t, body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	answer, err := sender{c}.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return &Response{answer, raw}
}

func reader(t testing.TB, body any) io.Reader {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return http.NoBody
	case io.Reader:
		return body
	case []byte:
		return bytes.NewReader(body)
	case string:
		return strings.NewReader(body)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(raw)
}

// Want fails the test unless the answer has this status, and reads its JSON
// into each of `into`.
func (r *Response) Want(t testing.TB, status int, into ...any) *Response {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("%s %s answered %d, want %d: %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, status, r.Raw)
	}
	for _, v := range into {
		if err := json.Unmarshal(r.Raw, v); err != nil {
			t.Fatalf("%s %s: %v in %s", r.Request.Method, r.Request.URL.Path, err, r.Raw)
		}
	}
	return r
}

// Problem is the answer as a problem; the zero value if it is none.
func (r *Response) Problem() api.Problem {
	var p api.Problem
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json") {
		_ = json.Unmarshal(r.Raw, &p) // checked against the document already
	}
	return p
}

// WantProblem fails the test unless the answer is a problem of this code.
func (r *Response) WantProblem(t testing.TB, status int, code string) *Response {
	t.Helper()
	if p := r.Problem(); r.StatusCode != status || p.Code != code {
		t.Fatalf("%s %s answered %d %q, want %d %q: %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, p.Code, status, code, r.Raw)
	}
	return r
}

// ID is the client's user as the API writes it.
func (c *Client) ID() string { return c.Caller.User.String() }
