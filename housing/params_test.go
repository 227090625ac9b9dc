package housing_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// odd are values that few parameters take, percent-encoded.
var odd = []string{
	"", "%00", "a%00b", "%ff%fe", "%zz", "%", "null", "true", "0", "-1", "1e9", "0.5", "99999999999999999999", "200", "201", "[]", "{}",
	"%27%3B%20DROP%20TABLE%20users%3B--", "%3Cscript%3E", "..%2f..%2fetc", "%F0%9F%9A%B0", "%D9%85%D8%B1%20%E2%80%AE", "a,b,,c", "%25",
	"2026-03-02T09:00:00Z", "2026-02-30T09:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-02", "2026-03-02T09:00:00%2B25:00",
	"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "260302-001", "inv_x", strings.Repeat("x", 3000),
	cursor(`{}`), cursor(`[]`), cursor(`null`), cursor(`"x"`), cursor(`{"n":"\u0000"}`), cursor(`{"id":1}`), cursor(`{"at":"0000-00-00"}`), "_-", "====",
}

func cursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// TestOddParametersAreRefused puts every odd value into every parameter, in
// path, query and headers.
func TestOddParametersAreRefused(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	for _, op := range document(t) {
		if len(op.params) == 0 {
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			c := ableScene(t, s, op)
			path := c.path()
			for _, param := range op.params {
				for _, value := range odd {
					c.odd(t, path, param.Value, value)
				}
			}
		})
	}
}

// odd sends a request with one parameter set.
func (c *scene) odd(t *testing.T, path string, param *openapi3.Parameter, value string) {
	t.Helper()
	what := fmt.Sprintf("%s %s with %s %s=%.60q", c.op.method, c.op.path, param.In, param.Name, value)
	headers := []string{}
	switch param.In {
	case openapi3.ParameterInPath:
		if value == "" {
			return // another path
		}
		path = strings.Replace(path, c.made[param.Name], value, 1)
	case openapi3.ParameterInQuery:
		path += "?" + url.QueryEscape(param.Name) + "=" + value
	case openapi3.ParameterInHeader:
		plain, err := url.PathUnescape(value)
		if err != nil || strings.ContainsAny(plain, "\x00\r\n") {
			return // no HTTP client sends it
		}
		headers = append(headers, param.Name+": "+plain)
	}
	if !parses(c.s.URL + path) {
		return // no HTTP client sends it
	}
	complain(t, what, c.actor.For(t).Do(c.op.method, path, nil, headers...))
}

func parses(address string) bool {
	_, err := url.Parse(address)
	return err == nil
}

// TestCursorsOfOtherListsAreRefused takes the cursor of each list to every other.
func TestCursorsOfOtherListsAreRefused(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	for range 3 {
		s.Building()
		s.Applicant()
		s.Key(access.RequestsView)
	}
	var cursors []string
	var lists []described
	for _, op := range document(t) {
		if op.method != "GET" || !op.has(openapi3.ParameterInQuery, "cursor") || strings.Contains(op.path, "{") {
			continue
		}
		lists = append(lists, op)
		c := &scene{t: t, s: s, op: op, actor: admin, owner: admin, made: map[string]string{}}
		var page struct {
			NextCursor string `json:"next_cursor"`
		}
		admin.Do("GET", op.path+and(c.query(), "limit=1"), nil).Want(t, 200, &page)
		if page.NextCursor != "" {
			cursors = append(cursors, page.NextCursor)
		}
	}
	if len(cursors) < 3 {
		t.Fatalf("only %d lists have a second page", len(cursors))
	}
	for _, op := range lists {
		c := &scene{t: t, s: s, op: op, actor: admin, owner: admin, made: map[string]string{}}
		for _, cursor := range cursors {
			complain(t, op.OperationID, admin.Do("GET", op.path+and(c.query(), "cursor="+cursor), nil))
		}
	}
}

// and adds a pair to a query.
func and(query, pair string) string {
	if query == "" {
		return "?" + pair
	}
	return query + "&" + pair
}
