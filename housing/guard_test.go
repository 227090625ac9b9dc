package housing_test

import (
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/housingtest"
)

// TestGuard tries what stands before every operation, on two that need little.
func TestGuard(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	for name, test := range map[string]func(*testing.T, *housingtest.Server){
		"strangers are told how to log in":        strangersAreToldHowToLogIn,
		"a request id is the caller's or ours":    requestIDIsTheCallersOrOurs,
		"events are part of the caller's trace":   eventsArePartOfTheCallersTrace,
		"a role must reach":                       roleMustReach,
		"bodies are checked against the document": bodiesAreCheckedAgainstTheDocument,
		"doubled fields are checked":              fieldsGivenTwiceAreCheckedAsTheyCount,
		"other content types are refused":         otherContentTypesAreRefused,
		"unknown query parameters are refused":    unknownQueryParametersAreRefused,
		"formats are explained":                   formatsAreExplained,
		"bodies beyond the limit are 413":         bodiesBeyondTheLimitAre413,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

func strangersAreToldHowToLogIn(t *testing.T, s *housingtest.Server) {
	t.Helper()
	for name, header := range map[string]string{
		"no credential":        "X-Nothing: 1",
		"an unknown token":     "Authorization: Bearer a.b.c",
		"an unknown key":       "X-API-Key: ukb_nothing",
		"a key as bearer":      "Authorization: Bearer ukb_nothing",
		"another scheme":       "Authorization: Basic dXNlcjpwYXNz",
		"an empty bearer":      "Authorization: Bearer ",
		"a scheme and no more": "Authorization: Bearer",
	} {
		t.Run(name, func(t *testing.T) {
			r := s.Anonymous().Do("GET", "/company", nil, header).WantProblem(t, 401, "unauthorized")
			if got := r.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
				t.Errorf("WWW-Authenticate = %q", got)
			}
		})
	}
}

func requestIDIsTheCallersOrOurs(t *testing.T, s *housingtest.Server) {
	t.Helper()
	for name, tc := range map[string]struct {
		given string
		kept  bool
	}{
		"the caller's":     {"abc-123", true},
		"none":             {"", false},
		"one with a space": {"a b", false},
		"a long one":       {strings.Repeat("x", 65), false},
		"markup":           {"<script>", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.Anonymous().Do("GET", "/company", nil, "X-Request-ID: "+tc.given)
			got := r.Header.Get("X-Request-ID")
			if (got == tc.given) != tc.kept || got == "" {
				t.Errorf("X-Request-ID = %q of %q", got, tc.given)
			}
			if body := r.Problem().RequestId; body == nil || *body != got {
				t.Errorf("request_id = %v, want %q", body, got)
			}
			if !strings.Contains(s.Log.String(), `"request_id":"`+got+`"`) {
				t.Errorf("no log line names request %q", got)
			}
		})
	}
}

func eventsArePartOfTheCallersTrace(t *testing.T, s *housingtest.Server) {
	t.Helper()
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	manager := s.Manager()
	building, _ := s.Building()
	for name, tc := range map[string]struct {
		given string
		kept  bool
	}{
		"the caller's is kept": {trace, true},
		"no trace is begun":    {"", false},
		"nonsense is replaced": {"00-zz-01", false},
	} {
		for _, key := range []string{"X-Nothing: 1", "Idempotency-Key: " + strings.ReplaceAll(name, " ", "-")} {
			t.Run(name+" "+key, func(t *testing.T) {
				before := len(s.Outbox(t))
				manager.Do("POST", "/requests", map[string]any{"building_id": building, "category": "plumbing", "urgency": "normal", "description": "Течёт кран"},
					"traceparent: "+tc.given, key).Want(t, 201)
				made := s.Outbox(t)[before:] // the event, and the deadline's schedule
				got := events.TraceOf(made[0].Header)
				if (got == tc.given) != tc.kept || !events.WellFormedTrace(got) || events.TraceOf(made[1].Header) != got {
					t.Errorf("of %q the event has trace %q, the schedule %q", tc.given, got, events.TraceOf(made[1].Header))
				}
				if !strings.Contains(s.Log.String(), `"trace_id":"`+events.TraceID(got)+`"`) {
					t.Errorf("no log line names trace %q", got)
				}
			})
		}
	}
}

func roleMustReach(t *testing.T, s *housingtest.Server) {
	t.Helper()
	s.Manager().Do("PATCH", "/company", map[string]any{"name": "x"}).WantProblem(t, 403, "forbidden")
	s.Key("requests.view").Do("GET", "/company", nil).WantProblem(t, 403, "forbidden")
}

func bodiesAreCheckedAgainstTheDocument(t *testing.T, s *housingtest.Server) {
	t.Helper()
	admin := s.Admin()
	for name, tc := range map[string]struct {
		body    string
		status  int
		code    string
		pointer string
	}{
		"no JSON":                  {`{"name":`, 400, "malformed", ""},
		"two values":               {`{"name":"a"} {}`, 400, "malformed", ""},
		"nothing":                  {``, 400, "malformed", ""},
		"a list":                   {`[]`, 422, "invalid", ""},
		"null":                     {`null`, 422, "invalid", ""},
		"a number as name":         {`{"name":1}`, 422, "invalid", "/name"},
		"a long name":              {`{"name":"` + strings.Repeat("я", 201) + `"}`, 422, "invalid", "/name"},
		"an empty name":            {`{"name":""}`, 422, "invalid", "/name"},
		"a NUL":                    {`{"name":"a\u0000b"}`, 422, "invalid", "/name"},
		"a NUL in a field's name":  {`{"na\u0000me":"b"}`, 422, "invalid", "/na�me"},
		"broken UTF-8":             {"{\"name\":\"a\xff\"}", 422, "invalid", "/name"},
		"an unknown field":         {`{"nam":"b"}`, 422, "invalid", "/nam"},
		"another spelling of one":  {`{"Name":"b"}`, 422, "invalid", "/Name"},
		"an unknown field with / ": {`{"a/b":"b"}`, 422, "invalid", "/a~1b"},
		"no such language":         {`{"language":"de"}`, 422, "invalid", "/language"},
		"a fault far inside":       {`{"settings":{"deadlines":{"normal":{"reaction_minutes":0,"completion_minutes":5}}}}`, 422, "invalid", "/settings/deadlines/normal/reaction_minutes"},
		"a missing field inside":   {`{"settings":{"deadlines":{"normal":{"completion_minutes":5}}}}`, 422, "invalid", "/settings/deadlines/normal/reaction_minutes"},
		"half a minute":            {`{"settings":{"accept_after_hours":1.5}}`, 422, "invalid", "/settings/accept_after_hours"},
		"a huge number":            {`{"settings":{"accept_after_hours":1e999}}`, 422, "invalid", "/settings/accept_after_hours"},
		"deep nesting":             {`{"name":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`, 422, "invalid", "/name/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0"},
		"absurdly deep nesting":    {strings.Repeat(`[`, 100_000), 400, "malformed", ""},
		"a long name of a list":    {`{"` + strings.Repeat("a", 200_000) + `":[` + strings.Repeat(`"\u0000",`, 100) + `1]}`, 422, "invalid", "/" + strings.Repeat("a", 99) + "…"},
		"absurdly many values":     {`{"name":[` + strings.Repeat(`1,`, 20_000) + `1]}`, 422, "invalid", "/name/9997"},
	} {
		t.Run(name, func(t *testing.T) {
			r := admin.Do("PATCH", "/company", tc.body, `If-Match: "1"`).WantProblem(t, tc.status, tc.code)
			if tc.status != 422 {
				return
			}
			p := r.Problem()
			if p.Errors == nil || len(*p.Errors) == 0 || (*p.Errors)[0].Pointer != tc.pointer {
				t.Errorf("errors = %s, want one at %q", r.Raw, tc.pointer)
			}
		})
	}
}

// fieldsGivenTwiceAreCheckedAsTheyCount: what the schema sees of a doubled name
// and what the handler gets must be the same.
func fieldsGivenTwiceAreCheckedAsTheyCount(t *testing.T, s *housingtest.Server) {
	t.Helper()
	var c api.Company
	body := `{"settings":{"off_shift":"x","accept_after_hours":-5},"settings":{"deadlines":{"normal":{"reaction_minutes":-1},"normal":{"reaction_minutes":1,"completion_minutes":2}}}}`
	admin := s.Admin()
	tag := admin.Do("GET", "/company", nil).Want(t, 200).Header.Get("ETag")
	admin.Do("PATCH", "/company", body, "If-Match: "+tag).Want(t, 200, &c)
	if *c.Settings.OffShift != "refuse" || *c.Settings.AcceptAfterHours != 72 || c.Settings.Deadlines.Normal.ReactionMinutes != 1 {
		t.Errorf("settings %+v hold what was not checked", c.Settings)
	}
}

func otherContentTypesAreRefused(t *testing.T, s *housingtest.Server) {
	t.Helper()
	admin := s.Admin()
	admin.Do("PATCH", "/company", `name=x`, "Content-Type: application/x-www-form-urlencoded").WantProblem(t, 415, "media_type")
	admin.Do("PATCH", "/company", `{"name":"x"}`, "Content-Type:").WantProblem(t, 415, "media_type")
	admin.Do("PATCH", "/company", `{"name":"x"}`, "Content-Encoding: gzip").WantProblem(t, 415, "media_type")
	admin.Do("GET", "/company", `{"name":"x"}`).WantProblem(t, 400, "malformed")
}

func unknownQueryParametersAreRefused(t *testing.T, s *housingtest.Server) {
	t.Helper()
	r := s.Admin().Do("GET", "/company?whence=1", nil).WantProblem(t, 422, "invalid")
	if !strings.Contains(string(r.Raw), `"query/whence"`) {
		t.Errorf("answered %s", r.Raw)
	}
	s.Admin().Do("GET", "/company?a=%zz", nil).WantProblem(t, 422, "invalid")
}

func formatsAreExplained(t *testing.T, s *housingtest.Server) {
	t.Helper()
	admin := s.Admin()
	for path, want := range map[string]string{
		"/users/7": `{"pointer":"path/user","detail":"must be a UUID like`,
		"/users/%7B0190a6f2-5c1e-7c3a-9d3e-3b1f0c7a5e11%7D":         `{"pointer":"path/user","detail":"must be a UUID like`,
		"/shifts?from=yesterday&to=2026-03-09T00:00:00Z":            `{"pointer":"query/from","detail":"must be a time like`,
		"/shifts?from=2026-02-30T00:00:00Z&to=2026-03-09T00:00:00Z": `{"pointer":"query/from","detail":"must be a time like`,
		"/users?limit=0":         `{"pointer":"query/limit","detail":"number must be at least 1"}`,
		"/users?limit=ten":       `{"pointer":"query/limit","detail":"value must be an integer"}`,
		"/users?limit=1&limit=2": `{"pointer":"query/limit","detail":"may be given once"}`,
	} {
		if r := admin.Do("GET", path, nil).WantProblem(t, 422, "invalid"); !strings.Contains(string(r.Raw), want) {
			t.Errorf("%s: answered %s, want %s", path, r.Raw, want)
		}
	}
}

func bodiesBeyondTheLimitAre413(t *testing.T, s *housingtest.Server) {
	t.Helper()
	big := `{"name":"` + strings.Repeat("x", 10<<20) + `"}`
	r := s.Admin().Do("PATCH", "/company", big).Want(t, 413)
	if got := r.Problem().Code; got != "too_large" {
		t.Errorf("code = %q", got)
	}
}
