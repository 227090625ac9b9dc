package ingress

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"ukbot/events"
)

// read takes what verifying needs out of a request. Strings and body are valid
// until the handler returns.
func (s *Ingress) read(c *fiber.Ctx) *request {
	return &request{
		header: func(name string) string { return c.Get(name) },
		body:   c.Request().Body(), ip: s.remoteIP(c.Context()), now: s.cfg.Now(), id: requestID(c),
	}
}

// readable refuses bodies in a form that nobody here reads.
func readable(r *request) error {
	if encoding := r.header(fiber.HeaderContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return errEncodingRefused
	}
	if len(r.body) > 0 && contentKind(r.header(fiber.HeaderContentType)) == contentOther {
		return errContentTypeRefused
	}
	return nil
}

// describe makes the event of a verified request, valid until the handler
// returns: publishing copies it.
func describe(c *fiber.Ctx, found *hook, id identity, r *request) events.Webhook {
	received := r.now.UTC().Truncate(time.Millisecond)
	request := events.Request{
		HookID: found.ID, Preset: found.Preset, Scheme: found.Scheme, RemoteIP: ipText(r.ip),
		UserAgent: bounded(c.Get(fiber.HeaderUserAgent)), RequestID: r.id, MaxRetries: found.MaxRetries,
		Headers: keptHeaders(c, found),
	}
	if signs[found.Scheme] {
		request.Signature = bounded(c.Get(found.header))
	}
	return events.Webhook{Request: request, Envelope: events.Envelope{
		ID: id.ID, Type: id.Type, Tenant: found.Tenant, Source: found.Source, Time: received,
		Correlation: events.RowID(found.Tenant, found.Source, id.ID, received),
		Trace:       events.Traceparent(c.Get("traceparent")), ContentType: bounded(c.Get(fiber.HeaderContentType)), Data: r.body,
	}}
}

// signs says of which schemes the record may keep the header: a signature
// proves, a token would open the door.
var signs = map[string]bool{events.SchemeStripe: true, events.SchemeStandard: true, events.SchemeHMAC: true}

// Bounds of what the record keeps of the headers.
const (
	headerValueMax = 512
	headersKept    = 40
)

// transportHeaders say nothing about the event.
var transportHeaders = map[string]bool{
	"host": true, "connection": true, "content-length": true, "content-type": true, "accept": true, "accept-encoding": true,
	"user-agent": true, "traceparent": true, "x-request-id": true, "transfer-encoding": true, "expect": true,
}

// secretWords make a header's name one that is never stored.
var secretWords = []string{
	"auth", "cookie", "token", "secret", "password", "passwd", "api-key", "apikey", "credential", "signature", "hmac", "jwt", "session",
}

// keptHeaders is the request's headers by lower-case name, without transport
// and without whatever may be a secret.
func keptHeaders(c *fiber.Ctx, found *hook) map[string]string {
	kept := map[string]string{}
	var room [64]byte
	c.Request().Header.VisitAll(func(name, value []byte) {
		lower := appendLower(room[:0], name)
		// The configuration's own header has the signature or the token.
		if len(kept) >= headersKept || transportHeaders[string(lower)] || secretHeader(lower) || string(lower) == found.lowered {
			return
		}
		kept[string(lower)] = bounded(string(value))
	})
	return kept
}

// appendLower lowers ASCII letters: names of headers have no others.
func appendLower(b, name []byte) []byte {
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

func secretHeader(name []byte) bool {
	for _, word := range secretWords {
		if bytes.Contains(name, []byte(word)) {
			return true
		}
	}
	return false
}

// bounded makes a header's value fit for a record: valid UTF-8, no NUL, at most
// 512 bytes. Like value, it may lie in the server's buffer.
func bounded(value string) string {
	if len(value) > headerValueMax {
		value = value[:headerValueMax]
	}
	for i := range len(value) {
		if value[i] < 0x20 || value[i] >= 0x7f {
			return strings.Map(func(r rune) rune {
				if r < 0x20 {
					return ' '
				}
				return r
			}, strings.ToValidUTF8(value, "?"))
		}
	}
	return value
}

// requestIDMax bounds a sender's own X-Request-ID, in bytes.
const requestIDMax = 64

// requestID is the sender's X-Request-ID, or one of ours; the answer repeats it.
func requestID(c *fiber.Ctx) string {
	id := c.Get(fiber.HeaderXRequestID)
	if id == "" || len(id) > requestIDMax || events.CapID(id) != id {
		id = hex.EncodeToString(binary.BigEndian.AppendUint64(nil, rand.Uint64())) //nolint:gosec // an id, not a secret
	}
	c.Set(fiber.HeaderXRequestID, id)
	return id
}
