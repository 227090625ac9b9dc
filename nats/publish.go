package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrUnavailable means that the streams cannot store now. The message may be
	// stored all the same if the connection broke after it was sent; the same
	// message id makes trying again safe.
	ErrUnavailable = errors.New("streams not reachable")
	// ErrRefused means that the server refuses this message; another try would end the same.
	ErrRefused = errors.New("stream refused the message")
)

// Ack says where a message is stored.
type Ack struct {
	Stream    string
	Sequence  uint64
	Duplicate bool // it was there already, at Sequence
}

// inFlightMax bounds the publishes that wait for their answer. More means that
// the disk does not keep up: the caller is told so at once.
const inFlightMax = 16_384

// Publisher stores messages. Publish returns when the message is as safe as the
// servers are configured to make it: with the embedded server and sync
// "always" that is on disk. All publishes in flight share one fsync: while one
// runs the next ones gather, so nothing waits on a timer and nothing is batched
// when idle. On a cluster the servers do the like among themselves.
type Publisher struct {
	conn   *Conn
	prefix string // of the reply subjects
	sub    *natsgo.Subscription

	mu      sync.Mutex
	next    uint64
	pending map[uint64]*call
	commits map[string]*committer // by stream; nil where an acknowledgement already means disk
	closed  bool
}

// call is one message on its way.
type call struct {
	ack  Ack
	err  error
	done chan struct{}
}

// NewPublisher makes a publisher on conn. Close it before the connection.
func NewPublisher(conn *Conn) (*Publisher, error) {
	p := &Publisher{conn: conn, prefix: conn.NewInbox() + ".", pending: map[uint64]*call{}}
	if conn.server != nil && conn.server.durable {
		p.commits = map[string]*committer{}
	}
	var err error
	if p.sub, err = conn.Subscribe(p.prefix+"*", p.answered); err != nil {
		return nil, fmt.Errorf("subscribe to acknowledgements: %w", err)
	}
	if err := p.sub.SetPendingLimits(inFlightMax*2, -1); err != nil {
		return nil, err
	}
	go p.watch(conn.StatusChanged(natsgo.DISCONNECTED, natsgo.RECONNECTING, natsgo.CLOSED))
	return p, nil
}

// Publish stores one message under its Nats-Msg-Id, which the caller sets. It
// returns ErrUnavailable or ErrRefused (wrapped), or the error of ctx.
func (p *Publisher) Publish(ctx context.Context, msg *natsgo.Msg) (Ack, error) {
	id, c, err := p.send(msg)
	if err != nil {
		return Ack{}, err
	}
	return p.wait(ctx, id, c)
}

// PublishAll stores messages in their order and waits for all. The errors are
// by index; nil where the message is stored.
func (p *Publisher) PublishAll(ctx context.Context, msgs []*natsgo.Msg) ([]Ack, []error) {
	acks, errs := make([]Ack, len(msgs)), make([]error, len(msgs))
	ids, calls := make([]uint64, len(msgs)), make([]*call, len(msgs))
	for i, msg := range msgs {
		ids[i], calls[i], errs[i] = p.send(msg)
	}
	for i, c := range calls {
		if errs[i] == nil {
			acks[i], errs[i] = p.wait(ctx, ids[i], c)
		}
	}
	return acks, errs
}

func (p *Publisher) send(msg *natsgo.Msg) (uint64, *call, error) {
	c := &call{done: make(chan struct{})}
	p.mu.Lock()
	if p.closed || len(p.pending) >= inFlightMax {
		p.mu.Unlock()
		return 0, nil, fmt.Errorf("%w: %d publishes wait already", ErrUnavailable, inFlightMax)
	}
	p.next++
	id := p.next
	p.pending[id] = c
	p.mu.Unlock()

	msg.Reply = p.prefix + strconv.FormatUint(id, 36)
	if err := p.conn.PublishMsg(msg); err != nil {
		p.take(id)
		return 0, nil, publishError(err)
	}
	return id, c, nil
}

func publishError(err error) error {
	if errors.Is(err, natsgo.ErrMaxPayload) || errors.Is(err, natsgo.ErrBadSubject) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func (p *Publisher) wait(ctx context.Context, id uint64, c *call) (Ack, error) {
	select {
	case <-c.done:
		return c.ack, c.err
	case <-ctx.Done():
		p.take(id)
		return Ack{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// take removes a call from the pending ones; nil if somebody else did.
func (p *Publisher) take(id uint64) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.pending[id]
	delete(p.pending, id)
	return c
}

// answered runs on the subscription's goroutine for every acknowledgement.
func (p *Publisher) answered(msg *natsgo.Msg) {
	id, err := strconv.ParseUint(msg.Subject[len(p.prefix):], 36, 64)
	if err != nil {
		return
	}
	c := p.take(id)
	if c == nil {
		return // given up by its caller
	}
	c.ack, c.err = readAck(msg)
	if c.err != nil || p.commits == nil {
		close(c.done)
		return
	}
	p.commit(c)
}

// readAck reads a publish acknowledgement.
func readAck(msg *natsgo.Msg) (Ack, error) {
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
	case answer.Error == nil:
		return Ack{answer.Stream, answer.Seq, answer.Duplicate}, nil
	case answer.Error.Code == 400:
		return Ack{}, fmt.Errorf("%w: %s", ErrRefused, answer.Error.Description)
	default:
		return Ack{}, fmt.Errorf("%w: %s", ErrUnavailable, answer.Error.Description)
	}
}

// watch fails what waits when the connection breaks: its answers will not come.
func (p *Publisher) watch(broken <-chan natsgo.Status) {
	for status := range broken {
		p.mu.Lock()
		lost := p.pending
		p.pending = map[uint64]*call{}
		p.mu.Unlock()
		for _, c := range lost {
			c.err = fmt.Errorf("%w: connection lost", ErrUnavailable)
			close(c.done)
		}
		if status == natsgo.CLOSED {
			return
		}
	}
}

// Close waits until every publish in flight is answered.
func (p *Publisher) Close() {
	p.mu.Lock()
	p.closed = true
	waiting := make([]*call, 0, len(p.pending))
	for _, c := range p.pending {
		waiting = append(waiting, c)
	}
	p.mu.Unlock()
	for _, c := range waiting {
		<-c.done
	}
	for _, committer := range p.commits {
		committer.stop()
	}
	_ = p.sub.Unsubscribe()
}
