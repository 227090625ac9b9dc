package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
)

// ReadRange is a part of a stream.
type ReadRange struct {
	Stream  string
	Subject string    // filter; empty: all
	From    uint64    // first sequence; 0: the first there is
	To      uint64    // last sequence; 0: the last at the time of the call
	Since   time.Time // instead of From
	Until   time.Time // stored before; zero: no end
}

// ErrStop ends Read from within its callback without an error.
var ErrStop = errors.New("enough")

// Read hands over the stored messages of a range in their order, those there
// are when it is called, without any trace on the stream.
func Read(ctx context.Context, js jetstream.JetStream, r ReadRange, each func(*Message) error) error {
	stream, err := js.Stream(ctx, r.Stream)
	if err != nil {
		return fmt.Errorf("stream %s: %w", r.Stream, err)
	}
	if last := stream.CachedInfo().State.LastSeq; r.To == 0 || r.To > last {
		r.To = last
	}
	next := uint64(0) // after the last one handed over
	for stalls := 1; ; stalls++ {
		before := next
		stalled, err := r.pass(ctx, js, stream, &next, each)
		if !stalled || err != nil {
			return err
		}
		if next != before {
			stalls = 0
		}
		if stalls == readStalls {
			return fmt.Errorf("read stream %s: the server hands nothing over after message %d, though there is more up to %d", r.Stream, max(next, 1)-1, r.To)
		}
	}
}

// pass reads on from *next, which it advances, and says whether the server fell
// silent although there is more: its consumer lives on one node of a cluster,
// and does not always survive that.
func (r ReadRange) pass(ctx context.Context, js jetstream.JetStream, stream jetstream.Stream, next *uint64, each func(*Message) error) (stalled bool, err error) {
	consumer, err := js.OrderedConsumer(ctx, r.Stream, r.config(*next))
	if err != nil {
		return false, fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	defer r.forget(ctx, stream, consumer)
	if consumer.CachedInfo().NumPending == 0 {
		return false, nil
	}
	iter, err := consumer.Messages()
	if err != nil {
		return false, fmt.Errorf("read stream %s: %w", r.Stream, err)
	}
	defer iter.Stop()
	for {
		msg, err := iter.Next(jetstream.NextMaxWait(readSilence))
		switch {
		case errors.Is(err, natsgo.ErrTimeout) && ctx.Err() == nil:
			// Nothing for a while: what was counted may be purged by now.
			info, err := consumer.Info(ctx)
			return err != nil || info.NumPending > 0, ctx.Err()
		case err != nil:
			return false, fmt.Errorf("read stream %s: %w", r.Stream, cmp.Or(ctx.Err(), err))
		}
		done, sequence, err := r.hand(msg, each)
		if done || err != nil {
			return false, err
		}
		*next = sequence + 1
		if ctx.Err() != nil {
			return false, fmt.Errorf("read stream %s: %w", r.Stream, ctx.Err())
		}
	}
}

const (
	// readStalls is how often in a row a read that fell silent is begun anew.
	readStalls = 5
	// readSilence is how long a read waits for its next message before it asks
	// whether there still is one.
	readSilence = 2 * time.Second
)

// forget removes the server's side of a read, which would stay for minutes.
func (r ReadRange) forget(ctx context.Context, stream jetstream.Stream, consumer jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readSilence)
	defer cancel()
	_ = stream.DeleteConsumer(ctx, consumer.CachedInfo().Name) // the server removes it anyway, later
}

func (r ReadRange) config(next uint64) jetstream.OrderedConsumerConfig {
	cfg := jetstream.OrderedConsumerConfig{}
	if r.Subject != "" {
		cfg.FilterSubjects = []string{r.Subject}
	}
	switch {
	case next > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, next
	case !r.Since.IsZero():
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &r.Since
	case r.From > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, r.From
	}
	return cfg
}

// hand gives one message to the callback and says whether it was the last.
func (r ReadRange) hand(msg jetstream.Msg, each func(*Message) error) (done bool, sequence uint64, err error) {
	m, following, err := readMessage(msg)
	if err != nil {
		return true, 0, err
	}
	if m.Sequence > r.To || !r.Until.IsZero() && !m.Stored.Before(r.Until) {
		return true, m.Sequence, nil
	}
	if err := each(m); errors.Is(err, ErrStop) {
		return true, m.Sequence, nil
	} else if err != nil {
		return true, m.Sequence, err
	}
	return m.Sequence == r.To || following == 0, m.Sequence, nil
}

// Replay stores a message again as its own copy, named by the replay: handlers
// run again, and people are told again only if notify says so.
func Replay(ctx context.Context, publisher *Publisher, m *Message, replay string, notify bool) (Ack, error) {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return Ack{}, err
	}
	return publisher.Publish(ctx, ReplayMessage(m, e, replay, notify))
}

// ReplayMessage is the copy that Replay stores.
func ReplayMessage(m *Message, e events.Envelope, replay string, notify bool) *natsgo.Msg {
	msg := copyOf(m.Header, m.Data, m.Subject, "replay/"+replay+"/"+events.MessageID(e.Tenant, e.Source, e.ID))
	events.MarkReplay(msg.Header, replay, notify)
	return msg
}
