package ingress

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/secret"
)

// seal is a configuration's own secret instead of the preset's.
func (w *wire) seal(text string) func(*events.Hook) {
	return func(h *events.Hook) {
		h.Secrets = []string{w.keys.Seal(secret.Text(text), events.HookOwner(h.Tenant, h.Source))}
	}
}

func TestTheTenantOfARequest(t *testing.T) {
	w := serve(t, AppConfig{})
	hooks := map[string]events.Hook{}
	for _, tenant := range []string{"acme", "beta", "default"} {
		hooks[tenant] = w.hook("generic", tenant, "crm", w.seal("secret of "+tenant))
	}
	w.hook("generic", "gamma", "crm", func(h *events.Hook) { h.Scheme, h.Secrets, h.IPs = events.SchemeNone, nil, []string{"127.0.0.0/8"} })
	w.hook("generic", "delta", "crm", func(h *events.Hook) { h.Secrets = []string{"v1.gone.x"} })
	hooks["single"] = w.hook("generic", "single", "shop", w.seal("secret of single"))
	w.hook("generic", "broken", "bad", func(h *events.Hook) { h.Secrets = []string{"v1.gone.x"} })

	for name, tc := range map[string]struct {
		path, header, signer string
		status               int
		tenant               string // it was stored for
	}{
		"the path decides":                              {"/api/v1/t/acme/webhooks/generic/crm", "", "acme", 202, "acme"},
		"the path decides over the header":              {"/api/v1/t/acme/webhooks/generic/crm", "beta", "acme", 202, "acme"},
		"the header decides":                            {"/api/v1/webhooks/generic/crm", "beta", "beta", 202, "beta"},
		"the signature decides":                         {"/api/v1/webhooks/generic/crm", "", "beta", 202, "beta"},
		"the default's own":                             {"/api/v1/webhooks/generic/crm", "", "default", 202, "default"},
		"nobody's is the default's to refuse":           {"/api/v1/webhooks/generic/crm", "", "", 401, ""},
		"another's signature in the path":               {"/api/v1/t/acme/webhooks/generic/crm", "", "beta", 401, ""},
		"another's signature under a name":              {"/api/v1/webhooks/generic/crm", "acme", "beta", 401, ""},
		"a tenant without a configuration":              {"/api/v1/t/omega/webhooks/generic/crm", "", "acme", 404, ""},
		"a named tenant without one":                    {"/api/v1/webhooks/generic/crm", "omega", "acme", 404, ""},
		"the only configuration there is":               {"/api/v1/webhooks/generic/shop", "", "single", 202, "single"},
		"the only one, named":                           {"/api/v1/webhooks/generic/shop", "single", "single", 202, "single"},
		"the only one, but another is named":            {"/api/v1/webhooks/generic/shop", "acme", "single", 404, ""},
		"what verifies nothing takes what names it":     {"/api/v1/t/gamma/webhooks/generic/crm", "", "", 202, "gamma"},
		"a broken configuration refuses its own":        {"/api/v1/t/delta/webhooks/generic/crm", "", "acme", 503, ""},
		"the only one is broken":                        {"/api/v1/webhooks/generic/bad", "", "acme", 503, ""},
		"a signature of the source next door is no key": {"/api/v1/webhooks/generic/shop", "", "acme", 401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := fmt.Sprintf(`{"type":"t","case":%q}`, name)
			headers := map[string]string{}
			if tc.signer != "" {
				headers = Sign(hooks[tc.signer], secret.Text("secret of "+tc.signer), "same id for all "+name, []byte(body), time.Now())
			}
			if tc.header != "" {
				headers["X-Tenant-ID"] = tc.header
			}
			before := len(w.webhooks())
			a := w.post(tc.path, headers, body)
			if a.status != tc.status {
				t.Fatalf("answer %d %s, want %d", a.status, a.body, tc.status)
			}
			all := w.webhooks()
			if tc.tenant == "" {
				if len(all) != before {
					t.Error("a refused event is stored")
				}
				return
			}
			if event := w.last(); event.Tenant != tc.tenant || events.SubjectTenant(all[len(all)-1].Subject) != tc.tenant {
				t.Errorf("stored for %q, want %q", event.Tenant, tc.tenant)
			}
		})
	}
}

func TestTwoTenantsMayHaveTheSameID(t *testing.T) {
	w := serve(t, AppConfig{})
	for _, tenant := range []string{"acme", "beta"} {
		h := w.hook("generic", tenant, "crm")
		headers := Sign(h, secret.Text(presetSecret("generic")), "id-1", []byte("{}"), time.Now())
		if a := w.post("/api/v1/t/"+tenant+"/webhooks/generic/crm", headers, "{}"); a.status != 202 {
			t.Errorf("%s: answer %d %s", tenant, a.status, a.body)
		}
	}
	if all := w.webhooks(); len(all) != 2 {
		t.Errorf("%d are stored, want 2", len(all))
	}
}

func TestWithTooManyTenantsOnlyNamesDecide(t *testing.T) {
	w := serve(t, AppConfig{})
	var last events.Hook
	for i := range candidatesMax + 1 {
		last = w.hook("generic", fmt.Sprintf("t%02d", i), "crm", w.seal(fmt.Sprint(i)))
	}
	headers := Sign(last, secret.Text(fmt.Sprint(candidatesMax)), "id-1", []byte("{}"), time.Now())
	if a := w.post("/api/v1/webhooks/generic/crm", headers, "{}"); a.status != 404 {
		t.Errorf("without a name: answer %d %s", a.status, a.body)
	}
	if a := w.post("/api/v1/t/"+last.Tenant+"/webhooks/generic/crm", headers, "{}"); a.status != 202 {
		t.Errorf("with one: answer %d %s", a.status, a.body)
	}
}

func TestChangesAreInForceWithinASecond(t *testing.T) {
	w := serve(t, AppConfig{})
	send := func(key, id string) int {
		h := events.Hook{Tenant: "acme", Source: "crm", Preset: "generic"}
		_ = ApplyPreset(&h)
		headers := Sign(h, secret.Text(key), id, []byte("{}"), time.Now())
		return w.post("/api/v1/webhooks/generic/crm", headers, "{}").status
	}
	steps := []struct {
		name   string
		do     func() // put and remove wait
		key    string
		status int
	}{
		{"nothing is configured", func() {}, "one", 404},
		{"a configuration comes", func() { w.hook("generic", "acme", "crm", w.seal("one")) }, "one", 202},
		{"its secret is changed", func() { w.hook("generic", "acme", "crm", w.seal("two")) }, "two", 202},
		{"the old one is out", func() {}, "one", 401},
		{"it is switched off", func() {
			w.hook("generic", "acme", "crm", w.seal("two"), func(h *events.Hook) { h.Enabled = false })
		}, "two", 404},
		{"it is broken", func() { w.hook("generic", "acme", "crm", func(h *events.Hook) { h.Secrets = []string{"v1.gone.x"} }) }, "two", 503},
		{"it is mended", func() { w.hook("generic", "acme", "crm", w.seal("two")) }, "two", 202},
		{"it is gone", func() { w.remove("acme", "crm") }, "two", 404},
		{"it comes back", func() { w.hook("generic", "acme", "crm", w.seal("two")) }, "two", 202},
	}
	for i, step := range steps {
		step.do()
		if got := send(step.key, fmt.Sprint(i)); got != step.status {
			t.Errorf("%s: answer %d, want %d", step.name, got, step.status)
		}
	}
	w.promptly()
}

func TestAConfigurationThatIsNoneHarmsNobody(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	other := events.Hook{Tenant: "evil", Source: "crm", Enabled: true, Scheme: events.SchemeNone, IPs: []string{"127.0.0.1"}, ID: "moved"}
	moved, _ := json.Marshal(other)
	for key, value := range map[string]string{"acme.json": "{", "acme.list": "[1]", "acme.empty": "", "acme.moved": string(moved), "nodot": "{}", "a.b.c": "{}"} {
		w.bucket(func(ctx context.Context, kv bucket) error { _, err := kv.Put(ctx, key, []byte(value)); return err })
	}
	w.hook("generic", "acme", "last") // all before it are in force too
	for source, want := range map[string]int{"json": 503, "list": 503, "empty": 503, "moved": 503, "crm": 401} {
		if a := w.post("/api/v1/webhooks/generic/"+source, nil, "{}"); a.status != want {
			t.Errorf("%s: answer %d %s, want %d", source, a.status, a.body, want)
		}
	}
	if a := w.crm("x", "{}"); a.status != 202 {
		t.Errorf("the good one: answer %d %s", a.status, a.body)
	}
}

func TestTheRateLimitOfAConfiguration(t *testing.T) {
	w := serve(t, AppConfig{})
	limit := func(h *events.Hook) { h.Rate, h.Burst = 0.001, 3 }
	acme, beta := w.hook("generic", "acme", "crm", limit), w.hook("generic", "beta", "crm", limit)
	n := 0
	send := func(h events.Hook) answer {
		n++
		headers := Sign(h, secret.Text(presetSecret("generic")), fmt.Sprint(n), []byte("{}"), time.Now())
		return w.post("/api/v1/t/"+h.Tenant+"/webhooks/generic/crm", headers, "{}")
	}
	for i, want := range []int{202, 202, 202, 429, 429} {
		if a := send(acme); a.status != want {
			t.Errorf("request %d is answered %d, want %d", i, a.status, want)
		}
	}
	if a := send(beta); a.status != 202 {
		t.Errorf("the other tenant is answered %d", a.status)
	}
	wait := send(acme).header.Get("Retry-After")
	if seconds, _ := strconv.Atoi(wait); seconds < 900 || seconds > 1000 { // a tenth of it may have passed on a busy machine
		t.Errorf("Retry-After is %q at one in 1000 s", wait)
	}
	stay := func(what string, want int, change ...func(*events.Hook)) {
		t.Helper()
		w.hook("generic", "acme", "crm", append([]func(*events.Hook){limit}, change...)...)
		if a := send(acme); a.status != want {
			t.Errorf("%s: answer %d, want %d", what, a.status, want)
		}
	}
	stay("an unrelated change", 429, func(h *events.Hook) { h.MaxRetries = 9 })
	stay("broken", 503, func(h *events.Hook) { h.Secrets = []string{"v1.gone.x"} })
	stay("mended", 429)
	stay("another rate", 202, func(h *events.Hook) { h.Rate = 0.002 })
	w.Restart()
	w.hook("generic", "beta", "other") // the watch is back
	if a := send(beta); a.status != 202 {
		t.Errorf("after a restart, the other tenant is answered %d %s", a.status, a.body)
	}
	stay("another burst", 202, func(h *events.Hook) { h.Burst = 1 })
	stay("the same after a restart", 429, func(h *events.Hook) { h.Burst = 1 })
	w.Restart()
	w.hook("generic", "beta", "other")
	if a := send(acme); a.status != 429 {
		t.Errorf("a restart of the streams refills the bucket: %d", a.status)
	}
	w.hook("generic", "acme", "later", func(h *events.Hook) { h.Secrets = []string{"v1.gone.x"}; limit(h) })
	later := w.hook("generic", "acme", "later", limit)
	if w.current("acme", "later").limiter == nil {
		t.Errorf("%s/%s was broken first and has no limit now", later.Tenant, later.Source)
	}
}

func TestThePublicPathsAreTheTenantsToo(t *testing.T) {
	w := serve(t, AppConfig{})
	for preset, d := range deliveries {
		h := w.hook(preset, "acme", d.source)
		headers := Sign(h, secret.Text(presetSecret(preset)), "channel-9:9", []byte(d.body), time.Now())
		maps.Copy(headers, d.headers)
		if d.kind != "-" {
			headers["Content-Type"] = d.kind
		}
		if a := w.post("/api/v1/t/acme/webhooks"+d.path+"/?x=1", headers, d.body); a.status != 202 {
			t.Errorf("%s: answer %d %s", preset, a.status, a.body)
		}
	}
	if strings.Contains(w.lines.String(), "error") {
		t.Errorf("log: %s", w.lines)
	}
	if all := w.webhooks(); len(all) != len(deliveries) || all[0].Stream != nats.StreamWebhooks {
		t.Errorf("%d are stored of %d", len(all), len(deliveries))
	}
}
