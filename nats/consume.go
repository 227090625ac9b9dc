package nats

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// ConsumeConfig is one durable consumer and how it is worked.
type ConsumeConfig struct {
	Spec      ConsumerSpec  // an AckWait of 0 is AckWait
	Batch     int           // messages handed over at most at once; default 256
	Workers   int           // batches handled at the same time; default 1
	Timeout   time.Duration // for one batch; default 30 s
	ParkSlots int           // retries that may wait in ack-pending slots; default ParkSlots
	Watch     time.Duration // period of the watchdog; default 10 s
	Metrics   *Metrics
	Log       zerolog.Logger
}

// Handler handles a batch and says of each message, by index, what became of
// it (see Permanent, RetryAfter, Hold); nil for the whole batch is success.
type Handler func(ctx context.Context, batch []*Message) []error

// Pauses between tries of a batch whose dependency is away.
const (
	holdFirst = 100 * time.Millisecond
	holdMax   = 2 * time.Second
)

// Consumer works one durable consumer in batches.
type Consumer struct {
	cfg    ConsumeConfig
	handle Handler
	settler
	pull  *puller
	inbox *inbox
}

// NewConsumer prepares a consumer. Dead letters and parked retries go through publisher.
func NewConsumer(conn *Conn, publisher *Publisher, cfg ConsumeConfig, handle Handler) *Consumer {
	cfg.defaults()
	box := newInbox(cfg.Batch)
	return &Consumer{
		cfg: cfg, handle: handle, inbox: box, pull: cfg.puller(conn, box), settler: cfg.settler(publisher, box),
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
	if cfg.ParkSlots == 0 {
		cfg.ParkSlots = ParkSlots
	}
	if cfg.Watch == 0 {
		cfg.Watch = watchPeriod
	}
	if cfg.Spec.Config.AckWait == 0 {
		cfg.Spec.Config.AckWait = AckWait
	}
	cfg.Log = cfg.Log.With().Str("component", "consumer").Str("consumer", cfg.Spec.Config.Durable).Logger()
}

func (cfg *ConsumeConfig) puller(conn *Conn, box *inbox) *puller {
	return &puller{conn: conn, spec: cfg.Spec, inbox: box, meter: cfg.Metrics, log: cfg.Log, period: cfg.Watch}
}

func (cfg *ConsumeConfig) settler(publisher *Publisher, box *inbox) settler {
	return settler{publisher: publisher, parked: &box.parked, slots: cfg.ParkSlots, meter: cfg.Metrics, log: cfg.Log}
}

// beatEvery is how often a message in memory is reported as in progress: twice
// may be lost before the server delivers it again.
func (cfg *ConsumeConfig) beatEvery() time.Duration { return cfg.Spec.Config.AckWait / 3 }

// Run consumes until ctx ends; then it takes nothing new, finishes the batches
// in hand within their own deadline, gives the rest back and returns.
func (c *Consumer) Run(ctx context.Context) error {
	beating, stopBeats := context.WithCancel(context.WithoutCancel(ctx))
	var beats, work sync.WaitGroup
	beats.Go(func() { c.inbox.beat(beating, c.cfg.beatEvery()) })
	work.Go(func() { c.pull.run(ctx) })
	for range c.cfg.Workers {
		work.Go(func() { c.work(ctx) })
	}
	work.Wait()
	stopBeats()
	beats.Wait()
	return nil
}

func (c *Consumer) work(ctx context.Context) {
	for {
		batch := c.inbox.take(c.cfg.Batch)
		switch {
		case len(batch) == 0:
			return
		case ctx.Err() != nil:
			c.inbox.giveBack(batch...)
		default:
			c.process(ctx, batch)
		}
	}
}

// process handles a batch until each of its messages is answered.
func (c *Consumer) process(ctx context.Context, batch []*Message) {
	for pause := holdFirst; ; pause = min(pause*2, holdMax) {
		began := time.Now()
		errs := c.call(ctx, batch)
		c.meter.handled.WithLabelValues(c.cfg.Spec.Stream, c.cfg.Spec.Config.Durable).Observe(time.Since(began).Seconds())
		batch = c.settleAll(batch, errs)
		if len(batch) == 0 {
			return
		}
		if pause == holdFirst {
			c.cfg.Log.Warn().Err(firstHold(errs)).Int("messages", len(batch)).Msg("dependency away, holding messages")
		}
		select {
		case <-ctx.Done():
			c.inbox.giveBack(batch...)
			return
		case <-time.After(pause):
		}
	}
}

// settleAll answers the messages and returns those that are on hold.
func (c *Consumer) settleAll(batch []*Message, errs []error) (held []*Message) {
	done := make([]*Message, 0, len(batch))
	why := make([]error, 0, len(batch))
	for i, m := range batch {
		if isHold(errs[i]) {
			held = append(held, m)
			continue
		}
		done, why = append(done, m), append(why, errs[i])
	}
	c.settle(done, why)
	c.inbox.done(done...)
	return held
}

// call runs the handler within its deadline, which a stop does not shorten, and
// gives one error per message. A batch that panics is handled again one by one:
// only the culprit fails.
func (c *Consumer) call(ctx context.Context, batch []*Message) []error {
	errs, panicked := c.try(ctx, batch)
	if !panicked || len(batch) == 1 {
		return errs
	}
	for i := range batch {
		one, _ := c.try(ctx, batch[i:i+1])
		errs[i] = one[0]
	}
	return errs
}

func (c *Consumer) try(ctx context.Context, batch []*Message) (errs []error, panicked bool) {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.Timeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			errs, panicked = alike(len(batch), panicError(cause)), true
		}
	}()
	errs = c.handle(work, batch)
	if errs == nil {
		return make([]error, len(batch)), false
	}
	if len(errs) != len(batch) {
		return alike(len(batch), fmt.Errorf("handler answered %d of %d messages", len(errs), len(batch))), false
	}
	return errs, false
}

// alike is n times err.
func alike(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func firstHold(errs []error) error {
	for _, err := range errs {
		if isHold(err) {
			return err
		}
	}
	return nil
}
