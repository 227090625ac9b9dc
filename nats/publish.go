package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

var (
	// ErrUnavailable means that the streams cannot store now. The message may be
	// stored all the same if the connection broke after it was sent; the same
	// message id makes trying again safe.
	ErrUnavailable = errors.New("streams not reachable")
	// ErrRefused means that the server refuses this message; another try would end the same.
	ErrRefused = errors.New("stream refused the message")
)

// inFlightMax bounds the publishes that wait for their answer. More means that
// the disk does not keep up: the caller is told so at once.
const inFlightMax = 16_384

// Publisher stores messages. Publish returns when the message is as safe as the
// servers are configured to make it: with the embedded server and sync
// "always" that is on disk. All publishes in flight share one fsync: while one
// runs the next ones gather, so nothing waits on a timer and nothing is batched
// when idle. On a cluster the servers do the like among themselves.
type Publisher struct {
	conn    *Conn
	prefix  string // of the reply subjects
	sub     *natsgo.Subscription
	commits *commits // nil where an acknowledgement already means what it should
	status  chan natsgo.Status
	watch   sync.WaitGroup
	calls   sync.Pool
	names   map[string]string // of streams; the subscription's goroutine alone uses it

	mu      sync.Mutex
	next    uint64
	pending map[uint64]*call
	closed  bool
	callers sync.WaitGroup
}

// call is one message on its way. Whoever takes it out of pending ends it.
type call struct {
	ack   Ack
	err   error
	dials uint64        // of the connection when it was sent
	done  chan struct{} // holds one token when it is answered
}

// NewPublisher makes a publisher on conn. Close it before the connection.
func NewPublisher(conn *Conn) (*Publisher, error) {
	p := &Publisher{
		conn: conn, prefix: conn.NewInbox() + ".", pending: map[uint64]*call{}, names: map[string]string{},
		calls: sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }},
	}
	if conn.server != nil && conn.server.durable {
		p.commits = &commits{dir: conn.server.blocksDir, streams: map[string]*committer{}}
	}
	var err error
	if p.sub, err = conn.Subscribe(p.prefix+"*", p.answered); err != nil {
		return nil, fmt.Errorf("subscribe to acknowledgements: %w", err)
	}
	if err := p.sub.SetPendingLimits(inFlightMax*2, -1); err != nil {
		return nil, err
	}
	p.status = conn.StatusChanged(natsgo.CONNECTED, natsgo.DISCONNECTED, natsgo.RECONNECTING, natsgo.CLOSED)
	p.watch.Go(func() {
		for range p.status {
			p.failLost()
		}
	})
	return p, nil
}

// Publish stores one message under its Nats-Msg-Id, which the caller sets. The
// error is ErrUnavailable or ErrRefused, wrapped with its cause, which may be
// that of ctx. It sets msg.Reply; nothing of msg is used after it returns.
func (p *Publisher) Publish(ctx context.Context, msg *natsgo.Msg) (Ack, error) {
	for {
		id, c, err := p.send(msg)
		if err != nil {
			return Ack{}, err
		}
		ack, err := p.await(ctx, id, c)
		if !errors.Is(err, errTwin) || ctx.Err() != nil {
			return ack, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(twinPause):
		}
	}
}

// PublishAll stores messages in their order and waits for all. The errors are
// by index; nil where the message is stored. Where the connection breaks, none
// of the rest is sent over the next one: it could be stored before what was
// lost and comes again. See Publish.
func (p *Publisher) PublishAll(ctx context.Context, msgs []*natsgo.Msg) ([]Ack, []error) {
	acks, errs := make([]Ack, len(msgs)), make([]error, len(msgs))
	ids, calls := make([]uint64, len(msgs)), make([]*call, len(msgs))
	var broken error
	for i, dials := 0, p.conn.dials.Load(); i < len(msgs); i++ {
		if errs[i] = broken; broken != nil {
			continue
		}
		if ids[i], calls[i], errs[i] = p.over(dials, msgs[i]); errors.Is(errs[i], ErrUnavailable) {
			broken = errs[i]
		}
	}
	for i, c := range calls {
		if errs[i] == nil {
			acks[i], errs[i] = p.await(ctx, ids[i], c)
		}
		if errors.Is(errs[i], errTwin) {
			acks[i], errs[i] = p.Publish(ctx, msgs[i])
		}
	}
	return acks, errs
}

// over sends a message over the connection that had begun with so many dials, and
// over no other. Whoever dials counts first and looks then whether a message is
// being handed over, here it is the other way round: one of the two sees the other.
func (p *Publisher) over(dials uint64, msg *natsgo.Msg) (uint64, *call, error) {
	p.conn.handing.Add(1)
	defer p.conn.handing.Add(-1)
	if p.conn.dials.Load() != dials {
		return 0, nil, fmt.Errorf("%w: the connection broke", ErrUnavailable)
	}
	return p.send(msg)
}

// twinPause is the wait for a message of the same id that a cluster is storing
// at this moment; when that is done the server can say where.
const twinPause = 10 * time.Millisecond

// send sends a message; await must follow unless it fails.
func (p *Publisher) send(msg *natsgo.Msg) (uint64, *call, error) {
	c, _ := p.calls.Get().(*call)
	c.ack, c.err, c.dials = Ack{}, nil, p.conn.dials.Load()
	id, err := p.enter(c)
	if err != nil {
		p.calls.Put(c)
		return 0, nil, err
	}
	msg.Reply = p.prefix + strconv.FormatUint(id, 36)
	if err := p.conn.PublishMsg(msg); err != nil {
		p.leave(id, c)
		return 0, nil, publishError(err)
	}
	return id, c, nil
}

func (p *Publisher) enter(c *call) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return 0, fmt.Errorf("%w: the publisher is closed", ErrUnavailable)
	case len(p.pending) >= inFlightMax:
		return 0, fmt.Errorf("%w: %d publishes wait already", ErrUnavailable, inFlightMax)
	}
	p.next++
	p.pending[p.next] = c
	p.callers.Add(1)
	return p.next, nil
}

// leave gives a call up before its answer.
func (p *Publisher) leave(id uint64, c *call) {
	if p.take(id) != nil { // else its answer is being written and c is not free
		p.calls.Put(c)
	}
	p.callers.Done()
}

func publishError(err error) error {
	if errors.Is(err, natsgo.ErrMaxPayload) || errors.Is(err, natsgo.ErrBadSubject) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// wait waits for the answer of a call, or ctx.
func (p *Publisher) wait(ctx context.Context, id uint64, c *call) (Ack, error) {
	select {
	case <-c.done:
		ack, err := c.ack, c.err
		p.calls.Put(c)
		p.callers.Done()
		return ack, err
	case <-ctx.Done():
		p.leave(id, c)
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
	if c.ack, c.err = readAck(msg, p.names); c.err == nil && p.commits != nil {
		p.commits.add(c)
		return
	}
	c.done <- struct{}{}
}

// failLost fails the calls whose answer cannot come because their connection
// is gone. Status events arrive late, so they only say that it is time to look:
// a call that was sent over a newer connection must not fail.
func (p *Publisher) failLost() {
	p.mu.Lock()
	last := p.next // later calls are none of those that were lost
	p.mu.Unlock()
	alive := p.conn.dials.Load()
	if !p.conn.IsConnected() {
		alive++ // the newest connection is gone too, or never was
	}
	p.mu.Lock()
	var lost []*call
	for id, c := range p.pending {
		if id <= last && c.dials < alive {
			lost = append(lost, c)
			delete(p.pending, id)
		}
	}
	p.mu.Unlock()
	for _, c := range lost {
		c.err = fmt.Errorf("%w: connection lost", ErrUnavailable)
		c.done <- struct{}{}
	}
}

// Close waits until every publish in flight is answered; later ones fail.
func (p *Publisher) Close() {
	p.mu.Lock()
	again := p.closed
	p.closed = true
	p.mu.Unlock()
	p.callers.Wait()
	if again {
		return
	}
	_ = p.sub.Unsubscribe()
	p.commits.stop()
	p.conn.RemoveStatusListener(p.status)
	p.watch.Wait()
}
