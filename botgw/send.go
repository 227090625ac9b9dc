package botgw

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
)

// Outlet is the way to the people of a tenant: its bot, and the line that all
// share who send for that bot.
type Outlet struct {
	Bot  *telegram.Bot
	Line *pace.Line
}

// Outlets finds the outlet of a tenant; false while the tenant has no bot.
type Outlets func(tenant string) (Outlet, bool)

// SendConfig is how notices are sent.
type SendConfig struct {
	StopGrace time.Duration // how long a call in hand may last after a stop; default 5 s
	Consumers *nats.Metrics
	Metrics   *SendMetrics
	Log       zerolog.Logger
}

const (
	// turnMax bounds one attempt, most of which is waiting for a turn: with every
	// lane full, 8192 notices at 30 a second take 273 s.
	turnMax   = 10 * time.Minute
	stopGrace = 5 * time.Second
)

// streamsPause keeps a notice while the streams do not say whether it was sent.
const streamsPause = time.Second

// Sender delivers notices to Telegram: each chat's in their order, all chats at
// once, within Telegram's limits, by the bot of their tenant. A notice that was
// sent is in the bucket "once" and is not sent again; a second copy is possible
// only where a crash or a lost answer falls between Telegram's taking it and that
// record.
type Sender struct {
	conn      *nats.Conn
	publisher *nats.Publisher
	pool      *pgxpool.Pool
	outlets   Outlets
	cfg       SendConfig
	once      *once
	cards     *Cards
	botless   botless
	refused   refused
	log       zerolog.Logger
}

// NewSender prepares a sender for the bots of all tenants.
func NewSender(conn *nats.Conn, publisher *nats.Publisher, pool *pgxpool.Pool, outlets Outlets, cfg SendConfig) *Sender {
	if cfg.StopGrace == 0 {
		cfg.StopGrace = stopGrace
	}
	return &Sender{
		conn: conn, publisher: publisher, pool: pool, outlets: outlets, cfg: cfg,
		once: newOnce(conn), cards: NewCards(conn), botless: botless{said: map[string]time.Time{}}, refused: refused{tenants: map[string]bool{}},
		log: cfg.Log.With().Str("component", "sender").Logger(),
	}
}

// Run sends until ctx ends; then it finishes the calls in hand and gives the
// rest back.
func (s *Sender) Run(ctx context.Context) error {
	errs := make([]error, events.Lanes)
	var wg sync.WaitGroup
	for lane := range events.Lanes {
		cfg := nats.ConsumeConfig{
			Spec: consumerSpec(nats.LaneConsumer(lane)), Timeout: turnMax, Metrics: s.cfg.Consumers, Log: s.cfg.Log,
		}
		consumer := nats.NewKeyedConsumer(s.conn, s.publisher, cfg, chatKey, func(work context.Context, m *nats.Message, attempt int) error {
			return s.handle(work, ctx, m, attempt)
		})
		wg.Go(func() { errs[lane] = consumer.Run(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// chatKey is what keeps order: the chat. What is no notice has a queue of its own.
func chatKey(m *nats.Message) string {
	n, err := events.DecodeNotice(m.Header, m.Data)
	if err != nil {
		return ""
	}
	return n.Tenant + "/" + strconv.FormatInt(n.ChatID, 10)
}

// handle sends one notice. ctx bounds the work; stop ends waiting at once and
// what is being sent after a grace.
func (s *Sender) handle(ctx, stop context.Context, m *nats.Message, attempt int) error {
	n, err := events.DecodeNotice(m.Header, m.Data)
	if err != nil {
		return nats.Permanent(err)
	}
	s.cfg.Metrics.waiting.Inc()
	defer s.cfg.Metrics.waiting.Dec()
	_, done, err := s.once.find(ctx, n.ID)
	if err != nil {
		return nats.RetryAfter(streamsPause, err)
	}
	if done {
		s.cfg.Metrics.sent.WithLabelValues("repeated").Inc()
		return nil
	}
	outlet, found := s.outlets(n.Tenant)
	if !found {
		return s.withoutBot(ctx, m, n, attempt)
	}
	p, err := s.plan(ctx, n)
	if err != nil {
		return nats.RetryAfter(streamsPause, err)
	}
	if p.needless != "" {
		return s.done(ctx, n, Delivery{Outcome: p.needless, MessageID: p.edit, ChatID: n.ChatID})
	}
	waiting, cancel := endsWith(ctx, stop, 0)
	defer cancel()
	if err := outlet.Line.Wait(waiting, n.ChatID, n.Priority); err != nil {
		return err
	}
	working, cancel := endsWith(ctx, stop, s.cfg.StopGrace)
	defer cancel()
	if err := s.deliver(working, waiting, outlet, p); !errors.Is(err, errToken) {
		return err
	}
	return s.park(ctx, m, n)
}

// endsWith is ctx that also ends a grace after stop.
func endsWith(ctx, stop context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(stop, func() {
		if grace == 0 {
			cancel()
			return
		}
		time.AfterFunc(grace, cancel)
	})
	return ctx, func() { release(); cancel() }
}

// done records what became of a notice. Should that fail until the very end, the
// notice counts as done all the same: its message has been sent, and the next try would
// send another.
func (s *Sender) done(ctx context.Context, n events.Notice, d Delivery) error {
	d.SentAt = time.Now().UTC()
	s.cfg.Metrics.sent.WithLabelValues(d.Outcome).Inc()
	if d.Outcome == outcomeSent || d.Outcome == outcomeEdited || d.Outcome == outcomePlain {
		s.cfg.Metrics.age.Observe(d.SentAt.Sub(n.Since).Seconds())
	}
	if err := s.once.put(ctx, n.ID, d); err != nil {
		s.log.Error().Err(err).Str("notice", n.ID).Msg("notice sent and not recorded")
	}
	return nil
}
