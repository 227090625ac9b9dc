package ingress

import (
	"errors"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/secret"
)

func TestApplyPresetFillsOnlyWhatIsEmpty(t *testing.T) {
	h := events.Hook{Preset: "github", Header: "X-Own", MaxRetries: 2}
	if err := ApplyPreset(&h); err != nil {
		t.Fatal(err)
	}
	if h.Header != "X-Own" || h.MaxRetries != 2 || h.Scheme != events.SchemeHMAC || h.Prefix != "sha256=" || h.IDHeader != "X-GitHub-Delivery" {
		t.Errorf("ApplyPreset made %+v", h)
	}
	bare := events.Hook{Scheme: events.SchemeToken, Header: "X-Token"}
	if err := ApplyPreset(&bare); err != nil || bare.MaxRetries != defaultMaxRetries || bare.IDHeader != "" || bare.Header != "X-Token" {
		t.Errorf("without a preset: %+v, %v", bare, err)
	}
	if err := ApplyPreset(&events.Hook{Preset: "paypal"}); !errors.Is(err, events.ErrHook) {
		t.Errorf("an unknown preset gives %v, want ErrHook", err)
	}
}

func TestEveryPresetIsUsable(t *testing.T) {
	keys := testKeys(t)
	for name := range Presets {
		t.Run(name, func(t *testing.T) {
			h := presetHook(t, keys, name, presetSecret(name))
			if err := h.Check(); err != nil {
				t.Fatal(err)
			}
			mustCompile(t, h, keys)
			if _, err := identifierOf(h); err != nil {
				t.Fatal(err)
			}
			before := h
			if err := ApplyPreset(&h); err != nil || h.Header != before.Header || h.MaxRetries != before.MaxRetries {
				t.Errorf("applying twice changed %+v into %+v, %v", before, h, err)
			}
		})
	}
}

// presetSecret is a secret in the form that the preset's provider issues.
func presetSecret(preset string) string {
	if preset == "standard" {
		return standardSecret
	}
	return "s3cret-" + preset
}

// TestWhatSignMakesIsAccepted goes round for every preset; what the signatures
// must be is fixed by the vectors of the verify tests.
func TestWhatSignMakesIsAccepted(t *testing.T) {
	keys, now := testKeys(t), time.Unix(vectorTime, 0)
	for name := range Presets {
		for kind, body := range map[string]string{
			"empty": "", "JSON": `{"id":"evt_1","update_id":7,"event_id":"Ev1","type":"a.b"}`, "Cyrillic": `{"id":"заявка №1 🏠"}`, "bytes": "\x00\xff\r\n",
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				h := presetHook(t, keys, name, "other", presetSecret(name))
				if name == "standard" { // "other" is no secret of that form
					h = presetHook(t, keys, name, presetSecret(name))
				}
				v := mustCompile(t, h, keys)
				headers := Sign(h, secret.Text(presetSecret(name)), "chan-1:42", []byte(body), now)
				if err := v.verify(newRequest(headers, body, vectorTime)); err != nil {
					t.Fatalf("verify(%v) = %v", headers, err)
				}
				if h.Scheme == events.SchemeGoogle || h.Scheme == events.SchemeToken {
					return // sign nothing of the body
				}
				if err := v.verify(newRequest(headers, body+"x", vectorTime)); !errors.Is(err, errSignatureInvalid) {
					t.Errorf("an altered body gives %v", err)
				}
			})
		}
	}
}

func TestSignPutsTheIDWhereItIsLookedFor(t *testing.T) {
	keys, now := testKeys(t), time.Unix(vectorTime, 0)
	for name, want := range map[string]struct{ header, value string }{
		"standard": {"webhook-id", "chan-1:42"},
		"github":   {"X-GitHub-Delivery", "chan-1:42"},
		"shopify":  {"X-Shopify-Event-Id", "chan-1:42"},
		"yandex":   {"X-Event-ID", "chan-1:42"},
		"generic":  {"X-Event-ID", "chan-1:42"},
		"google":   {"X-Goog-Message-Number", "42"},
		"slack":    {"X-Event-ID", ""}, // in the body
		"telegram": {"X-Event-ID", ""}, // in the body
	} {
		t.Run(name, func(t *testing.T) {
			h := presetHook(t, keys, name)
			headers := Sign(h, secret.Text(presetSecret(name)), "chan-1:42", nil, now)
			if got := headers[want.header]; got != want.value {
				t.Errorf("%s = %q, want %q; all: %v", want.header, got, want.value, headers)
			}
		})
	}
	if headers := Sign(events.Hook{Scheme: "rot13"}, "s", "id", nil, now); len(headers) != 0 {
		t.Errorf("an unknown scheme is signed: %v", headers)
	}
}

func TestSignMakesTheProvidersOwnVectors(t *testing.T) {
	keys := testKeys(t)
	for name, tc := range map[string]struct {
		preset, secret, id, body string
		at                       int64
		header, want             string
	}{
		"Stripe":            {"stripe", "whsec_stripe_test", "", stripeBody, vectorTime, "Stripe-Signature", "t=1700000000,v1=" + stripeV1},
		"Standard Webhooks": {"standard", standardSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", standardBody, 1614265330, "webhook-signature", standardV1},
		"GitHub":            {"github", githubSecret, "", githubBody, vectorTime, "X-Hub-Signature-256", "sha256=" + githubSum},
		"Slack":             {"slack", slackSecret, "", slackBody, 1531420618, "X-Slack-Signature", slackSum},
		"Shopify":           {"shopify", "shpss_test", "", shopifyBody, vectorTime, "X-Shopify-Hmac-SHA256", shopifySum},
		"Yandex":            {"yandex", "ya_test", "", yandexBody, vectorTime, "X-Yandex-Signature", yandexSum},
		"generic":           {"generic", "gen_test", "", genericBody, vectorTime, "X-Signature", "sha256=" + genericSum},
	} {
		t.Run(name, func(t *testing.T) {
			headers := Sign(presetHook(t, keys, tc.preset), secret.Text(tc.secret), tc.id, []byte(tc.body), time.Unix(tc.at, 0))
			if got := headers[tc.header]; got != tc.want {
				t.Errorf("%s = %q, want %q", tc.header, got, tc.want)
			}
		})
	}
}
