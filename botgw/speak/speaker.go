package speak

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/nats"
)

// Config is what a Speaker leans on. Only Log must be set: without the others
// it still speaks, but remembers nothing.
type Config struct {
	Conn    *nats.Conn    // for the bucket of long calls
	Pool    *pgxpool.Pool // for chats that are unreachable or have moved
	Lines   *pace.Lines   // shared with whoever else sends for the bots; nil limits nothing
	Metrics *Metrics
	Log     zerolog.Logger
}

// Speaker delivers answers. It is safe for concurrent use, of different chats.
type Speaker struct {
	cfg       Config
	log       zerolog.Logger
	callbacks *nats.Bucket
	progress  progress
}

// New makes a Speaker and calls nothing yet.
func New(cfg Config) *Speaker {
	return &Speaker{
		cfg: cfg, log: cfg.Log.With().Str("component", "speak").Logger(),
		callbacks: nats.NewBucket(cfg.Conn, nats.BucketCallbacks),
	}
}

// Deliver brings the answers to an update to its chat and answers the tap, if it
// is one, also where there are no answers. nil says that all was done, or cannot
// be because the chat is unreachable; an error is nats.RetryAfter, nats.Permanent
// or that of ctx. Delivered again with the same update it goes on where it
// stopped.
func (s *Speaker) Deliver(ctx context.Context, bot *telegram.Bot, u talk.Update, outs []talk.Out) error {
	key := updateKey{bot.ID(), u.ID}
	before, steps := s.progress.take(key), plan(u, outs)
	if before.of != len(steps) { // another turn than last time: nothing of it was said
		before.steps = 0
	}
	var answering sync.WaitGroup
	answered := before.answered
	if u.Query != "" && !answered {
		answering.Go(func() { answered = s.answer(ctx, bot, u.Query, outs) })
	}
	d := s.delivery(bot, u.Tenant, u.Chat)
	done, err := d.run(ctx, steps, before.steps)
	answering.Wait() // the tap's wait is over even where the message must come later
	if err != nil && !nats.IsPermanent(err) {
		s.progress.put(key, reached{done, len(steps), answered})
	}
	return err
}

// Tell brings messages out of the blue to a chat, in the same way.
func (s *Speaker) Tell(ctx context.Context, bot *telegram.Bot, tenant string, chat int64, outs []talk.Out) error {
	_, err := s.delivery(bot, tenant, chat).run(ctx, plan(talk.Update{}, outs), 0)
	return err
}

// Type shows that the bot is at work; should that fail, nothing is lost.
func (s *Speaker) Type(ctx context.Context, bot *telegram.Bot, chat int64) {
	s.delivery(bot, "", chat).typing(ctx)
}

func (s *Speaker) delivery(bot *telegram.Bot, tenant string, chat int64) *delivery {
	return &delivery{
		Speaker: s, bot: bot, line: s.line(bot), tenant: tenant, chat: chat,
		log: s.log.With().Str("tenant", tenant).Int64("bot", bot.ID()).Logger(),
	}
}

// line is the bot's way out, nil where nothing is limited.
func (s *Speaker) line(bot *telegram.Bot) *pace.Line {
	if s.cfg.Lines == nil {
		return nil
	}
	return s.cfg.Lines.Of(bot.ID())
}

// progressMax bounds the updates of which is remembered how far their answers
// came; beyond it the oldest are answered from the beginning again.
const progressMax = 4096

type updateKey struct{ bot, id int64 }

// reached is how far the answers to an update came before they had to wait.
type reached struct {
	steps    int
	of       int  // of so many
	answered bool // the tap
}

// progress is of updates that wait to be delivered again.
type progress struct {
	mu      sync.Mutex
	reached map[updateKey]reached
	order   []updateKey
}

func (p *progress) take(key updateKey) reached {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.reached[key]
	delete(p.reached, key)
	return r
}

func (p *progress) put(key updateKey, r reached) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reached == nil {
		p.reached = map[updateKey]reached{}
	}
	p.reached[key] = r
	if p.order = append(p.order, key); len(p.order) > progressMax {
		delete(p.reached, p.order[0])
		p.order = p.order[1:]
	}
}
