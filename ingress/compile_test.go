package ingress

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"ukbot/events"
	"ukbot/secret"
)

func TestVerifyAddresses(t *testing.T) {
	keys := testKeys(t)
	none := events.Hook{Tenant: "acme", Source: "src", Scheme: events.SchemeNone, IPs: []string{"192.0.2.0/24", "2001:db8::1", "::ffff:198.51.100.7"}}
	signed := presetHook(t, keys, "github", githubSecret)
	signed.IPs = none.IPs
	good := map[string]string{"X-Hub-Signature-256": "sha256=" + githubSum}
	for name, tc := range map[string]struct {
		ip   string
		want error
	}{
		"inside the range":                {"192.0.2.200", nil},
		"inside, in IPv6 dress":           {"::ffff:192.0.2.200", nil},
		"the listed IPv6 address":         {"2001:db8::1", nil},
		"the same with a zone":            {"2001:db8::1%eth0", nil},
		"listed in IPv6 dress":            {"198.51.100.7", nil},
		"outside":                         {"192.0.3.1", errIPNotAllowed},
		"another IPv6 address":            {"2001:db8::2", errIPNotAllowed},
		"no address at all":               {"", errIPNotAllowed},
		"IPv4 written into another range": {"64:ff9b::192.0.2.1", errIPNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			for scheme, h := range map[string]events.Hook{"none": none, "hmac": signed} {
				r := newRequest(good, githubBody, 0)
				r.ip = netip.Addr{}
				if tc.ip != "" {
					r.ip = netip.MustParseAddr(tc.ip)
				}
				if got := mustCompile(t, h, keys).verify(r); !errors.Is(got, tc.want) {
					t.Errorf("%s: verify from %s = %v, want %v", scheme, tc.ip, got, tc.want)
				}
			}
		})
	}
}

// A sender with the secret may sign what it likes; what is no plain number, or
// could be read in two ways, is refused all the same.
func TestATrueSignatureDoesNotExcuseTheForm(t *testing.T) {
	keys := testKeys(t)
	stripe := mustCompile(t, presetHook(t, keys, "stripe", "s"), keys)
	for _, at := range []string{"+1700000000", "-1700000000", " 1700000000", "1_700_000_000", "0x6553f100", "1.7e9", "18446744073709551616", ""} {
		header := "t=" + at + ",v1=" + stripe.sign(schemes[events.SchemeStripe], "s", "", at, []byte(stripeBody))
		err := stripe.verify(newRequest(map[string]string{"Stripe-Signature": header}, stripeBody, vectorTime))
		if !errors.Is(err, errSignatureInvalid) {
			t.Errorf("the timestamp %q gives %v, want %v", at, err, errSignatureInvalid)
		}
	}
	standard := mustCompile(t, presetHook(t, keys, "standard", standardSecret), keys)
	headers := map[string]string{
		"webhook-id": "a.b", "webhook-timestamp": "1700000000",
		"webhook-signature": "v1," + standard.sign(schemes[events.SchemeStandard], standardSecret, "a.b", "1700000000", nil),
	}
	if err := standard.verify(newRequest(headers, "", vectorTime)); !errors.Is(err, errSignatureInvalid) {
		t.Errorf("an id with a dot gives %v, want %v", err, errSignatureInvalid)
	}
}

func TestATemplateCannotWeakenAFixedScheme(t *testing.T) {
	verifyCase{
		preset: "stripe", secrets: []string{"gen_test"}, body: genericBody, at: vectorTime,
		change:  func(h *events.Hook) { h.SignedTemplate = "{body}" },
		headers: map[string]string{"Stripe-Signature": "t=1700000000,v1=" + genericSum}, want: errSignatureInvalid,
	}.run(t)
}

func TestStandardSecretsComeInSeveralDresses(t *testing.T) {
	// printf abcdefghijklmnopqrstuvw | base64
	for _, text := range []string{"whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnc=", "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnc", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnc="} {
		if key, err := standardKey(secret.Text(text)); err != nil || string(key) != "abcdefghijklmnopqrstuvw" {
			t.Errorf("standardKey(%q) = %q, %v", text, key, err)
		}
	}
}

func TestTheAddressIsCheckedBeforeTheSignature(t *testing.T) {
	verifyCase{
		preset: "github", secrets: []string{githubSecret}, body: githubBody,
		change: func(h *events.Hook) { h.IPs = []string{"10.0.0.0/8"} }, want: errIPNotAllowed,
	}.run(t)
}

func TestCompileRefusesWhatItCannotVerify(t *testing.T) {
	keys := testKeys(t)
	for name, change := range map[string]func(*events.Hook){
		"an unknown scheme":          func(h *events.Hook) { h.Scheme = "rot13" },
		"no scheme":                  func(h *events.Hook) { h.Scheme = "" },
		"none without addresses":     func(h *events.Hook) { h.Scheme = events.SchemeNone },
		"no secret":                  func(h *events.Hook) { h.Secrets = nil },
		"an empty secret":            func(h *events.Hook) { *h = sealed(*h, keys, "") },
		"another owner's secret":     func(h *events.Hook) { h.Tenant = "other" },
		"a secret in the clear":      func(h *events.Hook) { h.Secrets = []string{"plain"} },
		"a secret of another keyset": func(h *events.Hook) { h.Secrets = nil; *h = sealed(*h, testKeys(t), "s") },
		"a broken address":           func(h *events.Hook) { h.IPs = []string{"10.0.0.0/99"} },
		"no header":                  func(h *events.Hook) { h.Header = "" },
		"an unsigned timestamp":      func(h *events.Hook) { h.TimestampHeader = "X-Time" },
		"an empty Standard secret": func(h *events.Hook) {
			h.Scheme, h.Secrets = events.SchemeStandard, nil
			*h = sealed(*h, keys, "whsec_")
		},
		"a Standard secret in words": func(h *events.Hook) {
			h.Scheme, h.Secrets = events.SchemeStandard, nil
			*h = sealed(*h, keys, "whsec_p@ss")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := presetHook(t, keys, "generic", "gen_test")
			change(&h)
			v, err := compile(h, keys)
			if err == nil || v != nil {
				t.Fatalf("compile(%+v) = %v, %v; want an error", h, v, err)
			}
			for _, leak := range []string{"gen_test", "p@ss", "plain"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("the error repeats a secret: %v", err)
				}
			}
		})
	}
}

func TestRefusalsSayNothingSecret(t *testing.T) {
	keys := testKeys(t)
	v := mustCompile(t, presetHook(t, keys, "stripe", "whsec_stripe_test"), keys)
	for _, header := range []string{"t=1700000000,v1=" + stripeOldV1, "t=1,v1=" + stripeV1, "t=x", "x"} {
		err := v.verify(newRequest(map[string]string{"Stripe-Signature": header}, stripeBody, vectorTime))
		refusal, ok := errors.AsType[Refusal](err)
		if !ok {
			t.Fatalf("verify(%q) = %v, which is no Refusal", header, err)
		}
		for _, leak := range []string{"whsec", stripeV1, stripeOldV1, "Квартира"} {
			if strings.Contains(refusal.Error(), leak) {
				t.Errorf("the refusal %q repeats %q", refusal.Error(), leak)
			}
		}
	}
}

func TestVerifyingAtOnceMixesNothingUp(t *testing.T) {
	keys := testKeys(t)
	v := mustCompile(t, presetHook(t, keys, "github", githubSecret, "other"), keys)
	good := newRequest(map[string]string{"X-Hub-Signature-256": "sha256=" + githubSum}, githubBody, 0)
	bad := newRequest(map[string]string{"X-Hub-Signature-256": "sha256=" + githubSum}, githubBody+"!", 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if err := v.verify(good); err != nil {
					t.Errorf("a true signature gives %v", err)
				}
				if err := v.verify(bad); !errors.Is(err, errSignatureInvalid) {
					t.Errorf("a false signature gives %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAVerifierWithoutAddressesLetsNobodyIn(t *testing.T) {
	v := &verifier{check: verifyNothing} // compile makes no such thing
	if err := v.verify(newRequest(nil, "", 0)); !errors.Is(err, errIPNotAllowed) {
		t.Errorf("verify = %v, want %v", err, errIPNotAllowed)
	}
}
