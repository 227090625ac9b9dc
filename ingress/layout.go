package ingress

import (
	"cmp"
	"encoding/base64"
	"errors"
	"hash"
	"slices"
	"strings"

	"ukbot/events"
	"ukbot/secret"
)

// scheme is how one kind of sender proves itself: what its contract fixes, and
// the function that checks a request.
type scheme struct {
	header    string // that carries the signature where the configuration names none
	timestamp string // header of the timestamp, likewise
	template  string // what is signed, likewise
	encoding  string // of the signature, likewise
	key       func(secret.Text) ([]byte, error)
	verify    func(*verifier, *request) error
}

// schemes are all there are; a name that is not here verifies nothing and is
// refused when the configuration is compiled.
var schemes = map[string]scheme{
	events.SchemeStripe:   {"Stripe-Signature", "", "{timestamp}.{body}", "hex", rawKey, verifyStripe},
	events.SchemeStandard: {"webhook-signature", "webhook-timestamp", "{id}.{timestamp}.{body}", "base64", standardKey, verifyStandard},
	events.SchemeHMAC:     {"", "", "{body}", "hex", rawKey, verifyHMAC},
	events.SchemeGoogle:   {"X-Goog-Channel-Token", "", "", "", rawKey, verifyGoogle},
	events.SchemeToken:    {"", "", "", "", rawKey, verifyToken},
	events.SchemeNone:     {"", "", "", "", rawKey, verifyNothing},
}

// layout is where a configuration's signature stands and what it covers; the
// same for who signs and who verifies.
type layout struct {
	header    string
	prefix    string
	timestamp string // header
	encoding  string
	template  template
}

func layoutOf(h events.Hook, s scheme) layout {
	l := layout{
		header:    cmp.Or(h.Header, s.header),
		prefix:    h.Prefix,
		timestamp: cmp.Or(h.TimestampHeader, s.timestamp),
		encoding:  cmp.Or(h.Encoding, s.encoding),
		template:  parseTemplate(s.template),
	}
	if h.Scheme == events.SchemeHMAC && h.SignedTemplate != "" {
		l.template = parseTemplate(h.SignedTemplate)
	}
	if l.prefix == NoPrefix {
		l.prefix = ""
	}
	return l
}

// template is what is signed, cut into placeholders and the text between them.
type template []string

const (
	placeID        = "{id}"
	placeTimestamp = "{timestamp}"
	placeBody      = "{body}"
)

func parseTemplate(text string) template {
	var parts template
	for text != "" {
		at, place := len(text), ""
		for _, p := range []string{placeID, placeTimestamp, placeBody} {
			if i := strings.Index(text, p); i >= 0 && i < at {
				at, place = i, p
			}
		}
		if at > 0 {
			parts = append(parts, text[:at])
		}
		if place != "" {
			parts = append(parts, place)
		}
		text = text[at+len(place):]
	}
	return parts
}

func (t template) has(place string) bool { return slices.Contains(t, place) }

// write feeds mac with what is signed. scratch carries text to bytes without an
// allocation per request; the grown slice is returned.
func (t template) write(mac hash.Hash, scratch []byte, id, timestamp string, body []byte) []byte {
	for _, part := range t {
		switch part {
		case placeBody:
			mac.Write(body)
			continue
		case placeTimestamp:
			part = timestamp
		case placeID:
			part = id
		}
		scratch = append(scratch[:0], part...)
		mac.Write(scratch)
	}
	return scratch
}

func rawKey(s secret.Text) ([]byte, error) {
	if s.Reveal() == "" {
		return nil, errors.New("a secret is empty")
	}
	return []byte(s.Reveal()), nil
}

// standardKey reads "whsec_" and base64. The prefix is for people and may be
// missing, as in the reference libraries; so may the padding.
func standardKey(s secret.Text) ([]byte, error) {
	text := strings.TrimRight(strings.TrimPrefix(s.Reveal(), "whsec_"), "=")
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, errors.New("a Standard Webhooks secret is whsec_ and base64") // the cause would repeat bytes of it
	}
	return key, nil
}
