package nats

import (
	"fmt"
	"sync/atomic"
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

	delivery *delivery // nil for a message that was only read
}

// delivery is the way back to the server: a message is answered once.
type delivery struct {
	conn     *natsgo.Conn
	reply    string
	answered atomic.Bool
}

// Answers to a delivery, as JetStream spells them.
const (
	answerAck      = "+ACK"
	answerNak      = "-NAK"
	answerTerm     = "+TERM"
	answerProgress = "+WPI"
)

// delivered is a message that a pull brought.
func delivered(msg *natsgo.Msg, conn *natsgo.Conn) (*Message, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, err
	}
	return &Message{
		Subject: msg.Subject, Header: msg.Header, Data: msg.Data,
		Stream: meta.Stream, Consumer: meta.Consumer, Sequence: meta.Sequence.Stream,
		Delivered: int(meta.NumDelivered), Stored: meta.Timestamp,
		delivery: &delivery{conn: conn, reply: msg.Reply},
	}, nil
}

// readMessage is a message that needs no answer, and how many of its range follow.
func readMessage(msg jetstream.Msg) (m *Message, following uint64, err error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, 0, err
	}
	return &Message{
		Subject: msg.Subject(), Header: msg.Headers(), Data: msg.Data(),
		Stream: meta.Stream, Consumer: meta.Consumer, Sequence: meta.Sequence.Stream,
		Delivered: int(meta.NumDelivered), Stored: meta.Timestamp,
	}, meta.NumPending, nil
}

// ack says that the message is done. A lost answer means one more delivery of
// what is done, here and below: nobody waits for the server's word.
func (m *Message) ack() { m.answer(answerAck) }

// nak asks for the message again at once.
func (m *Message) nak() { m.answer(answerNak) }

// nakAfter asks for the message again after delay.
func (m *Message) nakAfter(delay time.Duration) {
	m.answer(fmt.Sprintf(`%s {"delay": %d}`, answerNak, max(delay, 0).Nanoseconds()))
}

// term says that the message must not be delivered again.
func (m *Message) term(reason string) { m.answer(answerTerm + " " + reason) }

func (m *Message) answer(text string) {
	if !m.delivery.answered.Swap(true) {
		_ = m.delivery.conn.Publish(m.delivery.reply, []byte(text))
	}
}

// beat says that the message is still being worked on.
func (m *Message) beat() {
	if !m.delivery.answered.Load() {
		_ = m.delivery.conn.Publish(m.delivery.reply, []byte(answerProgress))
	}
}

// Scheduled says that the message is a parked retry come back.
func (m *Message) Scheduled() bool { return m.Header.Get(jetstream.SchedulerHeader) != "" }

// Tenant is the tenant's token of the subject.
func (m *Message) Tenant() string { return events.SubjectTenant(m.Subject) }
