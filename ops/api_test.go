package ops

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ukbot/events"
	"ukbot/nats"
)

// routes is every route with an event of tenant acme in it.
func (f *fixture) routes(id string) map[string][3]string {
	return map[string][3]string{
		"list":  {http.MethodGet, "/api/v1/webhooks/events", ""},
		"show":  {http.MethodGet, "/api/v1/webhooks/events/" + id, ""},
		"retry": {http.MethodPost, "/api/v1/webhooks/events/" + id + "/retry", ""},
		"bulk":  {http.MethodPost, "/api/v1/webhooks/retries", `{"dry_run":false}`},
	}
}

func TestEveryRouteWantsAKey(t *testing.T) {
	f := start(t)
	for name, r := range f.routes("evt_1") {
		t.Run(name, func(t *testing.T) {
			for what, headers := range map[string][]string{
				"nothing":             {},
				"a wrong key":         {"Authorization", "Bearer ukb_wrong"},
				"another scheme":      {"Authorization", "Basic " + f.keys["all"]},
				"an empty key":        {"X-API-Key", ""},
				"a scheme alone":      {"Authorization", "Bearer "},
				"a wrong one besides": {"Authorization", "Bearer ukb_wrong", "X-API-Key", f.keys["all"]},
			} {
				status, header, body := f.call(r[0], r[1], "", r[2], headers...)
				if status != 401 || !strings.Contains(body, `"unauthorized"`) || header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s with %s = %d %s", r[1], what, status, body)
				}
			}
		})
	}
	for what, headers := range map[string][]string{
		"X-API-Key":            {"X-API-Key", f.keys["acme"]},
		"a scheme in any case": {"Authorization", "bEARER " + f.keys["acme"]},
	} {
		if status, _, body := f.call(http.MethodGet, "/api/v1/webhooks/events", "", "", headers...); status != 200 {
			t.Errorf("%s = %d %s", what, status, body)
		}
	}
}

func TestAnotherTenantFindsNothing(t *testing.T) {
	f := start(t)
	w := webhook("acme", "stripe", "evt_1", "payment_intent.succeeded")
	f.hook("acme", "stripe", "stripe")
	f.store(row(w, StatusFailed, f.publish(w)))
	before := f.messages(nats.StreamWebhooks)
	for _, id := range []string{w.Row(), w.ID} {
		for name, r := range f.routes(id) {
			t.Run(name, func(t *testing.T) {
				for _, asked := range []string{"tenant=acme", "tenant=acme&source=stripe"} {
					if strings.Contains(asked, "source") && (name == "bulk" || name == "list") {
						continue
					}
					f.expect(r[0], r[1]+"?"+asked, "other", r[2], 404, "not_found")
				}
				if status, _, body := f.call(r[0], r[1], "other", r[2], "X-Tenant-ID", "acme"); status != 404 {
					t.Errorf("%s with X-Tenant-ID = %d %s", r[1], status, body)
				}
			})
		}
		f.expect(http.MethodGet, "/api/v1/webhooks/events/"+id, "other", "", 404, "not_found")
		f.expect(http.MethodPost, "/api/v1/webhooks/events/"+id+"/retry", "other", "", 404, "not_found")
	}
	f.expect(http.MethodPost, "/api/v1/webhooks/retries", "other", `{"tenant":"acme","dry_run":false}`, 404, "not_found")
	if page := get[Page](f, "/api/v1/webhooks/events", "other"); len(page.Events) != 0 {
		t.Errorf("list of the other tenant = %+v", page.Events)
	}
	if page := get[Page](f, "/api/v1/webhooks/events", "all"); len(page.Events) != 0 {
		t.Errorf("list of the default tenant = %+v", page.Events)
	}
	if page := get[Page](f, "/api/v1/webhooks/events?tenant=acme", "all"); len(page.Events) != 1 {
		t.Errorf("list of acme with the key for all = %+v", page.Events)
	}
	if after := f.messages(nats.StreamWebhooks); after != before {
		t.Errorf("%d messages were published for another tenant", after-before)
	}
}

func TestNothingThatIsSentMakesAnError500(t *testing.T) {
	f := start(t)
	w := webhook("acme", "stripe", "evt_1", "a.b")
	f.hook("acme", "stripe", "stripe")
	f.store(row(w, StatusFailed, f.publish(w)))
	nasty := []string{
		`' OR 1=1; DROP TABLE webhook_events; --`, `<script>alert(1)</script>`, "\x00", "a\x00b", "🏠🔥", "\xff\xfe", `\`, `%`, `_%\%`, "*",
		"-1", "0", "1e309", "99999999999999999999", "NaN", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z", "2562047h", "-1h", "65536d", "d",
		strings.Repeat("a", 3000), "..", ".", "%", "%zz", "{id}", "null", " ", "a/b", "AAAA", "________________________________", "f_________8AAAAAAAAAAAAAAAAAAAAA",
		"ffffffff-ffff-7fff-bfff-ffffffffffff", "01-55-23-4567-7abc-def0123456789abcde", "00000000-0000-7000-8000-000000000000",
	}
	for _, value := range nasty {
		escaped := url.QueryEscape(value)
		for _, name := range []string{"source", "type", "status", "error", "since", "until", "limit", "cursor", "tenant", value} {
			status, _, body := f.call(http.MethodGet, "/api/v1/webhooks/events?"+url.QueryEscape(name)+"="+escaped, "all", "")
			if status >= 500 {
				t.Errorf("list with %s=%q = %d %s", name, value, status, body)
			}
		}
		for _, id := range []string{url.PathEscape(value), strings.NewReplacer("/", "", " ", "", "\x00", "", "\xff", "", "\xfe", "", "%", "%25").Replace(value)} {
			for _, path := range []string{id, id + "?source=" + escaped, id + "?tenant=" + escaped} {
				if strings.HasPrefix(path, "?") || path == "" {
					continue
				}
				u := &url.URL{Opaque: "/api/v1/webhooks/events/" + path}
				if status, _, body := f.call(http.MethodGet, u.Opaque, "all", ""); status >= 500 {
					t.Errorf("show %q = %d %s", u.Opaque, status, body)
				}
			}
		}
		quoted := strings.ReplaceAll(strings.ReplaceAll(value, `\`, `\\`), `"`, `\"`)
		for _, name := range []string{"tenant", "source", "type", "status", "error", "since", "until", "limit", "dry_run"} {
			for _, body := range []string{`{"` + name + `":"` + quoted + `"}`, `{"` + name + `":` + value + `}`, `{"` + name + `":"` + strings.ReplaceAll(quoted, "\x00", `\u0000`) + `"}`, value} {
				if status, _, text := f.call(http.MethodPost, "/api/v1/webhooks/retries", "acme", body); status >= 500 {
					t.Errorf("bulk %q = %d %s", body, status, text)
				}
			}
		}
	}
}

func TestWhatIsMalformedIsNamed(t *testing.T) {
	f := start(t)
	for path, parameter := range map[string]string{
		"/api/v1/webhooks/events?since=yesterday":                    "since",
		"/api/v1/webhooks/events?until=-1h":                          "until",
		"/api/v1/webhooks/events?since=1h&until=2h":                  "until",
		"/api/v1/webhooks/events?limit=0":                            "limit",
		"/api/v1/webhooks/events?limit=201":                          "limit",
		"/api/v1/webhooks/events?limit=x":                            "limit",
		"/api/v1/webhooks/events?cursor=x":                           "cursor",
		"/api/v1/webhooks/events?status=broken":                      "status",
		"/api/v1/webhooks/events?source=%00":                         "source",
		"/api/v1/webhooks/events?type=%ff":                           "type",
		"/api/v1/webhooks/events?tenant=A":                           "tenant",
		"/api/v1/webhooks/events?statsu=failed":                      "query",
		"/api/v1/webhooks/events/%00":                                "id",
		"/api/v1/webhooks/events/%FF":                                "id",
		"/api/v1/webhooks/events/evt_1?since=1h":                     "query",
		"/api/v1/webhooks/events/evt_1?source=" + "a%00":             "source",
		"/api/v1/webhooks/events?error=" + strings.Repeat("x", 1001): "error",
	} {
		status, _, body := f.call(http.MethodGet, path, "all", "")
		if p := decode[problem](t, body); status != 400 || p.Parameter != parameter || p.Code != "invalid_parameter" {
			t.Errorf("%s = %d %s, want 400 about %s", path, status, body, parameter)
		}
	}
	for body, parameter := range map[string]string{
		`{"limit":"x"}`:                    "limit",
		`{"limit":10001}`:                  "limit",
		`{"limit":-1}`:                     "limit",
		`{"dry_run":"false"}`:              "dry_run",
		`{"status":"completed"}`:           "status",
		`{"since":"soon"}`:                 "since",
		`{"dryrun":false}`:                 "body",
		`{"dry_run":false}{}`:              "body",
		`[]`:                               "body",
		``:                                 "body",
		`{"source":"` + "\\u0000" + `"}`:   "source",
		`{"tenant":"` + "no such" + `"}`:   "tenant",
		`{"since":"1h","until":"2h"}`:      "until",
		`{"error":"` + "a\\u0000b" + `"}`:  "error",
		`{"dry_run":false,"limit":1e9999}`: "limit",
	} {
		status, _, text := f.call(http.MethodPost, "/api/v1/webhooks/retries", "all", body)
		if p := decode[problem](t, text); status != 400 || p.Parameter != parameter {
			t.Errorf("bulk %s = %d %s, want 400 about %s", body, status, text, parameter)
		}
	}
}

func TestWithoutPostgreSQLTheAnswerIs503(t *testing.T) {
	f := start(t)
	f.deps.Pool.Close()
	for name, r := range f.routes(events.RowID("acme", "stripe", "evt_1", received)) {
		t.Run(name, func(t *testing.T) {
			status, header, body := f.call(r[0], r[1], "acme", r[2])
			if status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, "database_unavailable") {
				t.Errorf("%s = %d %s", r[1], status, body)
			}
		})
	}
}
