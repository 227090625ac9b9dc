package ingress

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"ukbot/events"
)

func mustIdentify(t *testing.T, h events.Hook) *identifier {
	t.Helper()
	i, err := identifierOf(h)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// jsonType is the header of most requests here.
const jsonType = "application/json; charset=utf-8"

func TestIdentify(t *testing.T) {
	hashed := func(body string) string { return events.HashID([]byte(body)) }
	const form = "application/x-www-form-urlencoded"
	for name, tc := range map[string]struct {
		preset  string
		change  func(*events.Hook)
		headers map[string]string
		kind    string // content type, JSON if empty
		body    string
		want    identity
		err     error
	}{
		"Stripe: id and type of the body":   {preset: "stripe", body: `{"id":"evt_1","type":"invoice.paid"}`, want: identity{ID: "evt_1", Type: "invoice.paid"}},
		"Stripe: the id of the event alone": {preset: "stripe", body: `{"data":{"object":{"id":"pi_1"}},"id":"evt_1","type":"x"}`, want: identity{ID: "evt_1", Type: "x"}},
		"Stripe: a header is not asked":     {preset: "stripe", headers: map[string]string{"X-Event-ID": "h"}, body: `{"id":"evt_1"}`, want: identity{ID: "evt_1", Type: "unknown"}},
		"Stripe: no id is malformed":        {preset: "stripe", body: `{"type":"x"}`, err: errMalformed},
		"Stripe: an empty id is malformed":  {preset: "stripe", body: `{"id":""}`, err: errMalformed},
		"Stripe: a number is malformed":     {preset: "stripe", body: `{"id":1}`, err: errMalformed},
		"Stripe: null is malformed":         {preset: "stripe", body: `{"id":null}`, err: errMalformed},
		"Stripe: an object is malformed":    {preset: "stripe", body: `{"id":{"id":"evt_1"}}`, err: errMalformed},
		"Stripe: a list is malformed":       {preset: "stripe", body: `[{"id":"evt_1"}]`, err: errMalformed},
		"Stripe: an empty body, too":        {preset: "stripe", err: errMalformed},
		"Stripe: broken JSON, too":          {preset: "stripe", body: `{"id":"evt_1"`, err: errMalformed},
		"Stripe: two documents, too":        {preset: "stripe", body: `{"id":"evt_1"}{}`, err: errMalformed},

		"Standard: the signed id": {preset: "standard", headers: map[string]string{"webhook-id": "msg_1", "X-Event-ID": "h"}, body: `{"type":"user.created","id":"u1"}`, want: identity{ID: "msg_1", Type: "user.created"}},

		"Google: channel and number":     {preset: "google", headers: map[string]string{googleChannel: "c:1", googleNumber: "7", googleState: "update"}, want: identity{ID: "c:1:7", Type: "update"}},
		"Google: sync is told":           {preset: "google", headers: map[string]string{googleChannel: "c", googleNumber: "1", googleState: "sync"}, want: identity{ID: "c:1", Type: "sync", Sync: true}},
		"Google: a long channel is hash": {preset: "google", headers: map[string]string{googleChannel: strings.Repeat("c", 300), googleNumber: "1", googleState: "add"}, want: identity{ID: hashed(strings.Repeat("c", 300) + ":1"), Type: "add"}},

		"GitHub: both in headers":            {preset: "github", headers: map[string]string{"X-GitHub-Delivery": "d-1", "X-GitHub-Event": "push"}, body: `{"id":1}`, want: identity{ID: "d-1", Type: "push"}},
		"GitHub: X-Event-ID is the fallback": {preset: "github", headers: map[string]string{"X-Event-ID": "e-1"}, body: `{}`, want: identity{ID: "e-1", Type: "unknown"}},
		"GitHub: else the body's hash":       {preset: "github", body: `{"id":1}`, want: identity{ID: hashed(`{"id":1}`), Type: "unknown"}},
		"GitHub: a form keeps its headers":   {preset: "github", kind: form, headers: map[string]string{"X-GitHub-Delivery": "d-1"}, body: "payload=%7B%7D", want: identity{ID: "d-1", Type: "unknown"}},
		"Shopify: the event before the hook": {preset: "shopify", headers: map[string]string{"X-Shopify-Event-Id": "e", "X-Shopify-Webhook-Id": "w", "X-Shopify-Topic": "orders/create"}, body: `{}`, want: identity{ID: "e", Type: "orders/create"}},
		"Shopify: else the delivery":         {preset: "shopify", headers: map[string]string{"X-Shopify-Webhook-Id": "w"}, body: `{}`, want: identity{ID: "w", Type: "unknown"}},

		"Slack: the inner type":              {preset: "slack", body: `{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}`, want: identity{ID: "Ev1", Type: "message"}},
		"Slack: else the outer":              {preset: "slack", body: `{"type":"url_verification","challenge":"c"}`, want: identity{ID: hashed(`{"type":"url_verification","challenge":"c"}`), Type: "url_verification"}},
		"Slack: the signed id before others": {preset: "slack", headers: map[string]string{"X-Event-ID": "forged"}, body: `{"event_id":"Ev1"}`, want: identity{ID: "Ev1", Type: "unknown"}},
		"Telegram: the number as written":    {preset: "telegram", body: `{"update_id":9007199254740993}`, want: identity{ID: "9007199254740993", Type: "unknown"}},
		"Telegram: no number is a hash":      {preset: "telegram", body: `{"update_id":null}`, want: identity{ID: hashed(`{"update_id":null}`), Type: "unknown"}},

		"generic: header before path":        {preset: "generic", change: idPath("data.id"), headers: map[string]string{"X-Event-ID": "h"}, body: `{"data":{"id":"p"}}`, want: identity{ID: "h", Type: "unknown"}},
		"generic: an own header first":       {preset: "generic", change: func(h *events.Hook) { h.IDHeader = "X-Own" }, headers: map[string]string{"X-Event-ID": "h", "X-Own": "o"}, body: `{}`, want: identity{ID: "o", Type: "unknown"}},
		"generic: the configured path":       {preset: "generic", change: idPath("data.items.1.id"), body: `{"data":{"items":[{"id":"a"},{"id":"b"}]}}`, want: identity{ID: "b", Type: "unknown"}},
		"generic: a missing path is hashed":  {preset: "generic", change: idPath("data.id"), body: `{"data":{}}`, want: identity{ID: hashed(`{"data":{}}`), Type: "unknown"}},
		"generic: null is no id":             {preset: "generic", change: idPath("id"), body: `{"id":null,"n":1}`, want: identity{ID: hashed(`{"id":null,"n":1}`), Type: "unknown"}},
		"generic: true is no id":             {preset: "generic", change: idPath("id"), body: `{"id":true}`, want: identity{ID: hashed(`{"id":true}`), Type: "unknown"}},
		"generic: an object is no id":        {preset: "generic", change: idPath("id"), body: `{"id":{}}`, want: identity{ID: hashed(`{"id":{}}`), Type: "unknown"}},
		"generic: an empty text is no id":    {preset: "generic", change: idPath("id|uid"), body: `{"id":"","uid":5}`, want: identity{ID: "5", Type: "unknown"}},
		"generic: Cyrillic ids are hashed":   {preset: "generic", change: idPath("id"), body: `{"id":"заявка"}`, want: identity{ID: hashed("заявка"), Type: "unknown"}},
		"generic: types by any usual name":   {preset: "generic", headers: map[string]string{"X-Event-ID": "1"}, body: `{"type":null,"event":{"a":1},"event_type":"lead"}`, want: identity{ID: "1", Type: "lead"}},
		"generic: a type cannot break out":   {preset: "generic", headers: map[string]string{"X-Event-ID": "1"}, body: `{"type":"a\r\nX: b"}`, want: identity{ID: "1", Type: "a__X: b"}},
		"generic: form fields":               {preset: "generic", kind: form, change: idPath("order.id"), body: "a=%zz&order.id=&order.id=7%2B1&type=paid+now", want: identity{ID: "7+1", Type: "paid now"}},
		"generic: a form without is hashed":  {preset: "generic", kind: form, change: idPath("id"), body: "a=1;id=2&b", want: identity{ID: hashed("a=1;id=2&b"), Type: "unknown"}},
		"generic: broken JSON is malformed":  {preset: "generic", body: `{"a":`, err: errMalformed},
		"generic: +json is JSON as well":     {preset: "generic", kind: "application/vnd.api+JSON", body: `{`, err: errMalformed},
		"generic: a BOM is no JSON":          {preset: "generic", body: "\ufeff{}", err: errMalformed},
		"generic: untyped JSON is looked at": {preset: "generic", kind: " ", change: idPath("id"), body: `{"id":"x"}`, want: identity{ID: "x", Type: "unknown"}},
		"generic: text is hashed":            {preset: "generic", kind: "text/plain", change: idPath("id"), body: "id: x", want: identity{ID: hashed("id: x"), Type: "unknown"}},
		"yandex: like generic":               {preset: "yandex", body: yandexBody, want: identity{ID: hashed(yandexBody), Type: "review"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := presetHook(t, testKeys(t), tc.preset)
			if tc.change != nil {
				tc.change(&h)
			}
			r := newRequest(tc.headers, tc.body, 0)
			inner := r.header
			r.header = func(name string) string {
				if name == "Content-Type" {
					return orElse(tc.kind, jsonType)
				}
				return inner(name)
			}
			got, err := mustIdentify(t, h).identify(r)
			if !errors.Is(err, tc.err) || got != tc.want {
				t.Errorf("identify(%v, %q) = %+v, %v; want %+v, %v", tc.headers, tc.body, got, err, tc.want, tc.err)
			}
		})
	}
}

func idPath(text string) func(*events.Hook) {
	return func(h *events.Hook) { h.IDPath = text }
}

// Convoy answered "duplicate" to every event after the first that lacked its id
// header; here each such event is itself.
func TestEventsWithoutAnIDAreNotEachOthersDuplicates(t *testing.T) {
	i := mustIdentify(t, events.Hook{Tenant: "acme", Source: "src", Scheme: events.SchemeHMAC, IDHeader: "X-Id", IDPath: "id"})
	seen := map[string]string{}
	for _, body := range []string{"", "", "", `{"n":1}`, `{"n":2}`, `{"id":null}`, `{"id":""}`, `{"id":[]}`, `{"id":{}}`} {
		got, err := i.identify(newRequest(map[string]string{"X-Id": "", "Content-Type": jsonType}, body, 0))
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[got.ID]; twice || got.ID == "" {
			t.Errorf("bodies %q and %q share the id %q", body, other, got.ID)
		}
		seen[got.ID] = body
	}
	first, _ := i.identify(newRequest(nil, `{"n":1}`, 0))
	if _, known := seen[first.ID]; !known {
		t.Errorf("the same body a second time has another id %q", first.ID)
	}
}

// Fiber's header texts and bodies are overwritten by the next request.
func TestIdentityOutlivesTheRequest(t *testing.T) {
	buffer := []byte("d-1 push")
	headers := map[string]string{
		"X-GitHub-Delivery": unsafe.String(&buffer[0], 3), "X-GitHub-Event": unsafe.String(&buffer[4], 4),
	}
	r := newRequest(nil, "{}", 0)
	r.header = func(name string) string { return headers[name] }
	got, err := mustIdentify(t, presetHook(t, testKeys(t), "github")).identify(r)
	if err != nil {
		t.Fatal(err)
	}
	copy(buffer, "XXXXXXXX")
	if want := (identity{ID: "d-1", Type: "push"}); got != want {
		t.Errorf("after the buffer's reuse: %+v, want %+v", got, want)
	}
}

func TestPathsThatCannotWorkAreRefused(t *testing.T) {
	for _, text := range []string{".", "a..b", "a|", "|", strings.Repeat("a.", 16) + "a"} {
		for _, h := range []events.Hook{{IDPath: text}, {TypePath: text}} {
			if _, err := identifierOf(h); !errors.Is(err, events.ErrHook) {
				t.Errorf("identifierOf(%+v) = %v, want ErrHook", h, err)
			}
		}
	}
}

func TestContentKind(t *testing.T) {
	for contentType, want := range map[string]int{
		"": contentNone, "  ; charset=utf-8": contentNone, "application/json": contentJSON, "Application/JSON;charset=UTF-8": contentJSON,
		"application/json; utf-8": contentJSON, "application/cloudevents+json": contentJSON, "text/json": contentJSON, "+json": contentOther,
		"application/x-www-form-urlencoded": contentForm, "multipart/form-data; boundary=x": contentOther, "text/plain": contentOther,
		"application/jsonp": contentOther, "application/octet-stream": contentOther,
	} {
		if got := contentKind(contentType); got != want {
			t.Errorf("contentKind(%q) = %d, want %d", contentType, got, want)
		}
	}
}
