package updates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/botgw/bots"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
)

// IntakeConfig is what an Intake needs.
type IntakeConfig struct {
	Conn      *nats.Conn
	Publisher *nats.Publisher
	Bots      *bots.Registry
	Metrics   *Metrics
	Log       zerolog.Logger

	WebhookURL     string        // https address that Telegram reaches this process at, without path; "": poll
	MaxConnections int           // of Telegram to the webhook, 1–100; 0: Telegram's 40
	PublishTimeout time.Duration // wait for the stream's ack; default 5 s
	PollWait       time.Duration // default and at most telegram.PollMax
}

// Intake takes updates from Telegram and stores them.
type Intake struct {
	cfg   IntakeConfig
	log   zerolog.Logger
	dummy [hashBytes]byte // a secret that nobody has
}

// NewIntake makes an intake; Register and Run start it.
func NewIntake(cfg IntakeConfig) *Intake {
	if cfg.PublishTimeout <= 0 {
		cfg.PublishTimeout = 5 * time.Second
	}
	if cfg.PollWait <= 0 {
		cfg.PollWait = telegram.PollMax
	}
	return &Intake{cfg: cfg, log: cfg.Log.With().Str("component", "updates").Logger(), dummy: randomHash()}
}

// Run serves every bot there is, whenever it comes, until ctx ends: one replica
// of all sets its webhook, or polls for it.
func (in *Intake) Run(ctx context.Context) error {
	serving := map[int64]*service{}
	for {
		changed := in.cfg.Bots.Changed()
		in.align(ctx, serving, in.cfg.Bots.All())
		select {
		case <-changed:
		case <-ctx.Done():
			for _, s := range serving {
				s.stop()
			}
			return nil
		}
	}
}

// service is a bot that is being served.
type service struct {
	bot    *bots.Bot
	cancel context.CancelFunc
	done   chan struct{}
}

func (s *service) stop() {
	s.cancel()
	<-s.done
}

// align starts and stops services until they are those of the bots. A bot whose
// name alone has changed goes on.
func (in *Intake) align(ctx context.Context, serving map[int64]*service, wanted []*bots.Bot) {
	keep := map[int64]*bots.Bot{}
	for _, b := range wanted {
		keep[b.ID] = b
	}
	for id, s := range serving {
		if b := keep[id]; b == nil || b.Client != s.bot.Client || b.Tenant != s.bot.Tenant {
			s.stop()
			delete(serving, id)
		}
	}
	for id, b := range keep {
		if serving[id] == nil {
			serving[id] = in.serve(ctx, b)
		}
	}
}

// serve begins to serve a bot.
func (in *Intake) serve(ctx context.Context, b *bots.Bot) *service {
	work := in.poll
	if in.cfg.WebhookURL != "" {
		work = in.keepWebhook
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &service{bot: b, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_ = nats.RunLeased(ctx, in.cfg.Conn, leaseOf(b.ID), func(ctx context.Context) error {
			work(ctx, b)
			return nil
		})
	}()
	return s
}

// leaseOf is the lease that one replica holds to serve a bot.
func leaseOf(bot int64) string { return fmt.Sprintf("updates-%d", bot) }

// unreadable is the type of what is no update.
const unreadable = "unreadable"

// message is an update as it is stored. What is no update is stored too: its lane
// makes a dead letter of it, where somebody can look at it.
func message(b *bots.Bot, raw []byte, now time.Time) (*natsgo.Msg, head, error) {
	h, err := peek(raw)
	u := events.Update{
		ID: events.UpdateID(b.ID, h.ID), Type: events.CapType(h.Type), Tenant: b.Tenant, Bot: b.ID, Chat: h.Chat,
		Time: now, Trace: events.Traceparent(""), Data: raw,
	}
	if err != nil {
		u.ID, u.Type, h.Type = events.UnreadableID(b.ID, raw), unreadable, unreadable
	}
	msg := &natsgo.Msg{Subject: u.Subject(), Header: u.Header(), Data: raw}
	msg.Header[jetstream.MsgIDHeader] = []string{u.ID}
	// A server takes a sampled traceparent for a wish to have the message traced
	// through the servers; nobody here wants that.
	msg.Header["Nats-Trace-Dest"] = []string{"trace disabled"}
	return msg, h, err
}

// Ways by which updates come, as the metrics call them.
const (
	wayWebhook = "webhook"
	wayPoll    = "poll"
)

// took counts an update that is stored.
func (in *Intake) took(way string, h head, ack nats.Ack, err error) {
	outcome := "stored"
	switch {
	case err != nil:
		outcome = unreadable
		in.log.Warn().Err(err).Str("way", way).Msg("what Telegram sent is no update, becomes a dead letter")
	case ack.Duplicate:
		outcome = "repeated"
	}
	in.cfg.Metrics.taken.WithLabelValues(way, kindLabel(h.Type), outcome).Inc()
}

// storeAll stores a batch in its order and returns when all of it is stored, or
// with ctx. What the stream refuses for ever (it is too large) is left out: it
// would hold up everything behind it.
func (in *Intake) storeAll(ctx context.Context, b *bots.Bot, raws []json.RawMessage) error {
	for pause := time.Second / 10; len(raws) > 0; pause = min(pause*2, storeMax) {
		stored, err := in.storeSome(ctx, b, raws)
		if raws = raws[stored:]; err == nil {
			continue
		}
		in.cfg.Metrics.refused.WithLabelValues(wayPoll, refusedStream).Inc()
		in.log.Debug().Err(err).Int("updates", len(raws)).Msg("updates not stored, trying again")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// storeMax is the longest pause between two tries to store what was polled.
const storeMax = 5 * time.Second

// storeSome stores as many updates as it can, from the first on, and says how many.
func (in *Intake) storeSome(ctx context.Context, b *bots.Bot, raws []json.RawMessage) (int, error) {
	now := time.Now()
	msgs, heads, flaws := make([]*natsgo.Msg, len(raws)), make([]head, len(raws)), make([]error, len(raws))
	for i, raw := range raws {
		msgs[i], heads[i], flaws[i] = message(b, raw, now)
	}
	// A stop must not cut short what may be stored already.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), in.cfg.PublishTimeout)
	defer cancel()
	acks, errs := in.cfg.Publisher.PublishAll(ctx, msgs)
	for i, err := range errs {
		switch {
		case errors.Is(err, nats.ErrRefused):
			in.cfg.Metrics.refused.WithLabelValues(wayPoll, refusedTooLarge).Inc()
			in.log.Error().Err(err).Int("bytes", len(raws[i])).Msg("update refused by the stream, left out")
		case err != nil:
			return i, err
		default:
			in.took(wayPoll, heads[i], acks[i], flaws[i])
		}
	}
	return len(raws), nil
}
