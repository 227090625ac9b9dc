package ingress

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/secret"
)

// vectorTime is the moment of the vectors that are ours.
const vectorTime = 1700000000

const (
	stripeBody = `{"id":"evt_1","object":"event","note":"Квартира 12 🏠"}`
	// printf '%s' "1700000000.$BODY" | openssl dgst -sha256 -hmac whsec_stripe_test
	stripeV1 = "693fc01760fcc286192404166c4ec1152be4f46c25a8da7336a55f92593665b7"
	// … -hmac whsec_stripe_old
	stripeOldV1 = "9263e57d0cc696579b0e094758ce1f807840e40b9294e7c4b2b06641bff3b4e6"

	// TestWebhookSign of the reference implementation
	// (standard-webhooks/libraries/go/webhook_test.go), and again by
	// printf '%s' 'msg_….1614265330.{"test": 2432232314}' |
	// openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf MfKQ… | base64 -d | xxd -p -c99) -binary | base64
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	standardBody   = `{"test": 2432232314}`
	standardV1     = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

	// docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
	githubSecret = "It's a Secret to Everybody"
	githubBody   = "Hello, World!"
	githubSum    = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

	// api.slack.com/authentication/verifying-requests-from-slack
	slackSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	slackBody   = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	slackSum    = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

	shopifyBody = `{ "id": 450789469, "name": "Юсуф 🏠" }`
	// printf '%s' "$BODY" | openssl dgst -sha256 -hmac shpss_test -binary | base64
	shopifySum = "kRgyVt2NuCkVP45H+ng2vNbUTnP5ZKJ2+Uygibf+ybk="

	yandexBody = `{"organization":"УК","event":"review"}`
	// printf '%s' "$BODY" | openssl dgst -sha256 -hmac ya_test
	yandexSum = "95be5a3b0952e11ca971ce898f278154a7a181f077331d4382624a1ab1b86ede"

	genericBody = `{"type":"lead.new"}`
	// printf '%s' "$BODY" | openssl dgst -sha256 -hmac gen_test
	genericSum = "34cf0624e3253212111d5ce505fd1e3cf60cc72428c0c5db00aabc965e021625"
	// printf '' | openssl dgst -sha256 -hmac gen_test
	genericEmptySum = "bac8fd3d308c23be2362dac5a9c3a970516d8a012c639f4dbf320d3f44d07528"
	// printf '%s' "1700000000.$BODY" | openssl dgst -sha256 -hmac gen_test -binary | base64
	genericStamped = "ZOOmVzuGxjEycLEyhZaJ7SySEjOItTK4SIE8AVPNMTI="
)

// presetHook is a configuration as `hooks set --preset` makes it, its secrets
// sealed with keys.
func presetHook(tb testing.TB, keys *secret.Keyset, preset string, secrets ...string) events.Hook {
	tb.Helper()
	h := events.Hook{Tenant: "acme", Source: "src", Enabled: true, Preset: preset}
	if err := ApplyPreset(&h); err != nil {
		tb.Fatal(err)
	}
	return sealed(h, keys, secrets...)
}

func sealed(h events.Hook, keys *secret.Keyset, secrets ...string) events.Hook {
	for _, s := range secrets {
		h.Secrets = append(h.Secrets, keys.Seal(secret.Text(s), events.HookOwner(h.Tenant, h.Source)))
	}
	return h
}

func testKeys(tb testing.TB) *secret.Keyset {
	tb.Helper()
	keys, err := secret.ParseKeyset(secret.NewKey("test"))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func mustCompile(tb testing.TB, h events.Hook, keys *secret.Keyset) *verifier {
	tb.Helper()
	v, err := compile(h, keys)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// newRequest is a request with these headers at a moment in Unix seconds.
func newRequest(headers map[string]string, body string, at int64) *request {
	set := http.Header{}
	for name, value := range headers {
		set.Set(name, value)
	}
	return &request{header: set.Get, body: []byte(body), ip: netip.MustParseAddr("192.0.2.7"), now: time.Unix(at, 0)}
}
