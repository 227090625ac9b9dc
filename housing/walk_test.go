package housing_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// Whose the thing is that an operation is tried on.
const (
	own      = "one's own"
	anothers = "another's"
	foreign  = "another tenant's"
)

// TestPermissionsAreTheTable tries every operation of the document in every
// role on a thing of one's own, of somebody else and of another tenant, and
// compares with access.Table.
func TestPermissionsAreTheTable(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	allowOffShift(t, s)
	for _, op := range document(t) {
		if op.action == access.Public {
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			for _, role := range access.Roles {
				for _, whose := range relations(op) {
					walk(t, s, op, role, whose)
				}
			}
		})
	}
}

// relations is whose things an operation can be tried on: it needs to name one.
func relations(op described) []string {
	if strings.Contains(op.path, "{") {
		return []string{own, anothers, foreign}
	}
	return []string{own}
}

func walk(t *testing.T, s *housingtest.Server, op described, role access.Role, whose string) {
	t.Helper()
	scene := newScene(t, s, op, role, whose)
	got := scene.try()
	if got.StatusCode == exceptions[op.OperationID+" as "+string(role)+" on "+whose] {
		return
	}
	if want, ok := expected(op.action, role, whose)(got); !ok {
		t.Errorf("%s as %s on %s: answered %d, want %s (%s): %s", op.OperationID, role, whose, got.StatusCode, want, op.action, got.Raw)
	}
}

// exceptions are the statuses that the rules of a thing give before its owner matters.
var exceptions = map[string]int{
	"takeShift as executor on " + anothers: http.StatusConflict, // a shift that somebody has: who asks is told who
}

// expected is what the table says of an answer.
func expected(action access.Action, role access.Role, whose string) func(*housingtest.Response) (want string, ok bool) {
	status := func(code int) func(*housingtest.Response) (string, bool) {
		return func(r *housingtest.Response) (string, bool) { return http.StatusText(code), r.StatusCode == code }
	}
	switch reach := access.Table[action][role]; {
	case reach == access.None:
		return status(http.StatusForbidden)
	case whose == foreign:
		return status(http.StatusNotFound)
	case whose == anothers && reach == access.Own:
		return status(http.StatusForbidden)
	}
	return func(r *housingtest.Response) (string, bool) { return "to be let in", letIn(r) }
}

// letIn says whether a permission was given, whatever the state of the thing
// then allowed. A request that the document refuses tells nothing.
func letIn(r *housingtest.Response) bool {
	refused := []int{400, 401, 403, 404, 405, 413, 415, 428}
	return r.StatusCode < 500 && !slices.Contains(refused, r.StatusCode) && r.Problem().Code != "invalid"
}

// scene is one person, one operation and the thing that it is tried on.
type scene struct {
	t     testing.TB
	s     *housingtest.Server // of the tenant whose the thing is
	op    described
	actor *housingtest.Client
	owner *housingtest.Client // whose the thing is: the actor, or another of the same role
	made  map[string]string   // the things, by the path's parameter
}

func newScene(t testing.TB, s *housingtest.Server, op described, role access.Role, whose string) *scene {
	t.Helper()
	person := func(s *housingtest.Server) *housingtest.Client {
		opts := []housingtest.PersonOption{housingtest.Can("plumbing")}
		if role == access.Manager || role == access.Admin {
			opts = append(opts, housingtest.AlsoRole(access.Executor)) // or they could have no shifts
		}
		return s.Person(role, opts...)
	}
	c := &scene{t: t, s: s, op: op, actor: person(s), made: map[string]string{}}
	switch whose {
	case own:
		c.owner = c.actor
	case anothers:
		c.owner = person(s)
	case foreign:
		c.s = s.In(housingtest.Other)
		c.owner = person(c.s)
	}
	return c
}

// try sends the operation's example with the ids of things that are there.
func (c *scene) try() *housingtest.Response {
	c.t.Helper()
	body, media := c.op.example()
	headers := []string{}
	switch {
	case media == "application/json":
		changed, ok := jsonCopy(c.t, body).(map[string]any)
		if change := bodies()[c.op.OperationID]; ok && change != nil {
			change(c, changed)
		}
		body = changed
	case media == "multipart/form-data":
		form, contentType := photo(c.t)
		body, media = form, contentType
	}
	if media != "" {
		headers = append(headers, "Content-Type: "+media)
	}
	if c.op.has(openapi3.ParameterInHeader, "If-Match") {
		headers = append(headers, "If-Match: *")
	}
	if c.op.method == http.MethodPost { // as the bot does; the packages' own tests send none
		headers = append(headers, "Idempotency-Key: "+uuid.NewString())
	}
	return c.actor.Do(c.op.method, c.path()+c.query(), body, headers...)
}

// path fills in the path's parameters.
func (c *scene) path() string {
	c.t.Helper()
	segments := strings.Split(c.op.path, "/")
	for i, segment := range segments {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			segments[i] = c.id(strings.TrimSuffix(name, "}"))
		}
	}
	return strings.Join(segments, "/")
}

// id is the thing that a path parameter names; it is made when first asked for.
func (c *scene) id(param string) string {
	c.t.Helper()
	if c.made[param] == "" {
		maker := things()[param]
		if maker == nil {
			c.t.Fatalf("%s: nobody knows how to make a {%s}: add it to things in scene_test.go", c.op.OperationID, param)
		}
		c.made[param] = maker(c)
	}
	return c.made[param]
}

// query gives the required query parameters a value.
func (c *scene) query() string {
	c.t.Helper()
	var pairs []string
	for _, param := range c.op.params {
		if param.Value.In != openapi3.ParameterInQuery || !param.Value.Required {
			continue
		}
		value := queries[param.Value.Name]
		if value == "" {
			c.t.Fatalf("%s: no value for the query parameter %s: add it to queries in scene_test.go", c.op.OperationID, param.Value.Name)
		}
		pairs = append(pairs, param.Value.Name+"="+value)
	}
	if len(pairs) == 0 {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}
