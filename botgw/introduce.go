package botgw

import (
	"context"
	"errors"
	"time"

	"ukbot/botgw/bots"
	"ukbot/botgw/company"
)

// How soon what bots say to everybody is set again: while a company may have
// changed it, and after a failure.
const (
	publicEvery = 5 * time.Minute
	publicAgain = 5 * time.Second // and twice that after the next
)

// publicly is something that a bot says to everybody.
type publicly struct {
	set    func(context.Context, *bots.Bot) error
	failed string         // for the log
	done   map[int64]bool // by bot, in this round
	said   map[int64]bool // failures that are logged: once, not all the while that Telegram is away
}

// announce sets the commands of those who have no session, and what a bot says of
// itself, for each bot that comes and now and then: whoever has a session gets
// their commands with their next update.
func (g *Gateway) announce(ctx context.Context) error {
	commands := func(ctx context.Context, bot *bots.Bot) error {
		return g.commands.Announce(ctx, bot.Client, bot.Tenant)
	}
	all := []publicly{
		{commands, "commands of the bot not set, trying again", map[int64]bool{}, map[int64]bool{}},
		{g.introduce, "description of the bot not set, trying again", map[int64]bool{}, map[int64]bool{}},
	}
	for again := publicAgain; ; {
		changed := g.cfg.Bots.Changed()
		pause := publicEvery
		for _, what := range all {
			if !g.announced(ctx, what) {
				pause = again
			}
		}
		again = min(2*pause, publicEvery)
		if pause == publicEvery { // the next round is of all bots
			for _, what := range all {
				clear(what.done)
			}
			again = publicAgain
		}
		select {
		case <-changed:
			again = publicAgain // who has come has not failed yet
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// announced sets something for each bot that has it not in this round, and says
// whether all have it then.
func (g *Gateway) announced(ctx context.Context, what publicly) bool {
	all := true
	for _, bot := range g.cfg.Bots.All() {
		if what.done[bot.ID] {
			continue
		}
		err := what.set(ctx, bot)
		if what.done[bot.ID] = err == nil; err == nil || ctx.Err() != nil {
			continue
		}
		all = false
		if !what.said[bot.ID] && !errors.Is(err, company.ErrAway) { // services come up beside the bot
			g.cfg.Log.Warn().Err(err).Str("tenant", bot.Tenant).Msg(what.failed)
			what.said[bot.ID] = true
		}
	}
	return all
}

// introduce has a bot say whose it is.
func (g *Gateway) introduce(ctx context.Context, bot *bots.Bot) error {
	client, known := g.clients.of(bot.Tenant)
	if !known {
		return errUnserved
	}
	answer, err := client.Machine().GetCompanyWithResponse(ctx)
	if err != nil {
		return err
	}
	if answer.JSON200 == nil {
		return company.Refused(answer.ApplicationproblemJSONDefault)
	}
	return g.intro.Introduce(ctx, bot.Client, answer.JSON200.Name)
}
