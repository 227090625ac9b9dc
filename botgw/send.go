package botgw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// SendConfig is how notices are sent.
type SendConfig struct {
	Rate      float64       // messages a second of the bot (pace.DefaultRate); 0 lifts this limit and those per chat: benchmarks only
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
	// hopsMax is how often one notice follows a group that moves.
	hopsMax = 3
	// bookTimeout bounds a note in PostgreSQL: it may be away, and a person waits.
	bookTimeout = 2 * time.Second
)

// streamsPause keeps a notice while the streams do not say whether it was sent.
const streamsPause = time.Second

// Sender delivers notices to Telegram: each chat's in their order, all chats at
// once, within Telegram's limits. A notice that was sent is in the bucket "once"
// and is not sent again; a second copy is possible only where a crash or a lost
// answer falls between Telegram's taking it and that record.
type Sender struct {
	conn      *nats.Conn
	publisher *nats.Publisher
	pool      *pgxpool.Pool
	bot       *telegram.Bot
	cfg       SendConfig
	once      *once
	pace      *pace.Pace
	valve     *pace.Valve
	log       zerolog.Logger
}

// NewSender prepares a sender for one bot.
func NewSender(conn *nats.Conn, publisher *nats.Publisher, pool *pgxpool.Pool, bot *telegram.Bot, cfg SendConfig) *Sender {
	if cfg.StopGrace == 0 {
		cfg.StopGrace = stopGrace
	}
	return &Sender{
		conn: conn, publisher: publisher, pool: pool, bot: bot, cfg: cfg,
		once: &once{conn: conn}, pace: pace.New(cfg.Rate), valve: pace.NewValve(),
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
		consumer := nats.NewKeyedConsumer(s.conn, s.publisher, cfg, chatKey, func(work context.Context, m *nats.Message, _ int) error {
			return s.handle(work, ctx, m)
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
	return strconv.FormatInt(n.ChatID, 10)
}

// handle sends one notice. ctx bounds the work; stop ends waiting at once and
// what is being sent after a grace.
func (s *Sender) handle(ctx, stop context.Context, m *nats.Message) error {
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
	waiting, cancel := endsWith(ctx, stop, 0)
	defer cancel()
	if err := s.pace.Wait(waiting, n.ChatID); err != nil {
		return err
	}
	working, cancel := endsWith(ctx, stop, s.cfg.StopGrace)
	defer cancel()
	return s.deliver(working, waiting, n)
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

// deliver sends a notice until it is done or must wait.
func (s *Sender) deliver(ctx, waiting context.Context, n events.Notice) error {
	out := telegram.Outgoing{ChatID: n.ChatID, Text: n.Text}
	outcome := outcomeSent
	for hops := 0; ; {
		if err := s.valve.Pass(waiting); err != nil {
			return fmt.Errorf("wait for Telegram: %w", err)
		}
		id, err := s.send(ctx, out)
		v := telegram.Classify(err)
		switch v.Action {
		case telegram.Success, telegram.Ignore:
			return s.done(ctx, n, Delivery{Outcome: outcome, MessageID: id, ChatID: out.ChatID})
		case telegram.SendPlain:
			if out.Plain {
				return nats.Permanent(err)
			}
			s.log.Error().Err(err).Str("template", n.Template).Str("language", n.Language).Str("notice", n.ID).Msg("markup refused, sending plain text")
			out.Plain, out.Text, outcome = true, telegram.Cut(telegram.Plain(n.Text), telegram.TextMax), outcomePlain
		case telegram.Migrate:
			if hops++; hops > hopsMax {
				return nats.Permanent(err)
			}
			s.follow(ctx, n.Tenant, out.ChatID, v.MigrateTo)
			out.ChatID = v.MigrateTo
		case telegram.Unreachable:
			s.mark(ctx, n.Tenant, out.ChatID)
			return s.done(ctx, n, Delivery{Outcome: outcomeUnreachable, ChatID: out.ChatID})
		case telegram.HoldChat:
			if s.valve.Flood(out.ChatID, v.RetryAfter, time.Now()) {
				s.log.Warn().Dur("retry_in_ms", v.RetryAfter).Msg("telegram holds the bot, all chats wait")
			}
			return nats.RetryAfter(v.RetryAfter+jitter(), err)
		case telegram.Fatal:
			if s.valve.Refuse(time.Now()) {
				s.cfg.Metrics.refused.Set(1)
				s.log.Error().Err(err).Msg("telegram does not accept the bot's token, nothing is sent until it does")
			}
		case telegram.Retry, telegram.Conflict:
			return err
		default: // Bug, SendNew: never for a message that is new
			return nats.Permanent(err)
		}
	}
}

// jitter keeps apart what was held together.
func jitter() time.Duration {
	return rand.N(250 * time.Millisecond) //nolint:gosec // jitter is no secret
}

// send makes one call and notes how it went.
func (s *Sender) send(ctx context.Context, out telegram.Outgoing) (int, error) {
	began := time.Now()
	id, err := s.bot.Send(ctx, out)
	action := telegram.Classify(err).Action
	s.cfg.Metrics.call("sendMessage", began, action)
	if action != telegram.Fatal && action != telegram.Retry && s.valve.Accept() {
		s.cfg.Metrics.refused.Set(0)
		s.log.Info().Msg("telegram accepts the bot's token again")
	}
	return id, err
}

// done records what became of a notice. Should that fail until the very end, the
// notice counts as done all the same: its message has been sent, and the next try would
// send another.
func (s *Sender) done(ctx context.Context, n events.Notice, d Delivery) error {
	d.SentAt = time.Now().UTC()
	s.cfg.Metrics.sent.WithLabelValues(d.Outcome).Inc()
	if d.Outcome != outcomeUnreachable {
		s.cfg.Metrics.age.Observe(d.SentAt.Sub(n.Since).Seconds())
	}
	if err := s.once.put(ctx, n.ID, d); err != nil {
		s.log.Error().Err(err).Str("notice", n.ID).Msg("notice sent and not recorded")
	}
	return nil
}

// mark notes that a chat cannot be written to, so that later notices pass it by.
// Without PostgreSQL the next notice finds out again.
func (s *Sender) mark(ctx context.Context, tenant string, chatID int64) {
	ctx, cancel := context.WithTimeout(ctx, bookTimeout)
	defer cancel()
	q := db.New(s.pool)
	if err := errors.Join(q.MarkUnreachable(ctx, tenant, chatID), q.MarkSubscriptionsUnreachable(ctx, tenant, chatID)); err != nil {
		s.log.Warn().Err(err).Str("tenant", tenant).Msg("unreachable chat not marked")
	}
}

// follow stores a group's new id. Without PostgreSQL the next notice to the old
// one is told it again.
func (s *Sender) follow(ctx context.Context, tenant string, from, to int64) {
	ctx, cancel := context.WithTimeout(ctx, bookTimeout)
	defer cancel()
	queries := db.New(s.pool)
	err := errors.Join(
		queries.MigrateChat(ctx, db.MigrateChatParams{TenantID: tenant, ChatID: from, NewChatID: to}),
		queries.MigrateSubscriptions(ctx, db.MigrateSubscriptionsParams{TenantID: tenant, ChatID: from, NewChatID: to}),
	)
	if err != nil {
		s.log.Warn().Err(err).Str("tenant", tenant).Msg("group's new id not stored")
	}
}
