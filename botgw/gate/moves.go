package gate

import (
	"context"
	"errors"
	"time"

	"ukbot/botgw/talk"
	"ukbot/sql/db"
)

// moves are the updates that nobody sends by hand: they change where people are
// reached, and are answered with nothing.
var moves = map[talk.Kind]func(*Gate, context.Context, talk.Update) error{
	talk.Blocked: unlessAway(func(g *Gate, ctx context.Context, u talk.Update) error {
		return errors.Join(
			db.New(g.cfg.Pool).MarkUnreachable(ctx, u.Tenant, u.Chat),
			db.New(g.cfg.Pool).MarkSubscriptionsUnreachable(ctx, u.Tenant, u.Chat))
	}),
	talk.Returned: unlessAway(func(g *Gate, ctx context.Context, u talk.Update) error {
		return errors.Join(
			db.New(g.cfg.Pool).MarkReachable(ctx, u.Tenant, u.Chat),
			db.New(g.cfg.Pool).MarkSubscriptionsReachable(ctx, u.Tenant, u.Chat))
	}),
	talk.Migrated: func(g *Gate, ctx context.Context, u talk.Update) error {
		return errors.Join(
			db.New(g.cfg.Pool).MigrateChat(ctx, db.MigrateChatParams{TenantID: u.Tenant, ChatID: u.Chat, NewChatID: u.MigratedTo}),
			db.New(g.cfg.Pool).MigrateSubscriptions(ctx, db.MigrateSubscriptionsParams{TenantID: u.Tenant, ChatID: u.Chat, NewChatID: u.MigratedTo}))
	},
}

// moveTime bounds what PostgreSQL is asked for a move: the chat's next update waits.
const moveTime = 2 * time.Second

// unlessAway does what need not be done: who blocked the bot is met with again at
// the next message to them, who returned with their /start. While PostgreSQL is
// away, a chat must not wait for that. A group's new id comes once: it waits.
func unlessAway(move func(*Gate, context.Context, talk.Update) error) func(*Gate, context.Context, talk.Update) error {
	return func(g *Gate, ctx context.Context, u talk.Update) error {
		ctx, cancel := context.WithTimeout(ctx, moveTime)
		defer cancel()
		if err := move(g, ctx, u); err != nil {
			g.metrics.peopleAway.Inc()
			g.cfg.Log.Warn().Err(err).Str("tenant", u.Tenant).Str("kind", string(u.Kind)).Msg("whether a chat can be reached is not noted")
		}
		return nil
	}
}
