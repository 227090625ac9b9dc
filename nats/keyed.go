package nats

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// KeyedHandler handles one message; attempt counts from 1 while the message
// stays in hand. Permanent ends it; any other error keeps it, and all of its
// key behind it, for RetryAfter's delay or a growing pause. Hold is no attempt.
type KeyedHandler func(ctx context.Context, m *Message, attempt int) error

// Pauses between attempts in hand.
const (
	keyedFirst = time.Second
	keyedMax   = time.Minute
)

// KeyedConsumer works a durable consumer one message at a time per key, all
// keys at once: a key that must wait holds nobody else up. The consumer's
// MaxAckPending bounds what is in memory.
type KeyedConsumer struct {
	cfg    ConsumeConfig
	key    func(*Message) string
	handle KeyedHandler
	settler
	pull  *puller
	inbox *inbox

	mu     sync.Mutex
	queues map[string]*queue // a key is present while its goroutine runs
	wg     sync.WaitGroup
}

// queue is the messages of one key, by their place in the stream.
type queue struct {
	inHand  *Message // nil: none
	waiting []*Message
}

// NewKeyedConsumer prepares a consumer that keeps order per key.
func NewKeyedConsumer(conn *Conn, publisher *Publisher, cfg ConsumeConfig, key func(*Message) string, handle KeyedHandler) *KeyedConsumer {
	cfg.defaults()
	box := newInbox(cfg.Batch)
	pull := cfg.puller(conn, box)
	pull.turn = &turn{}
	return &KeyedConsumer{
		cfg: cfg, key: key, handle: handle, inbox: box, queues: map[string]*queue{},
		pull: pull, settler: cfg.settler(publisher, box),
	}
}

// Run consumes until ctx ends; then it finishes what is being handled, gives
// the rest back and returns.
func (c *KeyedConsumer) Run(ctx context.Context) error {
	beating, stopBeats := context.WithCancel(context.WithoutCancel(ctx))
	var beats sync.WaitGroup
	beats.Go(func() { c.inbox.beat(beating, c.cfg.beatEvery()) })
	c.wg.Go(func() { c.pull.run(ctx) })
	for {
		batch := c.inbox.take(c.cfg.Batch)
		if len(batch) == 0 {
			break
		}
		for _, m := range batch {
			c.enqueue(ctx, m)
		}
	}
	c.wg.Wait()
	c.pull.unpin()
	stopBeats()
	beats.Wait()
	return nil
}

// enqueue puts a message behind those of its key, by its place in the stream:
// what another client left behind comes again later than newer messages.
func (c *KeyedConsumer) enqueue(ctx context.Context, m *Message) {
	key := c.key(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	q, running := c.queues[key]
	if !running {
		q = &queue{}
		c.queues[key] = q
	}
	place, again := slices.BinarySearchFunc(q.waiting, m.Sequence, bySequence)
	if again || q.inHand != nil && q.inHand.Sequence == m.Sequence { // delivered again while it is here
		c.inbox.done(m)
		return
	}
	q.waiting = slices.Insert(q.waiting, place, m)
	if !running {
		c.wg.Go(func() { c.drain(ctx, key, q) })
	}
}

func bySequence(m *Message, sequence uint64) int { return cmp.Compare(m.Sequence, sequence) }

// drain handles the messages of one key in their order until there are none.
func (c *KeyedConsumer) drain(ctx context.Context, key string, q *queue) {
	for {
		c.pull.turn.wait(ctx)
		c.mu.Lock()
		if q.inHand = nil; len(q.waiting) == 0 {
			delete(c.queues, key)
			c.mu.Unlock()
			return
		}
		m := q.waiting[0]
		q.inHand, q.waiting = m, q.waiting[1:]
		c.mu.Unlock()
		c.finish(ctx, m)
	}
}

// finish handles one message until it is answered.
func (c *KeyedConsumer) finish(ctx context.Context, m *Message) {
	log := c.cfg.Log.With().Uint64("seq", m.Sequence).Str("tenant", m.Tenant()).Logger()
	for attempt, hold := 1, holdFirst; ; {
		if ctx.Err() != nil {
			c.inbox.giveBack(m)
			return
		}
		err := c.try(ctx, m, attempt)
		if err == nil || IsPermanent(err) {
			c.settle([]*Message{m}, []error{err})
			c.inbox.done(m)
			return
		}
		if ctx.Err() != nil {
			continue // a stop interrupted it: given back, and no failure
		}
		pause := keyedPause(err, attempt)
		log.WithLevel(keyedLevel(attempt)).Err(err).Int("attempt", attempt).Dur("retry_in_ms", pause).Msg("message failed, kept for another attempt")
		if isHold(err) {
			pause, hold = hold, min(hold*2, holdMax)
		} else {
			attempt++
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// keyedLevel lets an outage be seen once per message, not once per attempt.
func keyedLevel(attempt int) zerolog.Level {
	if attempt == 1 {
		return zerolog.WarnLevel
	}
	return zerolog.DebugLevel
}

func keyedPause(err error, attempt int) time.Duration {
	if delay, given := RetryDelay(err); given {
		return delay
	}
	return min(keyedFirst<<min(attempt-1, 10), keyedMax)
}

func (c *KeyedConsumer) try(ctx context.Context, m *Message, attempt int) (err error) {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.Timeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = Permanent(panicError(cause))
		}
	}()
	return c.handle(work, m, attempt)
}
