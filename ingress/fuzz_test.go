package ingress

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ukbot/events"
	"ukbot/secret"
)

// fuzzVerifier holds one configuration under fuzzing. Its secret is not among
// the inputs, so an accepted signature must be one that Sign makes.
type fuzzVerifier struct {
	hook   events.Hook
	secret secret.Text
	v      *verifier
}

func newFuzzVerifier(f *testing.F, preset string) fuzzVerifier {
	f.Helper()
	keys := testKeys(f)
	h := presetHook(f, keys, preset, presetSecret(preset))
	return fuzzVerifier{h, secret.Text(presetSecret(preset)), mustCompile(f, h, keys)}
}

// sign is what the sender would send at that second.
func (z fuzzVerifier) sign(id string, body []byte, at int64) map[string]string {
	return Sign(z.hook, z.secret, id, body, time.Unix(at, 0))
}

func (z fuzzVerifier) accepts(headers map[string]string, body []byte, now int64) bool {
	return z.v.verify(newRequest(headers, string(body), now)) == nil
}

// roundTrip: what Sign made is accepted, and with one bit of the body flipped,
// or the body cut or grown, it is not.
func (z fuzzVerifier) roundTrip(t *testing.T, id string, body []byte, at int64, flip uint) {
	t.Helper()
	headers := z.sign(id, body, at)
	if !z.accepts(headers, body, at) {
		t.Fatalf("own signature of %q at %d refused: %v", body, at, headers)
	}
	if z.accepts(headers, append(bytes.Clone(body), 0), at) {
		t.Errorf("a byte more than %q accepted", body)
	}
	if len(body) == 0 {
		return
	}
	if z.accepts(headers, body[:len(body)-1], at) {
		t.Errorf("a byte less than %q accepted", body)
	}
	altered := bytes.Clone(body)
	altered[flip/8%uint(len(body))] ^= 1 << (flip % 8)
	if z.accepts(headers, altered, at) {
		t.Errorf("%q accepted with the signature of %q", altered, body)
	}
}

// moment folds any number into the years that Unix seconds are about.
func moment(n int64) int64 { return n & (1<<40 - 1) }

var fuzzBodies = []string{"", "{}", stripeBody, shopifyBody, "a=1&b=2", "\x00\xff", strings.Repeat("я", 200)}

func FuzzVerifyStripe(f *testing.F) {
	z := newFuzzVerifier(f, "stripe")
	for _, body := range fuzzBodies {
		f.Add([]byte(body), "t=1700000000,v1="+stripeV1, int64(vectorTime), uint(9))
		f.Add([]byte(body), z.sign("", []byte(body), vectorTime)["Stripe-Signature"], int64(vectorTime), uint(0))
	}
	f.Add([]byte("{}"), "t=,v1=,v1=,v0=,=,,t", int64(0), uint(0))
	f.Add([]byte("{}"), "t=-9223372036854775809,v1=x", int64(-1), uint(1))
	f.Fuzz(func(t *testing.T, body []byte, header string, now int64, flip uint) {
		now = moment(now)
		if z.accepts(map[string]string{"Stripe-Signature": header}, body, now) {
			at, sum := stripeParts(t, z, header, body)
			if distance := at - now; max(distance, -distance) > defaultTolerance || !strings.Contains(strings.ToLower(header), sum) {
				t.Errorf("accepted %q at %d for %q", header, now, body)
			}
		}
		z.roundTrip(t, "", body, now, flip)
	})
}

// stripeParts is the timestamp of an accepted header, and the one signature
// that may have made it acceptable.
func stripeParts(t *testing.T, z fuzzVerifier, header string, body []byte) (int64, string) {
	t.Helper()
	for part := range strings.SplitSeq(header, ",") {
		text, found := strings.CutPrefix(strings.TrimSpace(part), "t=")
		if !found {
			continue
		}
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatalf("accepted the timestamp %q", text)
		}
		sum := z.v.sign(schemes[events.SchemeStripe], z.secret, "", text, body)
		return at, sum
	}
	t.Fatalf("accepted %q, which has no timestamp", header)
	return 0, ""
}

func FuzzVerifyStandard(f *testing.F) {
	z := newFuzzVerifier(f, "standard")
	f.Add("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", standardV1, []byte(standardBody), int64(1614265330), uint(3))
	for _, body := range fuzzBodies {
		f.Add("msg_1", "1700000000", "v1, v1a,x v2 v1,"+standardV1, []byte(body), int64(vectorTime), uint(77))
	}
	f.Add("a.b", "-1", "v1", []byte(nil), int64(0), uint(0))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte, now int64, flip uint) {
		now = moment(now)
		headers := map[string]string{"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
		if z.accepts(headers, body, now) {
			sum := z.v.sign(schemes[events.SchemeStandard], z.secret, id, timestamp, body)
			if strings.Contains(id, ".") || !slices.Contains(strings.Split(signature, " "), "v1,"+sum) {
				t.Errorf("accepted %v at %d for %q", headers, now, body)
			}
		}
		if id != "" && !strings.Contains(id, ".") {
			z.roundTrip(t, id, body, now, flip)
		}
	})
}

func FuzzVerifyHMAC(f *testing.F) {
	presets := []string{"github", "shopify", "slack", "yandex", "generic"}
	verifiers := make([]fuzzVerifier, 0, len(presets))
	for i, preset := range presets {
		z := newFuzzVerifier(f, preset)
		verifiers = append(verifiers, z)
		for _, body := range fuzzBodies {
			headers := z.sign("", []byte(body), vectorTime)
			f.Add(uint8(i), headers[z.hook.Header], headers[z.hook.TimestampHeader], []byte(body), int64(vectorTime), uint(5))
		}
	}
	f.Add(uint8(0), "sha256="+githubSum, "", []byte(githubBody), int64(0), uint(0))
	f.Add(uint8(2), slackSum, "1531420618", []byte(slackBody), int64(1531420618), uint(0))
	f.Fuzz(func(t *testing.T, which uint8, signature, timestamp string, body []byte, now int64, flip uint) {
		z, now := verifiers[int(which)%len(verifiers)], moment(now)
		headers := map[string]string{z.hook.Header: signature}
		if z.hook.TimestampHeader != "" {
			headers[z.hook.TimestampHeader] = timestamp
		}
		if z.accepts(headers, body, now) {
			want := z.v.sign(schemes[events.SchemeHMAC], z.secret, "", timestamp, body)
			got, _ := strings.CutPrefix(signature, z.hook.Prefix)
			if sumBytes(got, z.hook.Encoding) != sumBytes(want, z.hook.Encoding) {
				t.Errorf("accepted %v for %q, want %q", headers, body, want)
			}
		}
		z.roundTrip(t, "", body, now, flip)
	})
}

func sumBytes(text, encoding string) string {
	decode := hex.DecodeString
	if encoding == "base64" {
		decode = base64.StdEncoding.DecodeString
	}
	sum, _ := decode(text)
	return string(sum)
}

func FuzzVerifyGoogle(f *testing.F) {
	z := newFuzzVerifier(f, "google")
	f.Add(z.secret.Reveal(), "chan-1", "update", "10", []byte(nil))
	f.Add(z.secret.Reveal(), "chan-1", "sync", "-1", []byte(nil))
	f.Add(z.secret.Reveal()+"x", "", "", "", []byte("{}"))
	f.Fuzz(func(t *testing.T, token, channel, state, number string, body []byte) {
		headers := map[string]string{"X-Goog-Channel-Token": token, googleChannel: channel, googleState: state, googleNumber: number}
		want := token == z.secret.Reveal() && channel != "" && state != "" && digits(number)
		if got := z.accepts(headers, body, 0); got != want {
			t.Errorf("verify(%v) accepts: %v, want %v", headers, got, want)
		}
	})
}

func FuzzVerifyToken(f *testing.F) {
	z := newFuzzVerifier(f, "telegram")
	f.Add(z.secret.Reveal(), []byte("{}"))
	f.Add("", []byte(nil))
	f.Add(z.secret.Reveal()+"\x00", []byte(nil))
	f.Fuzz(func(t *testing.T, token string, body []byte) {
		if got, want := z.accepts(map[string]string{z.hook.Header: token}, body, 0), token == z.secret.Reveal(); got != want {
			t.Errorf("token %q accepted: %v, want %v", token, got, want)
		}
	})
}

func FuzzVerifyNone(f *testing.F) {
	h := events.Hook{Tenant: "acme", Source: "src", Scheme: events.SchemeNone, IPs: []string{"192.0.2.0/24"}}
	v, err := compile(h, nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, ip := range []string{"192.0.2.7", "::ffff:192.0.2.7", "192.0.3.7", "2001:db8::1%eth0", ""} {
		f.Add(netip.MustParseAddr(orElse(ip, "::")).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := newRequest(nil, "", 0)
		r.ip, _ = netip.AddrFromSlice(raw)
		plain := r.ip.Unmap()
		want := plain.Is4() && bytes.HasPrefix(plain.AsSlice(), []byte{192, 0, 2})
		if got := v.verify(r) == nil; got != want {
			t.Errorf("from %v accepted: %v, want %v", r.ip, got, want)
		}
	})
}

func FuzzIdentify(f *testing.F) {
	presets := []string{"stripe", "standard", "github", "shopify", "slack", "telegram", "google", "yandex", "generic"}
	identifiers := make([]*identifier, 0, len(presets))
	for i, preset := range presets {
		h := presetHook(f, testKeys(f), preset)
		if preset == "generic" {
			h.IDPath = "data.0.id|id"
		}
		compiled, err := identifierOf(h)
		if err != nil {
			f.Fatal(err)
		}
		identifiers = append(identifiers, compiled)
		for _, body := range append(fuzzBodies, `{"id":"evt_1","type":"a.b","data":[{"id":7}]}`, `{"id":null}`, "id=7&type=x", `{"`) {
			f.Add(uint8(i), jsonType, "", []byte(body))
			f.Add(uint8(i), "application/x-www-form-urlencoded", "h-1", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, contentType, header string, body []byte) {
		i := identifiers[int(which)%len(identifiers)]
		headers := map[string]string{
			"Content-Type": contentType, fallbackIDHeader: header, standardIDHeader: header,
			googleChannel: "c", googleNumber: header, googleState: header,
		}
		got, err := i.identify(newRequest(headers, string(body), 0))
		if err != nil {
			if refusal, ok := err.(Refusal); !ok || refusal.Code != errMalformed.Code { //nolint:errorlint // the exact type is the promise
				t.Fatalf("identify gives %v, which is not %v", err, errMalformed)
			}
			return
		}
		if got.ID == "" || got.ID != events.CapID(got.ID) || got.Type == "" || got.Type != events.CapType(got.Type) {
			t.Errorf("identify(%q) = %+v", body, got)
		}
		again, _ := i.identify(newRequest(headers, string(body), 0))
		if fresh := strings.HasPrefix(got.ID, "unique:") && len(body) == 0; again != got && !fresh {
			t.Errorf("identify(%q) = %+v, then %+v", body, got, again)
		}
	})
}

func FuzzJSONPath(f *testing.F) {
	for _, document := range []string{
		`{"a":{"b":[1,"x",{"c":"\u0069"}]},"a":2}`, `[[],{},"",null,true,-1.5e3]`, ` { "\"" : "\\\"" , "" : 0 } `, `"x"`, `1`, `{`, `{"a":"]}"}`,
	} {
		for _, text := range []string{"a.b.2.c", "a", "0", "5", `\"`, "b"} {
			f.Add([]byte(document), text)
		}
	}
	f.Fuzz(func(t *testing.T, document []byte, text string) {
		paths, err := parsePaths(text)
		if err != nil || !json.Valid(document) || !utf8.Valid(document) || !utf8.ValidString(text) {
			return
		}
		for _, p := range paths {
			if bytes.Contains(document, []byte(`\u`)) && strings.ContainsRune(text, utf8.RuneError) {
				continue // half a surrogate pair is U+FFFD to encoding/json, and itself to us
			}
			var want json.RawMessage = slowFind(t, document, p)
			got := p.find(document)
			if !bytes.Equal(got, want) {
				t.Errorf("%q in %s = %q, want %q", p, document, got, want)
			}
		}
	})
}

// slowFind is find by encoding/json, one level at a time.
func slowFind(t *testing.T, document []byte, p path) []byte {
	t.Helper()
	value := bytes.Trim(document, jsonSpace)
	for _, name := range p {
		switch value[0] {
		case '{':
			value = firstMember(t, value, name)
		case '[':
			var list []json.RawMessage
			index, err := strconv.ParseUint(name, 10, 31)
			if json.Unmarshal(value, &list) != nil || err != nil || index >= uint64(len(list)) {
				return nil
			}
			value = list[index]
		default:
			return nil
		}
		if value == nil {
			return nil
		}
	}
	return value
}

func firstMember(t *testing.T, object []byte, name string) []byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if key == name {
			return value
		}
	}
	return nil
}
