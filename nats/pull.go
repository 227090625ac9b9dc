package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// puller turns a durable consumer into an inbox of messages. It outlives lost
// connections, deleted consumers and consumers that fall silent.
//
// It asks for exactly what the inbox has room for and puts every message there
// at once. The client library's iterators prefetch into a buffer of their own,
// where nothing tells the server that a message is still wanted: behind a slow
// batch it would be delivered a second time.
type puller struct {
	conn   *Conn
	spec   ConsumerSpec
	inbox  *inbox
	meter  *Metrics
	log    zerolog.Logger
	period time.Duration // of the watchdog

	floor uint64                 // all up to it is answered, by the server's last word
	pin   atomic.Pointer[string] // this client's turn at a lane; nil: none
	turn  *turn                  // nil where order does not matter
	tasks sync.WaitGroup         // beside a session: watchdog, waiting for the turn
}

// Waits of a puller.
const (
	pullExpiry    = 5 * time.Second // below the PinnedTTL of the lanes
	pullHeartbeat = time.Second
	pullSilence   = 3 * pullHeartbeat // without any sign the request is lost
	pullTick      = 500 * time.Millisecond
	pullPause     = 500 * time.Millisecond
	watchPeriod   = 10 * time.Second
)

// run pulls until ctx ends. What was asked for and still comes then goes back
// at once instead of after AckWait.
func (p *puller) run(ctx context.Context) {
	defer p.inbox.close()
	for ctx.Err() == nil {
		err := p.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && p.conn.IsConnected() {
			p.log.Warn().Err(err).Msg("pulling interrupted, starting again")
		}
		p.meter.restarts.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Inc()
		select {
		case <-ctx.Done():
		case <-time.After(pullPause):
		}
	}
}

// session pulls over one subscription until that breaks or the watchdog barks.
func (p *puller) session(ctx context.Context) error {
	consumer, err := p.consumer(ctx)
	if err != nil {
		return err
	}
	p.observe(consumer.CachedInfo())
	inbox := p.conn.NewInbox()
	sub, err := p.conn.SubscribeSync(inbox + ".*")
	if err != nil {
		return fmt.Errorf("subscribe to deliveries: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	session, end := context.WithCancel(ctx)
	defer p.tasks.Wait()
	defer end()
	p.tasks.Go(func() { p.watch(session, consumer, end) })
	p.takeTurn(session, consumer)
	// Draining takes the request back and lets through what is on its way.
	defer context.AfterFunc(session, func() { _ = sub.Drain() })()
	return p.pump(session, sub, inbox, consumer)
}

// pump asks and receives until ctx ends or something breaks.
func (p *puller) pump(ctx context.Context, sub *natsgo.Subscription, inbox string, consumer jetstream.Consumer) error {
	for n := 1; ; n++ {
		messages, bytes := p.inbox.room(ctx)
		if messages == 0 {
			return p.receive(ctx, sub, consumer, "", 1) // the rest of a drained subscription
		}
		reply := inbox + "." + strconv.Itoa(n)
		if err := p.request(reply, messages, bytes); err != nil {
			return err
		}
		if err := p.receive(ctx, sub, consumer, reply, messages); err != nil {
			return err
		}
	}
}

// pullRequest is JetStream's request for messages; durations are nanoseconds.
type pullRequest struct {
	Expires   time.Duration `json:"expires"`
	Batch     int           `json:"batch"`
	MaxBytes  int           `json:"max_bytes"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
	Group     string        `json:"group,omitempty"`
	Pin       string        `json:"id,omitempty"`
}

func (p *puller) request(reply string, messages, bytes int) error {
	r := pullRequest{Expires: pullExpiry, Batch: messages, MaxBytes: bytes, Heartbeat: pullHeartbeat}
	if groups := p.spec.Config.PriorityGroups; len(groups) > 0 {
		r.Group = groups[0]
		if pin := p.pin.Load(); pin != nil {
			r.Pin = *pin
		}
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	subject := "$JS.API.CONSUMER.MSG.NEXT." + p.spec.Stream + "." + p.spec.Config.Durable
	if err := p.conn.PublishRequest(subject, reply, body); err != nil {
		return fmt.Errorf("ask for messages: %w", err)
	}
	return nil
}

// receive takes messages in until `want` came or the request is over. When ctx
// has ended they go back, until the drained subscription is empty.
func (p *puller) receive(ctx context.Context, sub *natsgo.Subscription, consumer jetstream.Consumer, reply string, want int) error {
	dials, heard := p.conn.dials.Load(), time.Now()
	for want > 0 {
		msg, err := sub.NextMsg(pullTick)
		lost := p.conn.dials.Load() != dials || time.Since(heard) > pullSilence
		switch {
		case errors.Is(err, natsgo.ErrTimeout) && ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, natsgo.ErrTimeout) && lost:
			return nil // the request went down with its connection: ask again
		case errors.Is(err, natsgo.ErrTimeout):
			continue
		case err != nil:
			return err
		}
		heard = time.Now()
		if msg.Reply == "" { // no message, the server's word about a request
			if over, err := p.status(msg, reply); over || err != nil {
				return err
			}
			continue
		}
		if err := p.deliver(ctx, consumer, msg); err != nil {
			return err
		}
		if ctx.Err() == nil {
			want--
		}
	}
	return nil
}

func (p *puller) deliver(ctx context.Context, consumer jetstream.Consumer, msg *natsgo.Msg) error {
	m, err := delivered(msg, p.conn.Conn)
	if err != nil {
		return err
	}
	if pin := msg.Header.Get("Nats-Pin-Id"); pin != "" {
		if old := p.pin.Swap(&pin); old == nil || *old != pin {
			p.takeTurn(ctx, consumer)
		}
	}
	if stopping := ctx.Err() != nil; stopping {
		m.nak()
	} else {
		p.inbox.put(m)
	}
	return nil
}

// status says whether the server ended the request named reply, and with what trouble.
func (p *puller) status(msg *natsgo.Msg, reply string) (over bool, err error) {
	code, text := msg.Header.Get("Status"), msg.Header.Get("Description")
	switch {
	case code == "100" || msg.Subject != reply: // a heartbeat, or about a request given up
		return false, nil
	case code == "404" || code == "408" || code == "409" && text == "Batch Completed":
		return true, nil
	case code == "423": // another client has the lane's turn by now
		p.pin.Store(nil)
		return true, nil
	default:
		return true, fmt.Errorf("pull: %s %s", code, text)
	}
}

// consumer finds the durable, or makes it: somebody may have deleted it. It
// then goes on behind what was answered, or it would hand out the whole stream again.
func (p *puller) consumer(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, pullExpiry)
	defer cancel()
	consumer, err := p.conn.JS.Consumer(ctx, p.spec.Stream, p.spec.Config.Durable)
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return consumer, err
	}
	cfg := p.spec.Config
	if p.floor > 0 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, p.floor+1
	}
	return p.conn.JS.CreateOrUpdateConsumer(ctx, p.spec.Stream, cfg)
}
