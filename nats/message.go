package nats

import (
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
)

// Message is one delivery of a stored message.
type Message struct {
	Subject   string
	Header    natsgo.Header
	Data      []byte
	Stream    string
	Consumer  string
	Sequence  uint64 // in the stream
	Delivered int    // how often it was delivered, this time included; a crash counts
	Stored    time.Time

	msg jetstream.Msg
}

func newMessage(msg jetstream.Msg) (*Message, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, err
	}
	return &Message{
		Subject: msg.Subject(), Header: msg.Headers(), Data: msg.Data(),
		Stream: meta.Stream, Consumer: meta.Consumer, Sequence: meta.Sequence.Stream,
		Delivered: int(meta.NumDelivered), Stored: meta.Timestamp, msg: msg, //nolint:gosec // a small count
	}, nil
}

// Scheduled says that the message is a parked retry come back.
func (m *Message) Scheduled() bool { return m.Header.Get(jetstream.SchedulerHeader) != "" }

// Tenant is the tenant's token of the subject.
func (m *Message) Tenant() string { return events.SubjectTenant(m.Subject) }
