package gate

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/nats"
	"ukbot/secret"
)

// Config is what a Gate stands on. Zero durations are the defaults.
type Config struct {
	Conn *nats.Conn    // buckets limits, sessions, waiting
	Pool *pgxpool.Pool // bot_people, bot_metrics
	Keys *secret.Keyset

	// Company is the way to a tenant's housing services; false: it has no bot (any more).
	Company func(tenant string) (*company.Client, bool)
	// Bot is the bot that fetches a turn's files. It may be nil in tests.
	Bot func(bot int64) *telegram.Bot
	// Answer delivers Turn.Outs, after the handler has returned.
	Answer func(ctx context.Context, t *talk.Turn) error
	// Deliver writes to a chat that has not asked just now.
	Deliver func(ctx context.Context, tenant string, bot, chat int64, outs []talk.Out) error
	// Busy shows that the bot is at work; nil: nothing does.
	Busy func(ctx context.Context, bot, chat int64)

	// Trace is the traceparent of the update that a context is of, which the
	// services' calls carry on; nil: none.
	Trace func(context.Context) string
	// Commands says which commands there are: what people invent has no name in
	// the figures. nil: none has.
	Commands func(command string) bool
	// Limits replaces rows of the table Limits.
	Limits map[api.Role]Limit

	FlushEvery time.Duration // of bot_metrics; default 15 s
	ProbeEvery time.Duration // while somebody waits for the services; default 1 s

	Now      func() time.Time // default time.Now
	Registry prometheus.Registerer
	Log      zerolog.Logger
}

// Gate is safe for concurrent use.
type Gate struct {
	cfg      Config
	metrics  *metrics
	limiter  *limiter
	sessions *sessions
	people   *people
	tally    *tally
	waiting  *waiting
	zones    *zones
}

// New makes a gate. It reads nothing yet: buckets and database may be away.
func New(cfg Config) (*Gate, error) {
	if cfg.Conn == nil || cfg.Pool == nil || cfg.Keys == nil || cfg.Company == nil || cfg.Answer == nil || cfg.Deliver == nil || cfg.Registry == nil {
		return nil, errors.New("a gate wants a connection, a pool, keys, companies, a registry, and somebody who delivers")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.FlushEvery <= 0 {
		cfg.FlushEvery = 15 * time.Second
	}
	if cfg.ProbeEvery <= 0 {
		cfg.ProbeEvery = time.Second
	}
	m := newMetrics(cfg.Registry)
	g := &Gate{cfg: cfg, metrics: m, zones: newZones(cfg.Now)}
	g.limiter = &limiter{js: cfg.Conn.JS, bucket: bucket{nats.NewBucket(cfg.Conn, nats.BucketLimits)}, metrics: m, own: cfg.Limits, known: map[string]counted{}}
	g.sessions = &sessions{bucket: bucket{nats.NewBucket(cfg.Conn, nats.BucketSessions)}, keys: cfg.Keys, metrics: m, entries: map[string]*entry{}}
	g.people = &people{pool: cfg.Pool, log: cfg.Log, metrics: m, rows: map[string]met{}, kick: make(chan struct{}, 1)}
	g.tally = &tally{pool: cfg.Pool, metrics: m, sums: map[cell]sum{}}
	g.waiting = &waiting{bucket: bucket{nats.NewBucket(cfg.Conn, nats.BucketWaiting)}, chats: map[string]waiter{}}
	return g, nil
}

// Run does what is done beside the turns, until ctx ends and the last figures are stored.
func (g *Gate) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { g.sessions.watch(ctx, g.cfg.Log) })
	wg.Go(func() { g.waiting.watch(ctx, g.cfg.Log) })
	wg.Go(func() { g.people.run(ctx) })
	wg.Go(func() { g.tally.run(ctx, g.cfg.FlushEvery, g.cfg.Log) })
	err := nats.RunLeased(ctx, g.cfg.Conn, "bot-waiting", g.tellWaiting)
	wg.Wait()
	return err
}

// Next handles a turn. What it says in Turn.Outcome stands in the figures: words
// of the program. A *company.Refusal that it returns counts as "refused" and has
// been answered already; company.ErrAway the gate answers.
type Next func(ctx context.Context, t *talk.Turn) error

// Pass leads one update through the gate, and delivers what it is answered. An
// error means that the update should come again.
func (g *Gate) Pass(ctx context.Context, u talk.Update, next Next) error {
	trace := ""
	if g.cfg.Trace != nil {
		trace = g.cfg.Trace(ctx)
	}
	ctx, spent := company.Measure(company.WithIDs(ctx, requestID(u), trace))
	r := &record{update: u, began: time.Now(), spent: spent, outcome: failed}
	defer g.note(r)
	err := g.pass(ctx, u, next, r)
	r.err = err
	return err
}

func (g *Gate) pass(ctx context.Context, u talk.Update, next Next, r *record) error {
	if moved, ok := moves[u.Kind]; ok {
		err := moved(g, ctx, u)
		r.outcome = outcomeOf(err)
		return err
	}
	if u.From.ID == 0 || u.From.Bot || amongThemselves(u) {
		r.outcome = ignored
		return nil
	}
	if over := g.over(ctx, u); over != nil {
		r.outcome = limited
		return g.answer(ctx, over, r)
	}
	t, err := g.turn(ctx, u, next)
	r.outcome, r.step = outcomeOf(err), t.Step
	if err == nil && t.Outcome != "" {
		r.outcome = outcome(t.Outcome)
	}
	switch {
	case errors.Is(err, errBlocked):
		t.Outs = nil
		tell(t, "gate.blocked")
	case errors.Is(err, company.ErrAway):
		r.cause = err
		g.tellAway(ctx, t)
	case r.outcome == failed && err != nil:
		return err
	case r.spent.Calls() > 0: // they are back
		g.waiting.forget(ctx, u)
	}
	return g.answer(ctx, t, r)
}

// amongThemselves says whether a group's people talk to each other: that asks
// nothing of the bot, and counts for no limit of theirs.
func amongThemselves(u talk.Update) bool {
	return !u.Private() && u.Kind != talk.Command && u.Kind != talk.Tap
}

// turn finds out who it is and has them handled. A session that ends in the
// middle has it done once more, with who they are by then. In a group nobody is
// anybody: how somebody stands is not for others to read.
func (g *Gate) turn(ctx context.Context, u talk.Update, next Next) (*talk.Turn, error) {
	if !u.Private() {
		t := g.blank(u)
		return t, next(ctx, t)
	}
	t, err := g.admit(ctx, u)
	if err != nil {
		return t, err
	}
	err = next(ctx, t)
	if !errors.Is(err, errUnknown) && !errors.Is(err, errPending) {
		return t, err
	}
	if t, err = g.admit(ctx, u); err != nil {
		return t, err
	}
	return t, next(ctx, t)
}

// answerTime is what delivering has where the turn's own time is over: services
// that hang have used it up, and the person is to be told so.
const answerTime = 5 * time.Second

func (g *Gate) answer(ctx context.Context, t *talk.Turn, r *record) error {
	r.handled = time.Since(r.began)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
		defer cancel()
		ctx = late
	}
	defer func() { r.telegram = time.Since(r.began) - r.handled }()
	if len(t.Outs) == 0 && t.Kind != talk.Tap { // a tap is answered, if with nothing
		return nil
	}
	err := g.cfg.Answer(ctx, t)
	if err != nil {
		r.outcome = failed
	}
	return err
}

// blank is a turn of somebody of whom nothing is known yet.
func (g *Gate) blank(u talk.Update) *talk.Turn {
	t := &talk.Turn{
		Update: u, Standing: talk.Unknown, Book: words.For(g.sessions.language(u)), Zone: g.zones.known(u.Tenant), Now: g.cfg.Now(),
		Busy: func(ctx context.Context) {
			if g.cfg.Busy != nil {
				g.cfg.Busy(ctx, u.Bot, u.Chat)
			}
		},
	}
	if g.cfg.Bot != nil {
		t.Bot = g.cfg.Bot(u.Bot)
	}
	return t
}

// Book is the words for whoever did this, as far as is known of them.
func (g *Gate) Book(u talk.Update) words.Book { return words.For(g.sessions.language(u)) }

// tell says one sentence: in a window after a tap, else as a message.
func tell(t *talk.Turn, key string, args ...words.Args) {
	if t.Kind == talk.Tap {
		t.Alert(t.Book.Plain(key, args...))
		return
	}
	t.Say(talk.Screen{Text: t.Book.Text(key, args...)})
}
