package load

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/ingress"
	"ukbot/secret"
)

// Webhooks is a series of webhooks: the n-th is a Stripe payment, or with Mixed
// every second one an event of a generic source. Each has an id of its own and a
// body of 1 KiB. The zero value sends payments that name nobody.
type Webhooks struct {
	Name   string      // of the series: ids of two series differ
	Secret secret.Text // of both configurations
	Mixed  bool
	People int // how many persons the payments name in turn, person-0 on; 0: nobody whom the directory knows
}

// BodySize is the size of every body, in bytes.
const BodySize = 1024

// Sources of the series.
const (
	StripeSource  = "stripe"
	GenericSource = "load"
)

// genericType is the event type of the generic source.
const genericType = "load.created"

// Hooks is the configurations that the series is sent under, without secrets.
func Hooks() []events.Hook {
	hooks := []events.Hook{
		{Tenant: events.DefaultTenant, Source: StripeSource, Preset: "stripe", Enabled: true},
		{Tenant: events.DefaultTenant, Source: GenericSource, Preset: "generic", Enabled: true},
	}
	for i := range hooks {
		_ = ingress.ApplyPreset(&hooks[i]) // both presets exist: a test sends with each
	}
	return hooks
}

// generic says which kind the n-th is.
func (w Webhooks) generic(n int64) bool { return w.Mixed && n%2 == 1 }

// Source is the source of the n-th.
func (w Webhooks) Source(n int64) string {
	if w.generic(n) {
		return GenericSource
	}
	return StripeSource
}

// idDigits is the width of the number at the end of every id.
const idDigits = 10

// ID is the provider's id of the n-th.
func (w Webhooks) ID(n int64) string { return string(w.appendID(nil, "evt_", n)) }

func (w Webhooks) appendID(dst []byte, prefix string, n int64) []byte {
	dst = append(append(append(dst, prefix...), w.Name...), '_')
	return appendPadded(dst, n)
}

func appendPadded(dst []byte, n int64) []byte {
	var digits [idDigits]byte
	for i := idDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, digits[:]...)
}

// Number is the n of an id of this series; false for any other.
func (w Webhooks) Number(id string) (int64, bool) {
	rest, ok := strings.CutPrefix(id, "evt_"+w.Name+"_")
	if !ok || len(rest) != idDigits {
		return 0, false
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	return n, err == nil
}

// Person is the id of a person that the payments name.
func Person(k int) string { return "person-" + strconv.Itoa(k) }

// Writer writes requests of a series. It is for one goroutine.
type Writer struct {
	w         Webhooks
	mac       hash.Hash
	body      []byte
	sum       []byte
	second    int64 // the time that stamp and created tell
	timestamp []byte
}

// Writer makes a writer.
func (w Webhooks) Writer() *Writer {
	return &Writer{
		w: w, mac: hmac.New(sha256.New, []byte(w.Secret.Reveal())),
		body: make([]byte, 0, BodySize), sum: make([]byte, 0, sha256.Size), timestamp: make([]byte, 0, 20),
	}
}

// Append appends the n-th request: head and body, signed at now.
func (wr *Writer) Append(dst []byte, n int64, now time.Time) []byte {
	wr.write(n, now)
	if wr.w.generic(n) {
		dst = append(dst, "POST /api/v1/webhooks/generic/"+GenericSource+" HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Event-ID: "...)
		dst = wr.w.appendID(dst, "evt_", n)
		dst = append(dst, "\r\nX-Event-Type: "+genericType+"\r\nX-Signature: sha256="...)
		dst = hex.AppendEncode(dst, wr.sign(nil))
	} else {
		dst = append(dst, "POST /api/v1/webhooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t="...)
		dst = append(append(dst, wr.timestamp...), ",v1="...)
		dst = hex.AppendEncode(dst, wr.sign(wr.timestamp))
	}
	dst = append(dst, "\r\nUser-Agent: ukbot-load\r\nContent-Type: application/json\r\nContent-Length: "...)
	dst = append(strconv.AppendInt(dst, int64(len(wr.body)), 10), "\r\n\r\n"...)
	return append(dst, wr.body...)
}

// sign is the signature of the body, with a timestamp as Stripe signs it or without.
func (wr *Writer) sign(timestamp []byte) []byte {
	wr.mac.Reset()
	if timestamp != nil {
		wr.mac.Write(timestamp)
		wr.mac.Write(dot)
	}
	wr.mac.Write(wr.body)
	wr.sum = wr.mac.Sum(wr.sum[:0])
	return wr.sum
}

var dot = []byte(".")

// write makes the n-th body.
func (wr *Writer) write(n int64, now time.Time) {
	if second := now.Unix(); second != wr.second {
		wr.second = second
		wr.timestamp = strconv.AppendInt(wr.timestamp[:0], second, 10)
	}
	b := wr.body[:0]
	var tail string
	if wr.w.generic(n) {
		b = append(b, `{"id":"`...)
		b = wr.w.appendID(b, "evt_", n)
		b, tail = append(b, `","type":"`+genericType+`","building":"b-15","note":"`...), `"}`
	} else {
		b, tail = wr.payment(b, n), `"}}}}`
	}
	b = append(b, prose(n, BodySize-len(b)-len(tail))...)
	wr.body = append(b, tail...)
}

// payment is the beginning of a Stripe event, up to the text that fills it.
func (wr *Writer) payment(b []byte, n int64) []byte {
	b = wr.w.appendID(append(b, `{"id":"`...), "evt_", n)
	b = append(b, `","object":"event","api_version":"2025-03-31.basil","created":`...)
	b = append(b, wr.timestamp...)
	b = append(b, `,"livemode":false,"type":"payment_intent.succeeded","data":{"object":{"id":"`...)
	b = wr.w.appendID(b, "pi_", n)
	b = append(b, `","object":"payment_intent","amount":25000000,"amount_received":25000000,"currency":"uzs","status":"succeeded",`...)
	b = append(b, `"description":"rent, november","metadata":{"resident_id":"`...)
	if wr.w.People > 0 {
		b = strconv.AppendInt(append(b, "person-"...), n%int64(wr.w.People), 10)
	} else {
		b = append(b, "nobody"...)
	}
	return append(b, `","note":"`...)
}

// Message is the n-th as the ingress stores it, for filling a stream without HTTP.
func (wr *Writer) Message(n int64, now time.Time) *natsgo.Msg {
	wr.write(n, now)
	w := wr.w
	event := events.Webhook{
		Envelope: events.Envelope{
			ID: w.ID(n), Type: "payment_intent.succeeded", Tenant: events.DefaultTenant, Source: w.Source(n),
			Time: now.UTC().Truncate(time.Millisecond), ContentType: "application/json", Data: append([]byte(nil), wr.body...),
		},
		Request: events.Request{
			Preset: "stripe", Scheme: events.SchemeStripe, RemoteIP: "127.0.0.1", UserAgent: "ukbot-load", RequestID: w.ID(n), MaxRetries: 5,
			Signature: "t=" + string(wr.timestamp) + ",v1=" + hex.EncodeToString(wr.sign(wr.timestamp)),
		},
	}
	if w.generic(n) {
		event.Type, event.Request.Preset, event.Request.Scheme = genericType, "generic", events.SchemeHMAC
		event.Request.Signature = "sha256=" + hex.EncodeToString(wr.sign(nil))
	}
	event.Correlation = event.Row()
	msg := natsgo.NewMsg(events.WebhookSubject(event.Tenant, event.Source, event.Type))
	msg.Header, msg.Data = event.Header(), event.Data
	msg.Header[jetstream.MsgIDHeader] = []string{events.MessageID(event.Tenant, event.Source, event.ID)}
	return msg
}

// prose is length bytes of text, another for each n: bodies compress like text,
// not like copies of one.
func prose(n int64, length int) []byte {
	from := int(n*7919) % (len(proseText) - BodySize)
	return proseText[from : from+length]
}

// proseText is words in random order, the same in every run.
var proseText = words(1 << 17)

func words(size int) []byte {
	vocabulary := strings.Fields("apartment building entrance floor meter water heating electricity lift repair request november " +
		"december payment receipt tariff balance debt account resident manager plumber yard parking gate camera intercom boiler radiator " +
		"kvartira podyezd suv gaz lift tamir tolov oy qarz hisob uy boshqaruv shikoyat bino eshik chiroq 17 42 108 2026 15/3 4-B")
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // text, not a secret
	text := make([]byte, 0, size+32)
	for len(text) < size {
		text = append(append(text, vocabulary[random.IntN(len(vocabulary))]...), ' ')
	}
	return text[:size]
}
