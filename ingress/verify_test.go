package ingress

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ukbot/events"
)

type verifyCase struct {
	preset  string
	secrets []string
	change  func(*events.Hook)
	headers map[string]string
	body    string
	at      int64
	want    error // nil: accepted
}

func (tc verifyCase) run(t *testing.T) {
	keys := testKeys(t)
	h := presetHook(t, keys, tc.preset, tc.secrets...)
	if tc.change != nil {
		tc.change(&h)
	}
	r := newRequest(tc.headers, tc.body, tc.at)
	if got := mustCompile(t, h, keys).verify(r); !errors.Is(got, tc.want) {
		t.Errorf("verify(%v, %q) = %v, want %v", tc.headers, tc.body, got, tc.want)
	}
}

func TestVerifyStripe(t *testing.T) {
	const good = "t=1700000000,v1=" + stripeV1
	junk := strings.Repeat("0", 64)
	for name, tc := range map[string]struct {
		header string
		after  int64 // seconds from signing
		body   string
		want   error
	}{
		"a true signature is accepted":                 {header: good},
		"upper-case hex is accepted":                   {header: "t=1700000000,v1=" + strings.ToUpper(stripeV1)},
		"one of several v1 is enough":                  {header: "t=1700000000,v1=" + junk + ",v1=" + stripeV1 + ",v0=" + junk},
		"fields in any order are accepted":             {header: "v1=" + stripeV1 + ",t=1700000000"},
		"spaces between fields are accepted":           {header: "t=1700000000, v1=" + stripeV1},
		"the other active secret is accepted":          {header: "t=1700000000,v1=" + stripeOldV1},
		"300 seconds later is accepted":                {header: good, after: 300},
		"300 seconds early is accepted":                {header: good, after: -300},
		"301 seconds later is expired":                 {header: good, after: 301, want: errTimestampExpired},
		"301 seconds early is expired":                 {header: good, after: -301, want: errTimestampExpired},
		"no header is refused":                         {want: errSignatureMissing},
		"an altered body is refused":                   {header: good, body: stripeBody + " ", want: errSignatureInvalid},
		"the same JSON printed otherwise is refused":   {header: good, body: strings.Replace(stripeBody, ":", ": ", 1), want: errSignatureInvalid},
		"an altered timestamp is refused":              {header: "t=1700000001,v1=" + stripeV1, want: errSignatureInvalid},
		"only v0 is refused":                           {header: "t=1700000000,v0=" + stripeV1, want: errSignatureInvalid},
		"no timestamp is refused":                      {header: "v1=" + stripeV1, want: errSignatureInvalid},
		"two timestamps are refused":                   {header: "t=1,t=1700000000,v1=" + stripeV1, want: errSignatureInvalid},
		"a timestamp in words is refused":              {header: "t=now,v1=" + stripeV1, want: errSignatureInvalid},
		"a negative timestamp is refused":              {header: "t=-1700000000,v1=" + stripeV1, want: errSignatureInvalid},
		"a signed timestamp is refused":                {header: "t=+1700000000,v1=" + stripeV1, want: errSignatureInvalid},
		"a timestamp with a fraction is refused":       {header: "t=1700000000.0,v1=" + stripeV1, want: errSignatureInvalid},
		"a timestamp beyond 64 bits is refused":        {header: "t=99999999999999999999,v1=" + stripeV1, want: errSignatureInvalid},
		"digits that are not ASCII are refused":        {header: "t=١٧٠٠٠٠٠٠٠٠,v1=" + stripeV1, want: errSignatureInvalid},
		"a short signature is refused":                 {header: good[:len(good)-2], want: errSignatureInvalid},
		"a long signature is refused":                  {header: good + "00", want: errSignatureInvalid},
		"base64 in place of hex is refused":            {header: "t=1700000000,v1=aT/AF2D8woYZJAQWbE7BFSvk9GwlqNpzNqVfklk2Zbc=", want: errSignatureInvalid},
		"an empty v1 is refused":                       {header: "t=1700000000,v1=", want: errSignatureInvalid},
		"rubbish is refused":                           {header: ",,=,t,v1,==", want: errSignatureInvalid},
		"a stale one whose signature is wrong is that": {header: "t=1,v1=" + stripeV1, want: errSignatureInvalid},
		"a seventeenth signature is not looked at":     {header: "t=1700000000" + strings.Repeat(",v1="+junk, 16) + ",v1=" + stripeV1, want: errSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			verifyCase{
				preset: "stripe", secrets: []string{"whsec_stripe_test", "whsec_stripe_old"},
				headers: map[string]string{"Stripe-Signature": tc.header},
				body:    orElse(tc.body, stripeBody), at: vectorTime + tc.after, want: tc.want,
			}.run(t)
		})
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func TestVerifyStandardWebhooks(t *testing.T) {
	const junk = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
	for name, tc := range map[string]struct {
		header, value string // of one header that is changed
		after         int64
		body          string
		want          error
	}{
		"the specification's vector is accepted": {},
		"one of several is enough":               {header: "webhook-signature", value: junk + " v2,x " + standardV1 + " " + junk},
		"300 seconds early is accepted":          {after: -300},
		"301 seconds early is expired":           {after: -301, want: errTimestampExpired},
		"301 seconds later is expired":           {after: 301, want: errTimestampExpired},
		"no id is refused":                       {header: "webhook-id", want: errSignatureMissing},
		"no timestamp is refused":                {header: "webhook-timestamp", want: errSignatureMissing},
		"no signature is refused":                {header: "webhook-signature", want: errSignatureMissing},
		"another id is refused":                  {header: "webhook-id", value: "msg_other", want: errSignatureInvalid},
		"an id with a dot is refused":            {header: "webhook-id", value: "msg_p5jXN8AQM9LWM0D4loKWxJek.1", want: errSignatureInvalid},
		"another timestamp is refused":           {header: "webhook-timestamp", value: "1614265331", want: errSignatureInvalid},
		"a timestamp in words is refused":        {header: "webhook-timestamp", value: "soon", want: errSignatureInvalid},
		"a negative timestamp is refused":        {header: "webhook-timestamp", value: "-1", want: errSignatureInvalid},
		"an endless timestamp is refused":        {header: "webhook-timestamp", value: strings.Repeat("9", 400), want: errSignatureInvalid},
		"another signature is refused":           {header: "webhook-signature", value: junk, want: errSignatureInvalid},
		"a signature without v1 is refused":      {header: "webhook-signature", value: standardV1[3:], want: errSignatureInvalid},
		"an asymmetric one is refused":           {header: "webhook-signature", value: "v1a" + standardV1[2:], want: errSignatureInvalid},
		"base64 without padding is refused":      {header: "webhook-signature", value: strings.TrimRight(standardV1, "="), want: errSignatureInvalid},
		"an altered body is refused":             {body: `{"test":2432232314}`, want: errSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			headers := map[string]string{
				"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330", "webhook-signature": standardV1,
			}
			if tc.header != "" {
				headers[tc.header] = tc.value
			}
			verifyCase{
				preset: "standard", secrets: []string{standardSecret}, headers: headers,
				body: orElse(tc.body, standardBody), at: 1614265330 + tc.after, want: tc.want,
			}.run(t)
		})
	}
}

func TestVerifyHMAC(t *testing.T) {
	stamped := func(h *events.Hook) {
		h.Header, h.Prefix, h.Encoding, h.TimestampHeader, h.SignedTemplate = "X-Sig", NoPrefix, "base64", "X-Time", "{timestamp}.{body}"
	}
	github := func(value string) map[string]string { return map[string]string{"X-Hub-Signature-256": value} }
	slack := func(at string) map[string]string {
		return map[string]string{"X-Slack-Signature": slackSum, "X-Slack-Request-Timestamp": at}
	}
	for name, tc := range map[string]verifyCase{
		"GitHub's vector is accepted":    {preset: "github", secrets: []string{githubSecret}, headers: github("sha256=" + githubSum), body: githubBody},
		"upper-case hex is accepted":     {preset: "github", secrets: []string{githubSecret}, headers: github("sha256=" + strings.ToUpper(githubSum)), body: githubBody},
		"an older secret is accepted":    {preset: "github", secrets: []string{"new", githubSecret}, headers: github("sha256=" + githubSum), body: githubBody},
		"a removed secret is refused":    {preset: "github", secrets: []string{"new"}, headers: github("sha256=" + githubSum), body: githubBody, want: errSignatureInvalid},
		"a missing prefix is refused":    {preset: "github", secrets: []string{githubSecret}, headers: github(githubSum), body: githubBody, want: errSignatureInvalid},
		"another prefix is refused":      {preset: "github", secrets: []string{githubSecret}, headers: github("sha1=" + githubSum), body: githubBody, want: errSignatureInvalid},
		"a prefix alone is refused":      {preset: "github", secrets: []string{githubSecret}, headers: github("sha256="), body: githubBody, want: errSignatureInvalid},
		"a prefix twice is refused":      {preset: "github", secrets: []string{githubSecret}, headers: github("sha256=sha256=" + githubSum), body: githubBody, want: errSignatureInvalid},
		"hex with a stranger is refused": {preset: "github", secrets: []string{githubSecret}, headers: github("sha256=" + githubSum[:63] + "g"), body: githubBody, want: errSignatureInvalid},
		"an altered body is refused":     {preset: "github", secrets: []string{githubSecret}, headers: github("sha256=" + githubSum), body: "Hello, World?", want: errSignatureInvalid},
		"no signature is refused":        {preset: "github", secrets: []string{githubSecret}, body: githubBody, want: errSignatureMissing},
		"the old SHA-1 header is none":   {preset: "github", secrets: []string{githubSecret}, headers: map[string]string{"X-Hub-Signature": "sha1=00"}, body: githubBody, want: errSignatureMissing},

		"Shopify's base64 over Cyrillic and emoji": {preset: "shopify", secrets: []string{"shpss_test"}, headers: map[string]string{"X-Shopify-Hmac-SHA256": shopifySum}, body: shopifyBody},
		"hex where base64 is due is refused":       {preset: "shopify", secrets: []string{"shpss_test"}, headers: map[string]string{"X-Shopify-Hmac-SHA256": githubSum}, body: shopifyBody, want: errSignatureInvalid},
		"loose base64 bits are refused":            {preset: "shopify", secrets: []string{"shpss_test"}, headers: map[string]string{"X-Shopify-Hmac-SHA256": shopifySum[:42] + "l="}, body: shopifyBody, want: errSignatureInvalid},
		"Yandex over Cyrillic":                     {preset: "yandex", secrets: []string{"ya_test"}, headers: map[string]string{"X-Yandex-Signature": yandexSum}, body: yandexBody},

		"Slack's vector is accepted":                {preset: "slack", secrets: []string{slackSecret}, headers: slack("1531420618"), body: slackBody, at: 1531420618},
		"Slack an hour later is expired":            {preset: "slack", secrets: []string{slackSecret}, headers: slack("1531420618"), body: slackBody, at: 1531424218, want: errTimestampExpired},
		"Slack without its timestamp is refused":    {preset: "slack", secrets: []string{slackSecret}, headers: map[string]string{"X-Slack-Signature": slackSum}, body: slackBody, at: 1531420618, want: errSignatureMissing},
		"Slack with a timestamp in words, too":      {preset: "slack", secrets: []string{slackSecret}, headers: slack("noon"), body: slackBody, at: 1531420618, want: errSignatureInvalid},
		"Slack with another timestamp is refused":   {preset: "slack", secrets: []string{slackSecret}, headers: slack("1531420619"), body: slackBody, at: 1531420618, want: errSignatureInvalid},
		"Slack with an overflowing one is refused":  {preset: "slack", secrets: []string{slackSecret}, headers: slack("9223372036854775808"), body: slackBody, at: 1531420618, want: errSignatureInvalid},
		"Slack with the largest number is refused":  {preset: "slack", secrets: []string{slackSecret}, headers: slack("9223372036854775807"), body: slackBody, at: 1531420618, want: errSignatureInvalid},
		"a generic signature is accepted":           {preset: "generic", secrets: []string{"gen_test"}, headers: map[string]string{"X-Signature": "sha256=" + genericSum}, body: genericBody},
		"an empty body can be signed":               {preset: "generic", secrets: []string{"gen_test"}, headers: map[string]string{"X-Signature": "sha256=" + genericEmptySum}},
		"a configuration's own header and template": {preset: "generic", change: stamped, secrets: []string{"gen_test"}, headers: map[string]string{"X-Sig": genericStamped, "X-Time": "1700000000"}, body: genericBody, at: vectorTime},
		"its tolerance holds":                       {preset: "generic", change: func(h *events.Hook) { stamped(h); h.Tolerance = 10 }, secrets: []string{"gen_test"}, headers: map[string]string{"X-Sig": genericStamped, "X-Time": "1700000000"}, body: genericBody, at: vectorTime + 11, want: errTimestampExpired},
		"the preset's header is then no longer it":  {preset: "generic", change: stamped, secrets: []string{"gen_test"}, headers: map[string]string{"X-Signature": "sha256=" + genericSum}, body: genericBody, at: vectorTime, want: errSignatureMissing},
	} {
		t.Run(name, tc.run)
	}
}

func TestVerifyTokens(t *testing.T) {
	google := func(change ...string) map[string]string {
		headers := map[string]string{
			"X-Goog-Channel-Token": "tok-1", "X-Goog-Channel-ID": "chan-1",
			"X-Goog-Resource-State": "update", "X-Goog-Message-Number": "10",
		}
		for pair := range slices.Chunk(change, 2) {
			headers[pair[0]] = pair[1]
		}
		return headers
	}
	telegram := func(token string) map[string]string {
		return map[string]string{"X-Telegram-Bot-Api-Secret-Token": token}
	}
	for name, tc := range map[string]verifyCase{
		"Google's token is compared":               {preset: "google", secrets: []string{"tok-1"}, headers: google()},
		"either token while rotating":              {preset: "google", secrets: []string{"tok-2", "tok-1"}, headers: google()},
		"the older token, too":                     {preset: "google", secrets: []string{"tok-1", "tok-2"}, headers: google()},
		"another token is refused":                 {preset: "google", secrets: []string{"tok-2"}, headers: google(), want: errSignatureInvalid},
		"a token that begins alike is refused":     {preset: "google", secrets: []string{"tok-12"}, headers: google(), want: errSignatureInvalid},
		"no token is refused":                      {preset: "google", secrets: []string{"tok-1"}, headers: google("X-Goog-Channel-Token", ""), want: errSignatureMissing},
		"no channel is malformed":                  {preset: "google", secrets: []string{"tok-1"}, headers: google("X-Goog-Channel-ID", ""), want: errMalformed},
		"no state is malformed":                    {preset: "google", secrets: []string{"tok-1"}, headers: google("X-Goog-Resource-State", ""), want: errMalformed},
		"no number is malformed":                   {preset: "google", secrets: []string{"tok-1"}, headers: google("X-Goog-Message-Number", ""), want: errMalformed},
		"a number in words is malformed":           {preset: "google", secrets: []string{"tok-1"}, headers: google("X-Goog-Message-Number", "ten"), want: errMalformed},
		"a stranger learns nothing of the headers": {preset: "google", secrets: []string{"tok-2"}, headers: google("X-Goog-Channel-ID", ""), want: errSignatureInvalid},
		"Telegram's token is compared":             {preset: "telegram", secrets: []string{"tg"}, headers: telegram("tg"), body: "{}"},
		"another Telegram token is refused":        {preset: "telegram", secrets: []string{"tg"}, headers: telegram("TG"), body: "{}", want: errSignatureInvalid},
		"no Telegram token is refused":             {preset: "telegram", secrets: []string{"tg"}, body: "{}", want: errSignatureMissing},
	} {
		t.Run(name, tc.run)
	}
}
