package ingress

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/secret"
)

// secretWord is in every body, token and secret that these tests send: no log
// line may have it.
const secretWord = "s3cret"

func TestEveryRefusal(t *testing.T) {
	w := serve(t, AppConfig{})
	stripe := w.hook("stripe", "acme", "stripe")
	google := w.hook("google", "acme", "google-sheets")
	w.hook("generic", "acme", "off", func(h *events.Hook) { h.Enabled = false })
	w.hook("generic", "acme", "broken", func(h *events.Hook) { h.Secrets = []string{strings.Replace(h.Secrets[0], "v1.test.", "v1.gone.", 1)} })
	w.hook("generic", "acme", "brokenoff", func(h *events.Hook) { h.Secrets, h.Enabled = []string{"v1.gone.x"}, false })
	w.hook("generic", "acme", "office", func(h *events.Hook) { h.IPs = []string{"192.0.2.0/24"} })
	slow := w.hook("generic", "acme", "slow", func(h *events.Hook) { h.Rate, h.Burst = 0.001, 1 })
	body := `{"id":"evt_1","note":"` + secretWord + `"}`
	signed := func(h events.Hook, body string, at time.Time) map[string]string {
		return Sign(h, secret.Text(presetSecret(h.Preset)), "id-1", []byte(body), at)
	}
	with := func(headers map[string]string, name, value string) map[string]string {
		all := map[string]string{name: value}
		for name, value := range headers {
			if all[name] == "" {
				all[name] = value
			}
		}
		return all
	}
	now := time.Now()
	if a := w.post("/api/v1/webhooks/generic/slow", signed(slow, body, now), body); a.status != 202 {
		t.Fatalf("the first of a slow source is answered %d %s", a.status, a.body)
	}
	for name, tc := range map[string]struct {
		method, path, body string
		headers            map[string]string
		want               Refusal
		tenant, source     string // of the count; empty: nobody's
		retry              int    // Retry-After, seconds
	}{
		"no signature":               {path: "/stripe", body: body, want: errSignatureMissing, tenant: "acme", source: "stripe"},
		"a wrong signature":          {path: "/stripe", body: body + " ", headers: signed(stripe, body, now), want: errSignatureInvalid, tenant: "acme", source: "stripe"},
		"a signature in words":       {path: "/stripe", body: body, headers: map[string]string{"Stripe-Signature": "t=now,v1=" + secretWord}, want: errSignatureInvalid, tenant: "acme", source: "stripe"},
		"an old timestamp":           {path: "/stripe", body: body, headers: signed(stripe, body, now.Add(-6*time.Minute)), want: errTimestampExpired, tenant: "acme", source: "stripe"},
		"a timestamp to come":        {path: "/stripe", body: body, headers: signed(stripe, body, now.Add(6*time.Minute)), want: errTimestampExpired, tenant: "acme", source: "stripe"},
		"broken JSON":                {path: "/stripe", body: body[1:], headers: signed(stripe, body[1:], now), want: errMalformed, tenant: "acme", source: "stripe"},
		"Stripe without an id":       {path: "/stripe", body: "{}", headers: signed(stripe, "{}", now), want: errMalformed, tenant: "acme", source: "stripe"},
		"a wrong token":              {path: "/google/sheets", headers: with(signed(google, "", now), "X-Goog-Channel-Token", secretWord), want: errSignatureInvalid, tenant: "acme", source: "google-sheets"},
		"Google without a number":    {path: "/google/sheets", headers: with(signed(google, "", now), googleNumber, "x"), want: errMalformed, tenant: "acme", source: "google-sheets"},
		"an unknown source":          {path: "/generic/" + "none", body: body, headers: signed(stripe, body, now), want: errUnknownSource},
		"a source in a strange form": {path: "/generic/%00..%2F", body: body, want: errUnknownSource},
		"another tenant's path":      {path: "/../t/beta/webhooks/stripe", body: body, headers: signed(stripe, body, now), want: errUnknownSource},
		"a tenant in a strange form": {path: "/../t/A.B/webhooks/stripe", body: body, headers: signed(stripe, body, now), want: errTenantInvalid},
		"a strange tenant header":    {path: "/stripe", body: body, headers: with(signed(stripe, body, now), "X-Tenant-ID", "a>b"), want: errTenantInvalid},
		"a disabled source":          {path: "/generic/off", body: body, want: errUnknownSource, tenant: "acme", source: "off"},
		"disabled and broken":        {path: "/generic/brokenoff", body: body, want: errUnknownSource, tenant: "acme", source: "brokenoff"},
		"a secret that is not ours":  {path: "/generic/broken", body: body, want: errMisconfigured, tenant: "acme", source: "broken", retry: 60},
		"an address not listed":      {path: "/generic/office", body: body, want: errIPNotAllowed, tenant: "acme", source: "office"},
		"too many":                   {path: "/generic/slow", body: body, headers: with(signed(slow, body, now), "X-Event-ID", "id-2"), want: errRateLimited, tenant: "acme", source: "slow", retry: 1000},
		"gzip":                       {path: "/stripe", body: body, headers: with(signed(stripe, body, now), "Content-Encoding", "gzip"), want: errEncodingRefused},
		"plain text":                 {path: "/stripe", body: body, headers: with(signed(stripe, body, now), "Content-Type", "text/plain"), want: errContentTypeRefused},
		"multipart":                  {path: "/stripe", body: "--x\r\n" + body, headers: with(nil, "Content-Type", "multipart/form-data; boundary=x"), want: errContentTypeRefused},
		"too large":                  {path: "/stripe", body: strings.Repeat(secretWord, DefaultBodyLimit/6+1), headers: signed(stripe, body, now), want: errTooLarge},
		"GET":                        {method: "GET", path: "/stripe", headers: signed(stripe, body, now), want: errMethodNotAllowed},
		"PUT":                        {method: "PUT", path: "/generic/office", body: body, headers: signed(stripe, body, now), want: errMethodNotAllowed},
		"DELETE":                     {method: "DELETE", path: "/../t/acme/webhooks/google/sheets", want: errMethodNotAllowed},
		"OPTIONS":                    {method: "OPTIONS", path: "/generic/none", want: errMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			method := tc.method
			if method == "" {
				method = "POST"
			}
			headers := with(tc.headers, "Authorization", "Bearer "+secretWord)
			if _, set := headers["Content-Type"]; !set {
				headers["Content-Type"] = "application/json"
			}
			before := w.counted(tc.tenant, tc.source, tc.want.Code)
			path := strings.Replace("/api/v1/webhooks"+tc.path, "/webhooks/..", "", 1)
			text := method + strings.TrimPrefix(typed(path, tc.body, headerLines(headers)...), "POST")
			a := w.raw(text, 1)[0]
			if a.status != tc.want.Status || a.Code != tc.want.Code {
				t.Fatalf("answer %d %s %v, want %d %s", a.status, a.body, a.err, tc.want.Status, tc.want.Code)
			}
			w.checkProblem(t, a, tc.want, tc.retry)
			if got := w.counted(tc.tenant, tc.source, tc.want.Code) - before; got != 1 {
				t.Errorf("counted %d times, want once", got)
			}
		})
	}
	if all := w.webhooks(); len(all) != 1 {
		t.Errorf("%d messages are stored, want the one that was not refused", len(all))
	}
	w.checkLog(t)
}

// checkProblem: RFC 9457, and nothing that a stranger should not learn.
func (w *wire) checkProblem(t *testing.T, a answer, want Refusal, retry int) {
	t.Helper()
	var problem struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	if err := json.Unmarshal([]byte(a.body), &problem); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s: %v, of type %s", a.body, err, a.header.Get("Content-Type"))
	}
	if problem.Type != "about:blank" || problem.Title == "" || problem.Status != want.Status || problem.Detail == "" {
		t.Errorf("problem %+v", problem)
	}
	if strings.Contains(a.body, secretWord) || a.header.Get("X-Request-ID") == "" || a.header.Get("Server") != "" {
		t.Errorf("answer %v %s", a.header, a.body)
	}
	got := a.header.Get("Retry-After")
	// A tenth of it may have passed on a busy machine.
	if seconds, _ := strconv.Atoi(got); retry == 0 && got != "" || retry > 0 && (seconds < retry-retry/10 || seconds > retry) {
		t.Errorf("Retry-After is %q, want %d", got, retry)
	}
	if allow := a.header.Get("Allow"); (want.Status == 405) != (allow == "POST") {
		t.Errorf("Allow is %q", allow)
	}
}

// checkLog: a line per refusal, with its reason, and nothing secret in any.
func (w *wire) checkLog(t *testing.T) {
	t.Helper()
	reasons := map[string]int{}
	for line := range strings.Lines(w.lines.String()) {
		var entry struct {
			Reason, Message string
			IP              string `json:"remote_ip"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if entry.Reason != "" && entry.IP == "127.0.0.1" {
			reasons[entry.Reason]++
		}
		for _, leak := range []string{secretWord, "v1=", "sha256=", "evt_1"} {
			if strings.Contains(line, leak) {
				t.Errorf("the log has %q: %s", leak, line)
			}
		}
	}
	for _, r := range []Refusal{
		errMalformed, errTenantInvalid, errSignatureMissing, errSignatureInvalid, errTimestampExpired, errIPNotAllowed, errUnknownSource,
		errMethodNotAllowed, errTooLarge, errEncodingRefused, errContentTypeRefused, errRateLimited, errMisconfigured,
	} {
		if reasons[r.Code] == 0 {
			t.Errorf("no line tells of %s", r.Code)
		}
	}
}

func TestHEADIsRefusedWithoutABody(t *testing.T) {
	w := serve(t, AppConfig{})
	a := w.send("HEAD", "/api/v1/webhooks/stripe", nil, nil)
	if a.status != 405 || a.body != "" || a.header.Get("Allow") != "POST" {
		t.Errorf("HEAD is answered %d %q, Allow %q, %v", a.status, a.body, a.header.Get("Allow"), a.err)
	}
	if w.counted("", "", errMethodNotAllowed.Code) != 1 {
		t.Error("HEAD is not counted")
	}
}

func TestWhatIsNoWebhookIsNotFound(t *testing.T) {
	w := serve(t, AppConfig{})
	for path, want := range map[string]int{"/": 404, "/api/v1/webhooks": 404, "/api/v1/webhooks/github": 404, "/api/v1/webhooks/generic/": 404, "/api/v1/webhooks/generic/a/b": 404, "/api/v1/webhooks/health": 405} {
		if a := w.post(path, nil, "{}"); a.status != want || a.Code == "" || a.header.Get("X-Request-ID") == "" {
			t.Errorf("POST %s is answered %d %s", path, a.status, a.body)
		}
	}
	if a := w.send("GET", "/api/v1/webhooks/health", nil, nil); a.status != 200 || !strings.Contains(a.body, `"ok"`) {
		t.Errorf("health is answered %d %s", a.status, a.body)
	}
}
