package events

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Envelope is every event: what happened, to whom, when and because of what.
// On the wire its attributes are headers (CloudEvents 1.0 names, binary mode)
// and Data is the message's body, byte for byte.
type Envelope struct {
	ID          string    // unique per event; derived from the cause, so that a redelivery makes the same
	Type        string    // "payment_intent.succeeded" from a provider, "payment.succeeded" of our own
	Tenant      string    // whose it is; also the third token of the subject
	Source      string    // the webhook source, or the part of ukbot that made it
	Time        time.Time // when it was received or caused; UTC, milliseconds
	Causation   string    // ID of the event that caused this one; empty for a webhook
	Correlation string    // row id of the webhook the whole story began with
	Trace       string    // W3C traceparent
	Replay      string    // names the replay or manual retry that made this copy; empty for the original
	Quiet       bool      // a replay that must not repeat notices
	ContentType string
	Data        []byte
}

// Header names on the wire. The ce-* ones are CloudEvents 1.0 for binary mode;
// tenant, causation and correlation are extensions with its lower-case names.
const (
	headerSpec        = "ce-specversion"
	headerID          = "ce-id"
	headerType        = "ce-type"
	headerSource      = "ce-source"
	headerTime        = "ce-time"
	headerTenant      = "ce-tenant"
	headerCausation   = "ce-causationid"
	headerCorrelation = "ce-correlationid"
	headerReplay      = "ce-replay"
	headerQuiet       = "ce-quiet"
	headerContentType = "content-type"
	headerTrace       = "traceparent"
	specVersion       = "1.0"
)

// timeLayout is RFC 3339 with milliseconds, the precision all stages share.
const timeLayout = "2006-01-02T15:04:05.000Z"

// ErrMalformed means that a message is no envelope; it will never become one.
var ErrMalformed = errors.New("malformed event")

// Header is the wire form of the attributes. The map has the type of
// nats.Header and of http.Header.
func (e Envelope) Header() map[string][]string {
	values := [...]string{
		specVersion, e.ID, e.Type, e.Source, e.Time.UTC().Format(timeLayout), e.Tenant,
		e.Causation, e.Correlation, e.Trace, e.Replay, quiet(e.Quiet), e.ContentType,
	}
	header := make(map[string][]string, len(values)+3)
	for i, name := range headerOrder {
		if values[i] != "" {
			header[name] = values[i : i+1 : i+1]
		}
	}
	return header
}

// headerOrder names the values in Header, in its order.
var headerOrder = [...]string{
	headerSpec, headerID, headerType, headerSource, headerTime, headerTenant,
	headerCausation, headerCorrelation, headerTrace, headerReplay, headerQuiet, headerContentType,
}

func quiet(yes bool) string {
	if yes {
		return "true"
	}
	return ""
}

// Decode reads an envelope from a message's headers and body. The error is
// ErrMalformed with what is missing.
func Decode(header map[string][]string, data []byte) (Envelope, error) {
	get := func(name string) string {
		if values := header[name]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	e := Envelope{
		ID: get(headerID), Type: get(headerType), Tenant: get(headerTenant), Source: get(headerSource),
		Causation: get(headerCausation), Correlation: get(headerCorrelation), Trace: get(headerTrace),
		Replay: get(headerReplay), Quiet: get(headerQuiet) == "true", ContentType: get(headerContentType), Data: data,
	}
	for name, value := range map[string]string{headerID: e.ID, headerType: e.Type, headerTenant: e.Tenant, headerSource: e.Source} {
		if value == "" {
			return e, fmt.Errorf("%w: no %s", ErrMalformed, name)
		}
	}
	if got := get(headerSpec); got != specVersion {
		return e, fmt.Errorf("%w: %s %q", ErrMalformed, headerSpec, got)
	}
	at, err := time.Parse(time.RFC3339Nano, get(headerTime))
	if err != nil {
		return e, fmt.Errorf("%w: %s", ErrMalformed, headerTime)
	}
	e.Time = at.UTC()
	return e, nil
}

// MarkReplay makes a copied message known as part of a replay or manual retry;
// without notify, nobody is told again.
func MarkReplay(header map[string][]string, replay string, notify bool) {
	header[headerReplay] = []string{replay}
	delete(header, headerQuiet)
	if !notify {
		header[headerQuiet] = []string{"true"}
	}
}

// RetryPrefix begins the name of every manual retry, which means an event that
// has not completed; any other name is a replay, which means it whatever became of it.
const RetryPrefix = "retry-"

// IsRetry says whether a copied message is a manual retry.
func IsRetry(replay string) bool { return strings.HasPrefix(replay, RetryPrefix) }
