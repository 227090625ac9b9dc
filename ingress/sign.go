package ingress

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"ukbot/events"
	"ukbot/secret"
)

// Sign is the headers that a provider would send with body under h, for `ukbot
// send`, the load suite and tests. id is put where h looks for it in headers;
// where the id belongs into the body, that is the caller's to do. For Google it
// is "<channel>:<number>"; without a number it becomes message 2 of channel id.
// A secret or scheme that no verifier compiles gives headers that none accepts.
func Sign(h events.Hook, key secret.Text, id string, body []byte, now time.Time) map[string]string {
	headers := map[string]string{}
	s, known := schemes[h.Scheme]
	if !known {
		return headers
	}
	l, timestamp := layoutOf(h, s), strconv.FormatInt(now.Unix(), 10)
	switch h.Scheme {
	case events.SchemeStripe:
		headers[l.header] = "t=" + timestamp + ",v1=" + l.sign(s, key, "", timestamp, body)
		return headers
	case events.SchemeStandard:
		headers[standardIDHeader], headers[l.timestamp] = id, timestamp
		headers[l.header] = "v1," + l.sign(s, key, id, timestamp, body)
		return headers
	case events.SchemeGoogle:
		googleHeaders(headers, l.header, key, id)
		return headers
	case events.SchemeToken:
		headers[l.header] = key.Reveal()
	case events.SchemeHMAC:
		headers[l.header] = l.prefix + l.sign(s, key, "", timestamp, body)
		if l.timestamp != "" {
			headers[l.timestamp] = timestamp
		}
	}
	if name := idHeaderOf(h); id != "" && name != "" {
		headers[name] = id
	}
	return headers
}

// sign is the signature alone, in the configured encoding.
func (l layout) sign(s scheme, secretText secret.Text, id, timestamp string, body []byte) string {
	key, err := s.key(secretText)
	if err != nil {
		key = nil // signs what no verifier takes
	}
	mac := hmac.New(sha256.New, key)
	l.template.write(mac, nil, id, timestamp, body)
	if l.encoding == "base64" {
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// googleHeaders are those of a change in a watched file; its body is empty.
func googleHeaders(headers map[string]string, tokenHeader string, token secret.Text, id string) {
	channel, number := id, "2"
	if at := strings.LastIndexByte(id, ':'); at > 0 && digits(id[at+1:]) {
		channel, number = id[:at], id[at+1:]
	}
	headers[tokenHeader] = token.Reveal()
	headers[googleChannel], headers[googleNumber], headers[googleState] = channel, number, "update"
	headers["X-Goog-Resource-ID"] = "resource-" + channel
	headers["X-Goog-Resource-URI"] = "https://www.googleapis.com/drive/v3/files/" + channel + "?alt=json"
}

// idHeaderOf is where the id goes; "" where it belongs into the body.
func idHeaderOf(h events.Hook) string {
	if names := headerNames(h.IDHeader); len(names) > 0 {
		return names[0]
	}
	if h.IDPath != "" {
		return ""
	}
	return fallbackIDHeader
}
