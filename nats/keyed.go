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
	queues map[string][]*Message // a key is present while its goroutine runs
	wg     sync.WaitGroup
}

// NewKeyedConsumer prepares a consumer that keeps order per key.
func NewKeyedConsumer(conn *Conn, publisher *Publisher, cfg ConsumeConfig, key func(*Message) string, handle KeyedHandler) *KeyedConsumer {
	cfg.defaults()
	box := newInbox(cfg.Batch)
	return &KeyedConsumer{
		cfg: cfg, key: key, handle: handle, inbox: box, queues: map[string][]*Message{},
		pull: cfg.puller(conn, box), settler: cfg.settler(publisher, box),
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
	stopBeats()
	beats.Wait()
	return nil
}

// enqueue puts a message behind those of its key, by its place in the stream:
// what another client left behind at its end comes again later than newer messages.
func (c *KeyedConsumer) enqueue(ctx context.Context, m *Message) {
	key := c.key(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	queue, running := c.queues[key]
	for _, waiting := range queue {
		if waiting.Sequence == m.Sequence { // delivered again while it waits here
			c.inbox.done(m)
			return
		}
	}
	queue = append(queue, m)
	if running && len(queue) > 2 { // the first is in hand
		slices.SortFunc(queue[1:], func(a, b *Message) int { return cmp.Compare(a.Sequence, b.Sequence) })
	}
	c.queues[key] = queue
	if !running {
		c.wg.Go(func() { c.drain(ctx, key) })
	}
}

// drain handles the messages of one key in their order until there are none.
// The first of the queue is the one in hand.
func (c *KeyedConsumer) drain(ctx context.Context, key string) {
	for {
		c.mu.Lock()
		queue := c.queues[key]
		if len(queue) == 0 {
			delete(c.queues, key)
			c.mu.Unlock()
			return
		}
		m := queue[0]
		c.mu.Unlock()
		c.finish(ctx, m)
		c.mu.Lock()
		c.queues[key] = c.queues[key][1:]
		c.mu.Unlock()
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
