package botgw

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/bots"
	"ukbot/botgw/company"
	"ukbot/botgw/desk"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/gate"
	"ukbot/botgw/pace"
	"ukbot/botgw/requests"
	"ukbot/botgw/speak"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/updates"
	"ukbot/nats"
	"ukbot/secret"
)

// GatewayConfig is what the bot stands on. Everything is required but
// OperatorURL, OperatorKey, WebhookURL, Emergency and Limits.
type GatewayConfig struct {
	Conn      *nats.Conn
	Publisher *nats.Publisher
	Pool      *pgxpool.Pool
	Keys      *secret.Keyset
	Bots      *bots.Registry
	Lines     *pace.Lines // shared with the Sender

	HousingURL  string                  // address of the services, without path
	OperatorURL string                  // address of the operators' API, without path; "": that of the services
	OperatorKey secret.Text             // for the failed webhooks; "": administrators are told that it is not set up
	WebhookURL  string                  // where Telegram reaches this process; "": the bot asks Telegram
	Emergency   string                  // phone of the emergency line; "": none
	Limits      map[api.Role]gate.Limit // in place of gate.Limits' rows

	Consumers *nats.Metrics
	Registry  prometheus.Registerer
	Log       zerolog.Logger
}

// Gateway is the way of a tap: from Telegram into the lanes, through the gate, to
// whoever answers it, and back. What people are told without asking is the
// Notifier's and the Sender's.
type Gateway struct {
	cfg      GatewayConfig
	intake   *updates.Intake
	lanes    *updates.Lanes
	gate     *gate.Gate
	speaker  *speak.Speaker
	commands *speak.Commands
	intro    *speak.Intro
	cards    *Cards
	router   *router
	clients  clients
}

// apiPath is where the services' API begins, and the operators'.
const apiPath = "/api/v1"

// turnsGrace is how long a stop waits for the turns in hand. It is below what the
// process waits before it stops its own HTTP server: a turn that asks the services
// of the same process must not find them gone, and tell the person so. What is cut
// off is answered by whoever starts next.
const turnsGrace = 1500 * time.Millisecond

// NewGateway wires the parts. It calls nobody yet.
func NewGateway(cfg GatewayConfig) (*Gateway, error) {
	reached := company.LineConfig{URL: cfg.HousingURL + apiPath, Metrics: company.NewMetrics(cfg.Registry), Log: cfg.Log}
	line, err := company.NewLine(reached)
	if err != nil {
		return nil, fmt.Errorf("UKBOT_HOUSING_URL: %w", err)
	}
	operators := line
	if cfg.OperatorURL != "" {
		reached.URL = cfg.OperatorURL + apiPath
		if operators, err = company.NewLine(reached); err != nil {
			return nil, fmt.Errorf("UKBOT_BOT_OPERATOR_URL: %w", err)
		}
	}
	incoming, spoken := updates.NewMetrics(cfg.Registry), speak.NewMetrics(cfg.Registry)
	g := &Gateway{
		cfg: cfg, cards: NewCards(cfg.Conn),
		clients: clients{bots: cfg.Bots, line: line, made: map[string]*company.Client{}},
		speaker: speak.New(speak.Config{
			Conn: cfg.Conn, Pool: cfg.Pool, Lines: cfg.Lines, Metrics: spoken, Log: cfg.Log,
		}),
	}
	g.intake = updates.NewIntake(updates.IntakeConfig{
		Conn: cfg.Conn, Publisher: cfg.Publisher, Bots: cfg.Bots, Metrics: incoming, WebhookURL: cfg.WebhookURL, Log: cfg.Log,
	})
	if err := g.talking(operators, spoken); err != nil {
		return nil, err
	}
	g.lanes = updates.NewLanes(cfg.Conn, cfg.Publisher, updates.LanesConfig{
		Bots: cfg.Bots, Grace: turnsGrace, Consumers: cfg.Consumers, Metrics: incoming, GaveUp: g.gaveUp, Log: cfg.Log,
	}, g.handle)
	return g, nil
}

// talking wires who answers what.
func (g *Gateway) talking(operators *company.Line, spoken *speak.Metrics) error {
	records := flow.NewStore(g.cfg.Conn)
	records.Metrics = flow.NewMetrics(g.cfg.Registry)
	var front *desk.Desk
	menu := func(ctx context.Context, t *talk.Turn) *talk.Menu { return front.Menu(ctx, t) }
	engine := flow.New(records, forms.All(menu)...)
	cards := requests.New(engine.Begin, g.open)
	front = desk.New(desk.Config{
		Begin: engine.Begin, Cancel: engine.Cancel, Card: cards.Card, SwitchRole: g.switchRole, Forget: g.forget, Open: g.open,
		Settings: g.cfg.Pool, Operator: operators.Operator(g.cfg.OperatorKey), Emergency: g.cfg.Emergency,
	})
	orders := slices.Concat(front.Orders(), cards.Orders())
	g.commands = speak.NewCommands(speak.CommandsConfig{Orders: orders, Pool: g.cfg.Pool, Conn: g.cfg.Conn, Metrics: spoken, Log: g.cfg.Log})
	g.intro = speak.NewIntro(speak.IntroConfig{Conn: g.cfg.Conn, Metrics: spoken, Log: g.cfg.Log})
	g.router = newRouter(router{
		engine: engine, label: desk.Label, decode: g.speaker.Decode, menu: menu,
		may: func(ctx context.Context, t *talk.Turn, o talk.Order) bool {
			return g.commands.Allowed(ctx, t.Tenant, o, roleOf(t))
		},
	}, slices.Concat(engine.Routes(), cards.Routes(), front.Routes()), orders)
	var err error
	g.gate, err = gate.New(gate.Config{
		Conn: g.cfg.Conn, Pool: g.cfg.Pool, Keys: g.cfg.Keys, Company: g.clients.of, Bot: g.client,
		Answer: g.answer, Deliver: g.deliver, Busy: g.busy, Trace: updates.Trace, Commands: g.router.knows, Limits: g.cfg.Limits, Registry: g.cfg.Registry, Log: g.cfg.Log,
	})
	return err
}

// open says whether who is speaking may give an order; one that nobody knows is for nobody.
func (g *Gateway) open(ctx context.Context, t *talk.Turn, order string) bool {
	o, known := g.router.orders[order]
	return known && g.router.may(ctx, t, o)
}

// roleOf is the active role of who is speaking; "" without a session.
func roleOf(t *talk.Turn) api.Role {
	if t.Person == nil {
		return ""
	}
	return t.Person.Role
}

// Register adds the route that Telegram delivers to.
func (g *Gateway) Register(app fiber.Router) { g.intake.Register(app) }

// Run takes updates and answers them until ctx ends and what was in hand is answered.
func (g *Gateway) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	tasks := []func(context.Context) error{g.intake.Run, g.lanes.Run, g.announce}
	errs := make([]error, len(tasks))
	// The gate outlives the lanes: it stores what their last turns add to the figures.
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var gated sync.WaitGroup
	var gateErr error
	gated.Go(func() { gateErr = g.gate.Run(beside) })
	for i, task := range tasks {
		wg.Go(func() { errs[i] = task(ctx) })
	}
	wg.Wait()
	stop()
	gated.Wait()
	g.clients.line.Close()
	return errors.Join(errors.Join(errs...), gateErr)
}

// handle answers one update.
func (g *Gateway) handle(ctx context.Context, u talk.Update) error {
	if u.Kind == talk.Tap {
		if err := g.cards.Tapped(ctx, u.Tenant, u.Chat, u.Message); err != nil {
			g.cfg.Log.Warn().Err(err).Msg("a notice may be edited though its button was tapped")
		}
	}
	return g.gate.Pass(ctx, u, g.router.handle)
}

// answer brings a turn's answers to the person, and their list of commands up to date.
func (g *Gateway) answer(ctx context.Context, t *talk.Turn) error {
	bot, known := g.cfg.Bots.ByID(t.Update.Bot)
	if !known {
		return nats.Permanent(errUnserved)
	}
	if err := g.speaker.Deliver(ctx, bot.Client, t.Update, t.Outs); err != nil {
		return err
	}
	if t.Person != nil && t.Private() {
		if err := g.commands.Show(ctx, bot.Client, t.Tenant, t.Chat, t.Book.Language(), t.Person.Role); err != nil {
			g.cfg.Log.Warn().Err(err).Str("tenant", t.Tenant).Msg("list of commands not shown, the next update tries again")
		}
	}
	return nil
}

var errUnserved = errors.New("the bot of this update is not served any more")

// deliver writes to a chat that asked for nothing.
func (g *Gateway) deliver(ctx context.Context, tenant string, id, chat int64, outs []talk.Out) error {
	bot, known := g.cfg.Bots.ByID(id)
	if !known {
		return nats.Permanent(errUnserved)
	}
	return g.speaker.Tell(ctx, bot.Client, tenant, chat, outs)
}

func (g *Gateway) busy(ctx context.Context, id, chat int64) {
	if bot, known := g.cfg.Bots.ByID(id); known {
		g.speaker.Type(ctx, bot.Client, chat)
	}
}

func (g *Gateway) client(id int64) *telegram.Bot {
	if bot, known := g.cfg.Bots.ByID(id); known {
		return bot.Client
	}
	return nil
}

// gaveUp tells the person that what they did will not be answered.
func (g *Gateway) gaveUp(ctx context.Context, u talk.Update, _ error) {
	bot, known := g.cfg.Bots.ByID(u.Bot)
	if !known || !u.Private() {
		return
	}
	sorry := talk.Out{Way: talk.New, Screen: talk.Screen{Text: g.gate.Book(u).Text("gateway.sorry")}}
	if err := g.speaker.Deliver(ctx, bot.Client, u, []talk.Out{sorry}); err != nil {
		g.cfg.Log.Warn().Err(err).Msg("nobody was told that an update was given up")
	}
}

// switchRole makes another role of the person's the active one.
func (g *Gateway) switchRole(ctx context.Context, t *talk.Turn, role api.Role) error {
	key := t.Key("role")
	r, err := t.API.SwitchRoleWithResponse(ctx, &api.SwitchRoleParams{IdempotencyKey: &key}, api.RoleSwitch{Role: role})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	return g.forget(ctx, t)
}

func (g *Gateway) forget(ctx context.Context, t *talk.Turn) error {
	return g.gate.Forget(ctx, t.Tenant, t.From.ID)
}

// Forget is the Notifier's: it hears who was blocked, or is somebody else by now.
func (g *Gateway) Forget(ctx context.Context, tenant string, telegram int64) error {
	return g.gate.Part(ctx, tenant, telegram)
}

// clients is the ways to the housing services, one per tenant: each bot has a key.
type clients struct {
	bots *bots.Registry
	line *company.Line

	mu   sync.Mutex
	made map[string]*company.Client
}

func (c *clients) of(tenant string) (*company.Client, bool) {
	bot, known := c.bots.ByTenant(tenant)
	if !known {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made := c.made[tenant]; made != nil && made.Key == bot.Key {
		return made, true
	}
	made, err := company.New(company.Config{Line: c.line, Tenant: tenant, Key: bot.Key})
	if err != nil {
		return nil, false
	}
	c.made[tenant] = made
	return made, true
}
