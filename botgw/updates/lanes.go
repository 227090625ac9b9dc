package updates

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/bots"
	"ukbot/botgw/talk"
	"ukbot/events"
	"ukbot/nats"
)

// Handler answers one update. Its error says what becomes of it, as
// nats.KeyedHandler's does: Permanent is a dead letter at once, Hold and
// RetryAfter keep the update, and its chat, until it can be handled; any other
// error is tried again, and given up after LanesConfig.Attempts.
type Handler func(ctx context.Context, u talk.Update) error

// LanesConfig is how updates are handled.
type LanesConfig struct {
	Bots      *bots.Registry // for their names: nil, every command is the bot's own
	Deadline  time.Duration  // of one attempt; default 30 s
	Attempts  int            // before an update is given up; default 5
	Grace     time.Duration  // how long a stop waits for what is in hand; default 10 s
	Consumers *nats.Metrics
	Metrics   *Metrics
	Log       zerolog.Logger

	// GaveUp is told of an update that becomes a dead letter, if not nil: the
	// person should be.
	GaveUp func(ctx context.Context, u talk.Update, err error)
}

// Lanes hand updates to a Handler: one at a time per chat and in its order, all
// chats at once. Of several replicas each lane is one's.
type Lanes struct {
	conn      *nats.Conn
	publisher *nats.Publisher
	cfg       LanesConfig
	handle    Handler

	mu    sync.Mutex
	fails map[uint64]int // by place in the stream, of those in hand
}

// NewLanes prepares the lanes. Dead letters go through publisher.
func NewLanes(conn *nats.Conn, publisher *nats.Publisher, cfg LanesConfig, handle Handler) *Lanes {
	if cfg.Deadline <= 0 {
		cfg.Deadline = 30 * time.Second
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = 5
	}
	if cfg.Grace <= 0 {
		cfg.Grace = 10 * time.Second
	}
	return &Lanes{conn: conn, publisher: publisher, cfg: cfg, handle: handle, fails: map[uint64]int{}}
}

// Run handles updates until ctx ends; what is in hand then is finished within
// the grace, or comes again.
func (l *Lanes) Run(ctx context.Context) error {
	specs := map[string]nats.ConsumerSpec{}
	for _, spec := range nats.Consumers {
		specs[spec.Config.Durable] = spec
	}
	errs := make([]error, events.Lanes)
	var wg sync.WaitGroup
	for lane := range events.Lanes {
		consumer := nats.NewKeyedConsumer(l.conn, l.publisher, nats.ConsumeConfig{
			Spec: specs[nats.UpdateConsumer(lane)], Timeout: l.cfg.Deadline, Metrics: l.cfg.Consumers, Log: l.cfg.Log,
		}, laneKey, func(work context.Context, m *nats.Message, _ int) error { return l.one(work, ctx, m) })
		wg.Go(func() { errs[lane] = consumer.Run(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// laneKey is what keeps order: a chat of a bot.
func laneKey(m *nats.Message) string { return events.UpdateKey(m.Header) }

// one is one attempt at one update. stop ends after Run's ctx: the attempt is cut
// off a grace later.
func (l *Lanes) one(ctx, stop context.Context, m *nats.Message) error {
	u, ok, err := l.read(m)
	if err != nil {
		l.cfg.Metrics.handled.WithLabelValues(unreadable, "dead").Inc()
		return nats.Permanent(err)
	}
	if !ok {
		l.cfg.Metrics.handled.WithLabelValues("other", "ignored").Inc()
		return nil
	}
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	defer context.AfterFunc(stop, func() { time.AfterFunc(l.cfg.Grace, cut) })()
	return l.settle(ctx, stop, m, u, l.timed(ctx, u, m.Header))
}

// read makes an update of a message.
func (l *Lanes) read(m *nats.Message) (talk.Update, bool, error) {
	stored, err := events.DecodeUpdate(m.Header, m.Data)
	if err != nil {
		return talk.Update{}, false, err
	}
	to := Receiver{Bot: stored.Bot, Tenant: stored.Tenant}
	if l.cfg.Bots != nil {
		if b, ok := l.cfg.Bots.ByID(stored.Bot); ok {
			to.Username = b.Username
		}
	}
	u, ok, err := Read(m.Data, to)
	if u.Sent.IsZero() {
		u.Sent = stored.Time // of a tap: Telegram does not say
	}
	return u, ok, err
}

// traceKey is where the trace of an update is in its handler's context.
type traceKey struct{}

// Trace is the traceparent of the update that is being handled; "" outside.
func Trace(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey{}).(string)
	return trace
}

// timed calls the handler. A panic ends this update and nothing else.
func (l *Lanes) timed(ctx context.Context, u talk.Update, header map[string][]string) (err error) {
	stored, _ := events.DecodeUpdate(header, nil) // it was read before
	began := time.Now()
	l.cfg.Metrics.age.Observe(began.Sub(stored.Time).Seconds())
	l.cfg.Metrics.inHand.Inc()
	defer func() {
		l.cfg.Metrics.inHand.Dec()
		l.cfg.Metrics.seconds.WithLabelValues(string(u.Kind)).Observe(time.Since(began).Seconds())
		if cause := recover(); cause != nil {
			err = nats.Permanent(fmt.Errorf("handler panicked: %v", cause))
		}
	}()
	return l.handle(context.WithValue(ctx, traceKey{}, stored.Trace), u)
}

// settle turns what the handler said into what becomes of the update.
func (l *Lanes) settle(ctx, stop context.Context, m *nats.Message, u talk.Update, err error) error {
	count := func(outcome string) { l.cfg.Metrics.handled.WithLabelValues(string(u.Kind), outcome).Inc() }
	_, later := nats.RetryDelay(err)
	switch {
	case err == nil:
		count("done")
	case nats.IsPermanent(err):
	case nats.IsHold(err) || later:
		count("held")
		return err
	case stop.Err() != nil:
		return err // a stop cut it off: no failure
	case l.failed(m.Sequence) < l.cfg.Attempts:
		count("failed")
		return err
	default:
		err = nats.Permanent(fmt.Errorf("given up after %d attempts: %w", l.cfg.Attempts, err))
	}
	l.forget(m.Sequence)
	if err != nil {
		count("dead")
		l.giveUp(ctx, u, err)
	}
	return err
}

// giveUp tells that an update is given up. The attempt may have used up its time.
func (l *Lanes) giveUp(ctx context.Context, u talk.Update, err error) {
	if l.cfg.GaveUp == nil {
		return
	}
	defer func() { _ = recover() }() // whoever is told must not bring the lane down
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellMax)
	defer cancel()
	l.cfg.GaveUp(ctx, u, err)
}

// tellMax bounds telling somebody that their update is given up.
const tellMax = 5 * time.Second

// failed counts a failure of an update and says how many there were.
func (l *Lanes) failed(sequence uint64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fails[sequence]++
	return l.fails[sequence]
}

func (l *Lanes) forget(sequence uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.fails, sequence)
}
