package nats

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// ConsumeConfig is one durable consumer and how it is worked.
type ConsumeConfig struct {
	Spec    ConsumerSpec
	Batch   int           // messages handed over at most at once; default 256
	Workers int           // batches handled at the same time; default 1
	Timeout time.Duration // for one batch; default 30 s
	Metrics *Metrics
	Log     zerolog.Logger
}

// Handler handles a batch and says of each message, by index, what became of
// it (see Permanent, RetryAfter, Hold); nil for the whole batch is success.
type Handler func(ctx context.Context, batch []*Message) []error

// Pauses between tries of a batch whose dependency is away.
const (
	holdFirst = 100 * time.Millisecond
	holdMax   = 2 * time.Second
)

// beatEvery is how often a message in hand is reported as in progress.
const beatEvery = AckWait / 3

// Consumer works one durable consumer in batches.
type Consumer struct {
	cfg    ConsumeConfig
	handle Handler
	settler
	inbox *inbox
}

// NewConsumer prepares a consumer. Dead letters and parked retries go through publisher.
func NewConsumer(conn *Conn, publisher *Publisher, cfg ConsumeConfig, handle Handler) *Consumer {
	cfg.defaults()
	box := newInbox(cfg.Batch)
	return &Consumer{
		cfg: cfg, handle: handle, inbox: box,
		settler: settler{conn: conn, publisher: publisher, parked: &box.parked, meter: cfg.Metrics, log: cfg.Log},
	}
}

func (cfg *ConsumeConfig) defaults() {
	if cfg.Batch == 0 {
		cfg.Batch = 256
	}
	if cfg.Workers == 0 {
		cfg.Workers = 1
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	cfg.Log = cfg.Log.With().Str("component", "consumer").Str("consumer", cfg.Spec.Config.Durable).Logger()
}

// Run consumes until ctx ends; then it takes nothing new, finishes the batches
// in hand within their own deadline, gives the rest back and returns.
func (c *Consumer) Run(ctx context.Context) error {
	pull := &puller{
		conn: c.conn, spec: c.cfg.Spec, batch: c.cfg.Batch, inbox: c.inbox, meter: c.meter, log: c.cfg.Log,
	}
	var wg sync.WaitGroup
	wg.Go(func() { pull.run(ctx) })
	for range c.cfg.Workers {
		wg.Go(func() { c.work(ctx) })
	}
	wg.Wait()
	return nil
}

func (c *Consumer) work(ctx context.Context) {
	for {
		batch := c.inbox.take(c.cfg.Batch)
		switch {
		case len(batch) == 0:
			return
		case ctx.Err() != nil:
			giveBack(batch)
		default:
			c.process(ctx, batch)
		}
	}
}

// process handles a batch until each of its messages is answered.
func (c *Consumer) process(ctx context.Context, batch []*Message) {
	stop := beat(func() []*Message { return append(c.inbox.held(), batch...) })
	defer stop()
	for pause := holdFirst; len(batch) > 0; pause = min(pause*2, holdMax) {
		began := time.Now()
		errs := c.call(ctx, batch)
		c.meter.handled.WithLabelValues(c.cfg.Spec.Stream, c.cfg.Spec.Config.Durable).Observe(time.Since(began).Seconds())
		batch = c.settleAll(batch, errs)
		if len(batch) == 0 {
			return
		}
		if pause == holdFirst {
			c.cfg.Log.Warn().Err(firstError(errs)).Int("messages", len(batch)).Msg("dependency away, holding messages")
		}
		select {
		case <-ctx.Done():
			giveBack(batch)
			return
		case <-time.After(pause):
		}
	}
}

// settleAll answers the messages and returns those that are on hold.
func (c *Consumer) settleAll(batch []*Message, errs []error) (held []*Message) {
	for i, m := range batch {
		var err error
		if errs != nil {
			err = errs[i]
		}
		if isHold(err) {
			held = append(held, m)
			continue
		}
		c.settle(m, err)
	}
	return held
}

// call runs the handler within its deadline, which a stop does not shorten. A
// batch that panics is handled again one by one: only the culprit fails.
func (c *Consumer) call(ctx context.Context, batch []*Message) []error {
	errs, panicked := c.try(ctx, batch)
	if !panicked {
		return errs
	}
	if len(batch) == 1 {
		return errs
	}
	for i := range batch {
		errs[i] = nil
		if one, _ := c.try(ctx, batch[i:i+1]); one != nil {
			errs[i] = one[0]
		}
	}
	return errs
}

func (c *Consumer) try(ctx context.Context, batch []*Message) (errs []error, panicked bool) {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.Timeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			errs, panicked = make([]error, len(batch)), true
			for i := range errs {
				errs[i] = panicError(cause)
			}
		}
	}()
	return c.handle(work, batch), false
}

// beat reports messages as in progress until the returned function is called.
func beat(messages func() []*Message) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				for _, m := range messages() {
					_ = m.msg.InProgress()
				}
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// giveBack asks for messages to be delivered again at once: to this process
// after its restart, or to another replica.
func giveBack(batch []*Message) {
	for _, m := range batch {
		_ = m.msg.Nak()
	}
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
