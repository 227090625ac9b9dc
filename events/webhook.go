package events

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Webhook is an Envelope of a provider's event with what the ingress saw of
// its request. Data is the body as it came.
type Webhook struct {
	Envelope
	Request Request
}

// Request is what the record keeps of the HTTP request. Secrets, cookies and
// authorisation headers are not in it.
type Request struct {
	HookID     string            `json:"hook"`
	Preset     string            `json:"preset"`
	Scheme     string            `json:"scheme"`
	Signature  string            `json:"signature,omitempty"` // the header as sent; empty where it is itself a secret
	RemoteIP   string            `json:"ip"`
	UserAgent  string            `json:"ua,omitempty"`
	RequestID  string            `json:"request_id"`
	MaxRetries int               `json:"max_retries"`
	Headers    map[string]string `json:"headers,omitempty"`
}

// headerRequest carries Request as JSON.
const headerRequest = "ukbot-request"

// Header is the wire form of the attributes with the request.
func (w Webhook) Header() map[string][]string {
	header := w.Envelope.Header()
	header[headerRequest] = []string{string(w.Request.appendJSON(make([]byte, 0, requestRoom)))}
	return header
}

// requestRoom is enough for most requests as JSON, in bytes.
const requestRoom = 768

// appendJSON is what json.Marshal makes of a Request, byte for byte, in a third
// of the time: every webhook comes by here.
func (r Request) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"hook":`...), r.HookID)
	b = appendString(append(b, `,"preset":`...), r.Preset)
	b = appendString(append(b, `,"scheme":`...), r.Scheme)
	if r.Signature != "" {
		b = appendString(append(b, `,"signature":`...), r.Signature)
	}
	b = appendString(append(b, `,"ip":`...), r.RemoteIP)
	if r.UserAgent != "" {
		b = appendString(append(b, `,"ua":`...), r.UserAgent)
	}
	b = appendString(append(b, `,"request_id":`...), r.RequestID)
	b = strconv.AppendInt(append(b, `,"max_retries":`...), int64(r.MaxRetries), 10)
	if len(r.Headers) > 0 {
		b = appendMap(append(b, `,"headers":`...), r.Headers)
	}
	return append(b, '}')
}

// appendMap writes an object with its keys in order; m is not empty.
func appendMap(b []byte, m map[string]string) []byte {
	names := make([]string, 0, 16) // on the stack
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	separator := byte('{')
	for _, name := range names {
		b = appendString(append(b, separator), name)
		b = appendString(append(b, ':'), m[name])
		separator = ','
	}
	return append(b, '}')
}

// appendString writes a JSON string as json.Marshal does, which it asks where
// something must be escaped.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string: cannot fail
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// DecodeWebhook reads what Header wrote; the error is ErrMalformed.
func DecodeWebhook(header map[string][]string, data []byte) (Webhook, error) {
	e, err := Decode(header, data)
	if err != nil {
		return Webhook{Envelope: e}, err
	}
	w := Webhook{Envelope: e}
	values := header[headerRequest]
	if len(values) == 0 {
		return w, fmt.Errorf("%w: no %s", ErrMalformed, headerRequest)
	}
	if err := json.Unmarshal([]byte(values[0]), &w.Request); err != nil {
		return w, fmt.Errorf("%w: %s", ErrMalformed, headerRequest)
	}
	return w, nil
}

// Row is the id of the webhook's record.
func (w Webhook) Row() string { return RowID(w.Tenant, w.Source, w.ID, w.Time) }
