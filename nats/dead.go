package nats

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
)

// Headers of a dead letter, beside those of the message it was.
const (
	headerDeadStream   = "Ukbot-Dead-Stream"
	headerDeadSeq      = "Ukbot-Dead-Sequence"
	headerDeadSubject  = "Ukbot-Dead-Subject"
	headerDeadConsumer = "Ukbot-Dead-Consumer"
	headerDeadError    = "Ukbot-Dead-Error"
	headerDeadTries    = "Ukbot-Dead-Deliveries"
)

// DeadLetter is a message that was given up, whole, with its cause.
type DeadLetter struct {
	Sequence   uint64    `json:"sequence"` // in DEAD
	At         time.Time `json:"at"`
	Stream     string    `json:"stream"` // it came from
	Origin     uint64    `json:"origin_sequence"`
	Subject    string    `json:"subject"`
	Consumer   string    `json:"consumer"`
	Tenant     string    `json:"tenant"`
	EventID    string    `json:"event_id"`
	Error      string    `json:"error"`
	Deliveries int       `json:"deliveries"`

	header natsgo.Header
	data   []byte
}

// reasonMax keeps a cause within one header, in bytes.
const reasonMax = 500

// reason is an error as a header value: one line, bounded.
func reason(err error) string {
	text := strings.ToValidUTF8(strings.Join(strings.Fields(err.Error()), " "), "?")
	if len(text) > reasonMax {
		text = strings.ToValidUTF8(text[:reasonMax], "") + "…"
	}
	return text
}

// buriedMark begins the reason that the server is given when a message ends as
// a dead letter: what it then announces needs no second one.
const buriedMark = "dead letter: "

// deadMessage is the dead letter of a message. Its id is the same however often
// and by whomever it is buried.
func deadMessage(m *Message, cause string) *natsgo.Msg {
	tenant := m.Tenant()
	if tenant == "" {
		tenant = events.DefaultTenant
	}
	id := fmt.Sprintf("dead/%s/%s/%d", m.Stream, m.Consumer, m.Sequence)
	msg := copyOf(m.Header, m.Data, events.DeadSubject(m.Stream, tenant, m.Consumer), id)
	for name, value := range map[string]string{
		headerDeadStream: m.Stream, headerDeadSeq: strconv.FormatUint(m.Sequence, 10), headerDeadSubject: m.Subject,
		headerDeadConsumer: m.Consumer, headerDeadError: cause, headerDeadTries: strconv.Itoa(m.Delivered),
	} {
		msg.Header.Set(name, value)
	}
	return msg
}

// Data is the dead message's body.
func (d DeadLetter) Data() []byte { return d.data }

// Header is the dead message's headers, those of the dead letter included.
func (d DeadLetter) Header() natsgo.Header { return d.header }

// Dead reads one dead letter by its sequence in DEAD.
func Dead(ctx context.Context, js jetstream.JetStream, sequence uint64) (DeadLetter, error) {
	stream, err := js.Stream(ctx, StreamDead)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("stream %s: %w", StreamDead, err)
	}
	raw, err := stream.GetMsg(ctx, sequence)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("dead letter %d: %w", sequence, err)
	}
	return deadLetter(raw.Header, raw.Data, raw.Sequence, raw.Time), nil
}

func deadLetter(header natsgo.Header, data []byte, sequence uint64, at time.Time) DeadLetter {
	d := DeadLetter{
		Sequence: sequence, At: at.UTC(), Stream: header.Get(headerDeadStream), Subject: header.Get(headerDeadSubject),
		Consumer: header.Get(headerDeadConsumer), Error: header.Get(headerDeadError), header: header, data: data,
	}
	d.Origin, _ = strconv.ParseUint(header.Get(headerDeadSeq), 10, 64)
	d.Deliveries, _ = strconv.Atoi(header.Get(headerDeadTries))
	d.Tenant = events.SubjectTenant(d.Subject)
	if e, err := events.Decode(header, data); err == nil {
		d.EventID = e.ID
	}
	return d
}

// DeadLetters reads the dead letters of a tenant (empty: all), oldest first, at
// most limit, from a sequence on.
func DeadLetters(ctx context.Context, js jetstream.JetStream, tenant string, from uint64, limit int) ([]DeadLetter, error) {
	filter := events.DeadSubjects
	if tenant != "" {
		filter = "dead.*." + events.Token(tenant) + ".>"
	}
	letters := []DeadLetter{}
	if limit <= 0 {
		return letters, nil
	}
	err := Read(ctx, js, ReadRange{Stream: StreamDead, Subject: filter, From: from}, func(m *Message) error {
		letters = append(letters, deadLetter(m.Header, m.Data, m.Sequence, m.Stored))
		if len(letters) >= limit {
			return ErrStop
		}
		return nil
	})
	return letters, err
}

// Redrive stores a dead letter's message again where it came from, to be
// handled as a retry named id. The dead letter stays.
func Redrive(ctx context.Context, publisher *Publisher, d DeadLetter, id string) (Ack, error) {
	header := natsgo.Header{}
	for name, values := range d.header {
		if !strings.HasPrefix(name, "Ukbot-Dead-") {
			header[name] = values
		}
	}
	return Replay(ctx, publisher, &Message{Subject: d.Subject, Header: header, Data: d.data, Sequence: d.Origin}, id, true)
}
