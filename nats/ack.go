package nats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Ack says where a message is stored.
type Ack struct {
	Stream    string
	Sequence  uint64
	Duplicate bool // it was there already, at Sequence
}

// errTwin means that another message of the same id is being stored right now.
var errTwin = errors.New("a message of the same id is in process")

// Codes of JetStream's errors that decide.
const (
	codeBadRequest  = 400
	errCodeNoPeers  = 10005 // a cluster has fewer servers at this moment than replicas are wanted
	errCodeInFlight = 10158 // replicated streams: the same message id is in process
)

// readAck reads a publish acknowledgement. names keeps the names of streams,
// which are few, so that each is made once.
func readAck(msg *natsgo.Msg, names map[string]string) (Ack, error) {
	if ack, ok := plainAck(msg.Data, names); ok {
		return ack, nil
	}
	if msg.Header.Get("Status") == "503" { // no stream listens on the subject
		return Ack{}, fmt.Errorf("%w: no stream takes it", ErrUnavailable)
	}
	var answer struct {
		Error     *jetstream.APIError `json:"error"`
		Stream    string              `json:"stream"`
		Seq       uint64              `json:"seq"`
		Duplicate bool                `json:"duplicate"`
	}
	if err := json.Unmarshal(msg.Data, &answer); err != nil {
		return Ack{}, fmt.Errorf("%w: acknowledgement: %w", ErrUnavailable, err)
	}
	switch {
	case answer.Error == nil && answer.Seq > 0:
		return Ack{answer.Stream, answer.Seq, answer.Duplicate}, nil
	case answer.Error == nil:
		return Ack{}, fmt.Errorf("%w: acknowledgement without a sequence", ErrUnavailable)
	case answer.Error.ErrorCode == errCodeInFlight:
		return Ack{}, fmt.Errorf("%w: %w", ErrUnavailable, errTwin)
	case answer.Error.Code == codeBadRequest:
		return Ack{}, fmt.Errorf("%w: %s", ErrRefused, answer.Error.Description)
	default:
		return Ack{}, fmt.Errorf("%w: %s", ErrUnavailable, answer.Error.Description)
	}
}

// plainAck reads the two forms that nearly all acknowledgements have, in a
// tenth of the time; everything else is not ok:
//
//	{"stream":"WEBHOOKS","seq":17}
//	{"stream":"WEBHOOKS","seq":17,"duplicate": true}
func plainAck(data []byte, names map[string]string) (ack Ack, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte(`{"stream":"`))
	if !ok {
		return Ack{}, false
	}
	name, rest, ok := bytes.Cut(rest, []byte(`","seq":`))
	if !ok || bytes.ContainsAny(name, `"\`) {
		return Ack{}, false
	}
	digits := 0
	for ; digits < len(rest) && digits < 19 && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
		ack.Sequence = ack.Sequence*10 + uint64(rest[digits]-'0')
	}
	switch string(rest[digits:]) {
	case `}`:
	case `,"duplicate": true}`:
		ack.Duplicate = true
	default:
		return Ack{}, false
	}
	stream, known := names[string(name)]
	if !known {
		stream = string(name)
		names[stream] = stream
	}
	ack.Stream = stream
	return ack, digits > 0 && ack.Sequence > 0
}
