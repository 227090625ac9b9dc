package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// advisory is what the server says of a message that a consumer gave up, by
// deliveries (MAX_DELIVERIES) or by somebody's word (MSG_TERMINATED).
type advisory struct {
	Type       string `json:"type"`
	Stream     string `json:"stream"`
	Consumer   string `json:"consumer"`
	StreamSeq  uint64 `json:"stream_seq"`
	Deliveries int    `json:"deliveries"`
	Reason     string `json:"reason"`
}

// NewDeadNet prepares the net under the dead letters: a consumer of the
// server's own word that a message was given up. It buries what no consumer of
// ours has buried, so that nothing vanishes because somebody set max_deliver
// or terminated a message by hand. cfg.Spec is set here.
func NewDeadNet(conn *Conn, publisher *Publisher, cfg ConsumeConfig) *Consumer {
	for _, spec := range Consumers {
		if spec.Config.Durable == DurableNet {
			cfg.Spec = spec
		}
	}
	net := &deadNet{conn: conn, publisher: publisher}
	return NewConsumer(conn, publisher, cfg, net.handle)
}

type deadNet struct {
	conn      *Conn
	publisher *Publisher
}

func (n *deadNet) handle(ctx context.Context, batch []*Message) []error {
	errs := make([]error, len(batch))
	for i, m := range batch {
		errs[i] = n.bury(ctx, m)
	}
	return errs
}

// bury makes a dead letter of the message that an advisory is about.
func (n *deadNet) bury(ctx context.Context, m *Message) error {
	var a advisory
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return Permanent(fmt.Errorf("advisory: %w", err))
	}
	if strings.HasPrefix(a.Reason, buriedMark) || a.Stream == StreamAdvisories || a.Stream == "" {
		return nil // buried already; and what goes wrong here must not go in circles
	}
	stream, err := n.conn.JS.Stream(ctx, a.Stream)
	if err != nil {
		return aboutAdvisory(err)
	}
	raw, err := stream.GetMsg(ctx, a.StreamSeq)
	if err != nil {
		return aboutAdvisory(err)
	}
	_, err = n.publisher.Publish(ctx, deadMessage(&Message{
		Subject: raw.Subject, Header: raw.Header, Data: raw.Data,
		Stream: a.Stream, Consumer: a.Consumer, Sequence: a.StreamSeq, Delivered: a.Deliveries,
	}, a.cause()))
	if err != nil {
		return Hold(err)
	}
	return nil
}

// aboutAdvisory says what to do about a message that cannot be read: there is
// nothing to bury where it is gone, else the servers are away.
func aboutAdvisory(err error) error {
	gone := errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
	if gone {
		return Permanent(fmt.Errorf("the message given up is gone: %w", err))
	}
	return Hold(err)
}

func (a advisory) cause() string {
	if strings.HasSuffix(a.Type, ".max_deliver") {
		return fmt.Sprintf("given up by the server after %d deliveries", a.Deliveries)
	}
	return "terminated: " + reason(errors.New(a.Reason))
}
