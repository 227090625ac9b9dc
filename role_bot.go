package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"ukbot/api"
	"ukbot/botgw"
	"ukbot/botgw/bots"
	"ukbot/botgw/gate"
	"ukbot/botgw/pace"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/ops"
	"ukbot/secret"
)

// telegramTimeout bounds one call of the Bot API.
const telegramTimeout = 10 * time.Second

// addBot: what people do in Telegram to the housing services and back, events to
// notices, notices to Telegram.
func addBot(ctx context.Context, n *node) error {
	pool, err := n.database(ctx)
	if err != nil {
		return err
	}
	keys, err := n.settings.keyset()
	if err != nil {
		return err
	}
	conn, publisher, err := n.stream("botgw")
	if err != nil {
		return err
	}
	own := bots.Own{Tenant: events.DefaultTenant, Token: n.settings.TelegramToken, Key: n.settings.BotKey}
	if own.Token != "" && own.Key == "" {
		if own.Key, err = n.enterBot(ctx, conn, keys); err != nil {
			n.log.Warn().Err(err).Msg("bot cannot talk to people yet, it only sends notices")
			n.add("bot-key", func(ctx context.Context) error { return n.ownBot(ctx, conn, keys) })
		}
	}
	all := bots.New(bots.Config{
		Conn: conn, Keys: keys, Endpoint: n.settings.TelegramAPI, Timeout: telegramTimeout, Own: own, Log: n.log,
	})
	lines := pace.NewLines(n.settings.TelegramRate)
	limits, err := parseLimits(n.settings.BotLimits)
	if err != nil {
		return err
	}
	gateway, err := botgw.NewGateway(botgw.GatewayConfig{
		Conn: conn, Publisher: publisher, Pool: pool, Keys: keys, Bots: all, Lines: lines,
		HousingURL: n.housingURL(), OperatorURL: strings.TrimSuffix(n.settings.OperatorURL, "/"), OperatorKey: n.operatorKey(),
		WebhookURL: n.settings.TelegramHook, Emergency: n.settings.Emergency, Limits: limits,
		Consumers: n.metrics, Registry: n.registry, Log: n.log,
	})
	if err != nil {
		return err
	}
	gateway.Register(n.app)
	n.addFront("gateway", gateway.Run)
	n.add("bots", all.Run)
	n.add("bots-kept", func(ctx context.Context) error { return bots.Keep(ctx, pool, conn, n.log) })
	outlets := func(tenant string) (botgw.Outlet, bool) {
		bot, known := all.ByTenant(tenant)
		if !known {
			return botgw.Outlet{}, false
		}
		return botgw.Outlet{Bot: bot.Client, Line: lines.Of(bot.ID)}, true
	}
	n.add("notify", botgw.NewNotifier(conn, publisher, pool, botgw.NotifyConfig{Forget: gateway.Forget, Metrics: n.metrics, Log: n.log}).Run)
	n.add("send", botgw.NewSender(conn, publisher, pool, outlets, botgw.SendConfig{
		Consumers: n.metrics, Metrics: botgw.NewSendMetrics(n.registry), Log: n.log,
	}).Run)
	n.add("replicas", botgw.NewReplicas(conn, lines, n.log).Run)
	n.check(ops.CheckNATS(conn, true))
	n.checkDatabase()
	n.check(ops.CheckTelegram(func(ctx context.Context) error { return askBots(ctx, all) }))
	return nil
}

// askBots asks Telegram about each bot.
func askBots(ctx context.Context, all *bots.Registry) error {
	served := all.All()
	if err := all.Ready(); err != nil {
		return ops.Reason(err.Error())
	}
	if len(served) == 0 {
		return ops.Reason("no bot yet: `ukbot bots add`, or TELEGRAM_TOKEN")
	}
	errs := make([]error, len(served))
	for i, bot := range served {
		if _, err := bot.Client.Me(ctx); err != nil {
			errs[i] = fmt.Errorf("bot of %s: %w", bot.Tenant, err)
		}
	}
	return errors.Join(errs...)
}

// housingURL is where the bot finds the housing services: UKBOT_HOUSING_URL, else
// this process.
func (n *node) housingURL() string {
	if n.settings.HousingURL != "" {
		return strings.TrimSuffix(n.settings.HousingURL, "/")
	}
	_, port, _ := net.SplitHostPort(n.listener.Addr().String())
	return "http://" + net.JoinHostPort("127.0.0.1", port)
}

// operatorKey is the key for the operators' API: dev has one of its own.
func (n *node) operatorKey() secret.Text {
	if n.settings.OperatorKey != "" {
		return n.settings.OperatorKey
	}
	return n.apiKey
}

// botScopes is what a bot's key opens: logging people in, registering them, and
// what somebody is asked who registers.
var botScopes = []access.Action{access.AuthTelegram, access.UsersRegister, access.BuildingsView, access.CompanyView}

// ownBotRetry is how soon the bot of TELEGRAM_TOKEN looks again whether there is
// a company to serve.
const ownBotRetry = 5 * time.Second

// ownBot enters the bot as soon as there is its company.
func (n *node) ownBot(ctx context.Context, conn *nats.Conn, keys *secret.Keyset) error {
	tick := time.NewTicker(ownBotRetry)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := n.enterBot(ctx, conn, keys); err == nil {
			n.log.Info().Msg("bot can talk to people now")
			return nil
		}
	}
}

// enterBot enters the bot of TELEGRAM_TOKEN for the tenant "default", as `ukbot bots
// add` would, unless that is how it is, and returns its key for the housing services.
func (n *node) enterBot(ctx context.Context, conn *nats.Conn, keys *secret.Keyset) (secret.Text, error) {
	tenant, token := events.DefaultTenant, n.settings.TelegramToken
	have, err := bots.Find(ctx, n.pool, tenant)
	if err != nil && !errors.Is(err, bots.ErrNone) {
		return "", err
	}
	// What cannot be opened, or is another bot's, is replaced.
	if kept, unreadable := have.Open(keys); unreadable == nil && kept.Token == token && kept.Key != "" {
		return kept.Key, nil
	}
	store := unit.Store{Pool: n.pool, Now: time.Now}
	doors, err := auth.New(auth.Config{Store: store, Keys: keys, Log: n.log})
	if err != nil {
		return "", err
	}
	key, err := makeKey(ctx, store, doors, tenant, "bot-"+strings.ToLower(rand.Text()[:6]), botScopes, 0)
	if err != nil {
		return "", err
	}
	r := bots.Record{Tenant: tenant, ID: telegram.New(token, n.settings.TelegramAPI, telegramTimeout).ID()}
	return key, bots.Set(ctx, n.pool, conn, keys, r, bots.Secrets{Token: token, Key: key})
}

// everyRole stands for all roles, and those who have none yet, in UKBOT_BOT_LIMITS.
const everyRole = "all"

// parseLimits reads UKBOT_BOT_LIMITS; what is named last counts.
func parseLimits(text string) (map[api.Role]gate.Limit, error) {
	limits := map[api.Role]gate.Limit{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		var l gate.Limit
		role, numbers, _ := strings.Cut(part, "=")
		n, err := fmt.Sscanf(numbers+"\n", "%d/%d/%d/%d\n", &l.Minute, &l.Hour, &l.Commands, &l.Taps)
		_, known := gate.Limits[api.Role(role)]
		if err != nil || n != 4 || min(l.Minute, l.Hour, l.Commands, l.Taps) < 0 || role == "" || !known && role != everyRole {
			return nil, fmt.Errorf("UKBOT_BOT_LIMITS has %q: want role=messages a minute/an hour/commands/taps, as in executor=40/300/10/120; roles: applicant, executor, manager, admin, all", part)
		}
		for have := range gate.Limits {
			if role == everyRole || have == api.Role(role) {
				limits[have] = l
			}
		}
	}
	return limits, nil
}
