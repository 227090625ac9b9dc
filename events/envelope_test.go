package events

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ukbot/golden"
)

func sampleWebhook() Webhook {
	return Webhook{
		Envelope: Envelope{
			ID: "evt_1", Type: "payment_intent.succeeded", Tenant: "acme", Source: "stripe",
			Time:      time.Date(2026, 3, 1, 12, 30, 5, 42_000_000, time.UTC),
			Causation: "evt_0", Correlation: "0195512e-7a2a-7000-8000-000000000000",
			Trace:  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			Replay: "replay-7", Quiet: true, ContentType: "application/json",
			Data: []byte(`{"id":"evt_1","note":"оплачено 🏠"}`),
		},
		Request: Request{
			HookID: "17", Preset: "stripe", Scheme: SchemeStripe, Signature: "t=1,v1=ab", RemoteIP: "192.0.2.7",
			UserAgent: "Stripe/1.0", RequestID: "req-1", MaxRetries: 5, Headers: map[string]string{"Stripe-Version": "2026-01-01"},
		},
	}
}

func wire(header map[string][]string, data []byte) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(header[name], " | "))
	}
	return b.String() + "\n" + string(data) + "\n"
}

func TestWebhookWireForm(t *testing.T) {
	w := sampleWebhook()
	golden.Equal(t, "webhook.golden.txt", wire(w.Header(), w.Data))
}

func TestEnvelopeWireFormLeavesOutWhatIsEmpty(t *testing.T) {
	w := sampleWebhook()
	w.Causation, w.Correlation, w.Trace, w.Replay, w.Quiet, w.ContentType = "", "", "", "", false, ""
	w.Time = w.Time.In(time.FixedZone("Tashkent", 5*3600)).Add(999 * time.Microsecond)
	golden.Equal(t, "envelope_bare.golden.txt", wire(w.Envelope.Header(), w.Data))
}

func TestWebhookSurvivesTheWire(t *testing.T) {
	for name, change := range map[string]func(*Webhook){
		"whole":                func(*Webhook) {},
		"bare":                 func(w *Webhook) { w.Request = Request{}; w.Causation, w.Trace, w.Replay, w.Quiet = "", "", "", false },
		"empty body":           func(w *Webhook) { w.Data = nil },
		"body that is no text": func(w *Webhook) { w.Data = []byte{0, 0xff, '\r', '\n'} },
		"quotes in a header":   func(w *Webhook) { w.Request.Headers = map[string]string{"X": "\"<дом>\"\r\n&"} },
	} {
		t.Run(name, func(t *testing.T) {
			sent := sampleWebhook()
			change(&sent)
			got, err := DecodeWebhook(sent.Header(), sent.Data)
			if err != nil || !reflect.DeepEqual(got, sent) {
				t.Errorf("DecodeWebhook = %+v, %v; want %+v", got, err, sent)
			}
			if got.Row() != sent.Row() {
				t.Errorf("row id %s became %s", sent.Row(), got.Row())
			}
		})
	}
}

func TestHeadersOfTwoEnvelopesDoNotShareMemory(t *testing.T) {
	w := sampleWebhook()
	first, second := w.Header(), w.Header()
	first[headerID] = append(first[headerID], "more")
	first[headerType][0] = "other"
	if !reflect.DeepEqual(second, w.Header()) {
		t.Error("changing one header changed another")
	}
}

func TestDecodeRefusesWhatIsNoEvent(t *testing.T) {
	for name, change := range map[string]func(map[string][]string){
		"no headers":               func(h map[string][]string) { clear(h) },
		"no id":                    func(h map[string][]string) { delete(h, headerID) },
		"no type":                  func(h map[string][]string) { delete(h, headerType) },
		"no tenant":                func(h map[string][]string) { delete(h, headerTenant) },
		"no source":                func(h map[string][]string) { delete(h, headerSource) },
		"no time":                  func(h map[string][]string) { delete(h, headerTime) },
		"a time that is none":      func(h map[string][]string) { h[headerTime] = []string{"yesterday"} },
		"another specification":    func(h map[string][]string) { h[headerSpec] = []string{"2.0"} },
		"an id without values":     func(h map[string][]string) { h[headerID] = nil },
		"no request":               func(h map[string][]string) { delete(h, headerRequest) },
		"a request that is broken": func(h map[string][]string) { h[headerRequest] = []string{"{"} },
	} {
		t.Run(name, func(t *testing.T) {
			header := sampleWebhook().Header()
			change(header)
			if _, err := DecodeWebhook(header, nil); !errors.Is(err, ErrMalformed) {
				t.Errorf("DecodeWebhook(%v) = %v, want ErrMalformed", header, err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	w := sampleWebhook()
	request := w.Header()[headerRequest][0]
	f.Add("1.0", "evt_1", "a.b", "stripe", "2026-03-01T12:30:05.042Z", "acme", "true", request, []byte("{}"))
	f.Add("1.0", "evt_1", "a.b", "stripe", "2026-03-01T12:30:05+05:00", "acme", "", `{"headers":null}`, []byte(nil))
	f.Add("", "", "", "", "", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, spec, id, kind, source, at, tenant, hush, request string, data []byte) {
		header := map[string][]string{
			headerSpec: {spec}, headerID: {id}, headerType: {kind}, headerSource: {source}, headerTime: {at},
			headerTenant: {tenant}, headerQuiet: {hush}, headerRequest: {request},
		}
		got, err := DecodeWebhook(header, data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v is not ErrMalformed", err)
			}
			return
		}
		if got.ID == "" || got.Type == "" || got.Tenant == "" || got.Source == "" || !bytes.Equal(got.Data, data) {
			t.Fatalf("accepted %+v of %v", got, header)
		}
		// What was read is written and read again to the same, once its time has
		// the precision of the wire.
		got.Time = got.Time.Truncate(time.Millisecond)
		again, err := DecodeWebhook(got.Header(), data)
		if err != nil || !equalWebhooks(again, got) {
			t.Errorf("second round = %+v, %v; want %+v", again, err, got)
		}
	})
}

// equalWebhooks takes an empty map of headers for none.
func equalWebhooks(a, b Webhook) bool {
	if len(a.Request.Headers) == 0 && len(b.Request.Headers) == 0 {
		a.Request.Headers, b.Request.Headers = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
