package events

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"ukbot/golden"
)

func goodHook() Hook {
	return Hook{Tenant: "acme", Source: "crm", Scheme: SchemeHMAC, Secrets: []string{"sealed"}, Header: "X-Signature"}
}

func TestHookCheckRefusesWhatCannotWork(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Hook)
		want   string // part of the error; empty: accepted
	}{
		"a usable configuration":           {func(*Hook) {}, ""},
		"a signed timestamp":               {func(h *Hook) { h.TimestampHeader, h.SignedTemplate = "X-T", "{timestamp}.{body}" }, ""},
		"none with addresses":              {func(h *Hook) { h.Scheme, h.Secrets, h.IPs = SchemeNone, nil, []string{"10.0.0.0/8"} }, ""},
		"no scheme":                        {func(h *Hook) { h.Scheme = "" }, "unknown scheme"},
		"an unknown scheme":                {func(h *Hook) { h.Scheme = "rot13" }, "unknown scheme"},
		"none without addresses":           {func(h *Hook) { h.Scheme = SchemeNone }, "list of IP addresses"},
		"no secret":                        {func(h *Hook) { h.Secrets = nil }, "needs a secret"},
		"HMAC without a header":            {func(h *Hook) { h.Header = "" }, "needs the header"},
		"a token without a header":         {func(h *Hook) { h.Scheme, h.Header = SchemeToken, "" }, "needs the header"},
		"an unknown encoding":              {func(h *Hook) { h.Encoding = "base32" }, "encoding is hex or base64"},
		"a tenant that is no token":        {func(h *Hook) { h.Tenant = "a.b" }, "tenant and source"},
		"no source":                        {func(h *Hook) { h.Source = "" }, "tenant and source"},
		"a negative rate":                  {func(h *Hook) { h.Rate = -1 }, "cannot be negative"},
		"31 retries":                       {func(h *Hook) { h.MaxRetries = 31 }, "cannot be negative"},
		"a broken pattern":                 {func(h *Hook) { h.Events = []string{"a.["} }, "event pattern"},
		"a broken address":                 {func(h *Hook) { h.IPs = []string{"10.0.0.300"} }, "no IP address"},
		"a template without the body":      {func(h *Hook) { h.TimestampHeader, h.SignedTemplate = "X-T", "{timestamp}" }, "leaves out {body}"},
		"a timestamp nobody sends":         {func(h *Hook) { h.SignedTemplate = "{timestamp}.{body}" }, "no header brings it"},
		"a timestamp that is not signed":   {func(h *Hook) { h.TimestampHeader = "X-T" }, "is not signed"},
		"a placeholder that is none":       {func(h *Hook) { h.SignedTemplate = "{url}{body}" }, "knows {timestamp} and {body} only"},
		"other schemes' own header stands": {func(h *Hook) { h.Scheme, h.TimestampHeader = SchemeStandard, "webhook-timestamp" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := goodHook()
			tc.change(&h)
			err := h.Check()
			if tc.want == "" && err != nil {
				t.Fatalf("Check() = %v, want it accepted", err)
			}
			if tc.want != "" && (!errors.Is(err, ErrHook) || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Check() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"acme": true, "a": true, "7": true, "a-b_c": true, strings.Repeat("a", 48): true,
		"": false, "-a": false, "_a": false, "Acme": false, "a.b": false, "a b": false, "a\n": false,
		"*": false, ">": false, "дом": false, strings.Repeat("a", 49): false,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v, want %v", name, got, want)
		}
		if want && Token(name) != name {
			t.Errorf("the valid name %q is not its own token %q", name, Token(name))
		}
	}
}

func TestParseIPs(t *testing.T) {
	got, err := ParseIPs([]string{"192.0.2.7", "10.1.2.3/8", "2001:db8::1", "::ffff:192.0.2.9", "::ffff:10.0.0.0/104", "fe80::1%eth0", "::/0"})
	if err != nil {
		t.Fatal(err)
	}
	var want []netip.Prefix
	for _, text := range []string{"192.0.2.7/32", "10.0.0.0/8", "2001:db8::1/128", "192.0.2.9/32", "10.0.0.0/8", "fe80::1/128", "::/0"} {
		want = append(want, netip.MustParsePrefix(text))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ParseIPs = %v, want %v", got, want)
	}
	for _, text := range []string{"", "localhost", "10.0.0.0/33", "1.2.3", "10.0.0.1:80"} {
		if _, err := ParseIPs([]string{text}); err == nil {
			t.Errorf("ParseIPs(%q) accepted", text)
		}
	}
}

func TestMatchType(t *testing.T) {
	for name, tc := range map[string]struct {
		patterns []string
		kind     string
		want     bool
	}{
		"no patterns take all":            {nil, "anything", true},
		"the very type":                   {[]string{"invoice.paid"}, "invoice.paid", true},
		"a star takes the rest":           {[]string{"payment_intent.*"}, "payment_intent.succeeded", true},
		"a star crosses dots":             {[]string{"customer.*"}, "customer.subscription.deleted", true},
		"a star takes a slash too":        {[]string{"*"}, "orders/create", true},
		"a slash is matched by itself":    {[]string{"orders/*"}, "orders/create", true},
		"one of several":                  {[]string{"a", "b.*"}, "b.c", true},
		"none of several":                 {[]string{"a", "b.*"}, "c", false},
		"a broken pattern takes nothing":  {[]string{"["}, "[", false},
		"a prefix alone is not the type":  {[]string{"invoice"}, "invoice.paid", false},
		"letter case is the provider's":   {[]string{"Invoice.*"}, "invoice.paid", false},
		"Cyrillic types match like Latin": {[]string{"заявка.*"}, "заявка.создана", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := MatchType(tc.patterns, tc.kind); got != tc.want {
				t.Errorf("MatchType(%q, %q) = %v, want %v", tc.patterns, tc.kind, got, tc.want)
			}
		})
	}
}

func TestHookSurvivesJSON(t *testing.T) {
	h := goodHook()
	h.ID, h.Enabled, h.Preset, h.Tolerance, h.Rate, h.Burst, h.MaxRetries = "17", true, "generic", 120, 2.5, 10, 3
	h.Events, h.IPs, h.UpdatedAt = []string{"a.*"}, []string{"10.0.0.0/8"}, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Equal(t, "hook.golden.json", string(text)+"\n")
	var got Hook
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("read back %+v, %v; want %+v", got, err, h)
	}
	if got.Tolerance.Duration() != 2*time.Minute {
		t.Errorf("tolerance is %v, want 2m", got.Tolerance.Duration())
	}
}

func TestHookKeys(t *testing.T) {
	if got := HookKey("acme", "stripe"); got != "acme.stripe" {
		t.Errorf("HookKey = %q", got)
	}
	if got := HookOwner("acme", "stripe"); got != "webhook/acme/stripe" {
		t.Errorf("HookOwner = %q", got)
	}
}
