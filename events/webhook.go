package events

import (
	"encoding/json"
	"fmt"
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
	request, _ := json.Marshal(w.Request) // strings only: cannot fail
	header[headerRequest] = []string{string(request)}
	return header
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
