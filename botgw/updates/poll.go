package updates

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/bots"
	"ukbot/botgw/telegram"
)

// Pauses after a poll that failed.
const (
	pollFirst    = time.Second
	pollMax      = time.Minute
	pollConflict = 5 * time.Second // another one polls, or a webhook is set: it may be about to stop
	pollFatal    = time.Minute     // the token is not accepted
	pollEmpty    = 500 * time.Millisecond
)

// poll fetches a bot's updates until ctx ends.
func (in *Intake) poll(ctx context.Context, b *bots.Bot) {
	p := &poller{in: in, bot: b, log: in.log.With().Str("tenant", b.Tenant).Int64("bot", b.ID).Logger()}
	for {
		err := p.session(ctx)
		if ctx.Err() != nil {
			return
		}
		pause := p.failed(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// poller fetches the updates of one bot.
type poller struct {
	in       *Intake
	bot      *bots.Bot
	log      zerolog.Logger
	failures int    // in a row
	said     string // the action last logged

	// offset confirms what was stored: Telegram forgets all below it. It is 0
	// where nothing is to be confirmed, and that is also the only value which is
	// right for ids that begin anew after a quiet week.
	offset int64
}

// session polls until something fails. A webhook that was left behind would
// refuse every poll, so it goes first.
func (p *poller) session(ctx context.Context) error {
	if err := p.bot.Client.DeleteWebhook(ctx); err != nil {
		return err
	}
	for {
		began := time.Now()
		raws, err := p.bot.Client.GetUpdates(ctx, p.offset, p.in.cfg.PollWait, Allowed())
		if err != nil {
			return err
		}
		p.fine()
		if len(raws) == 0 {
			p.offset = 0 // it has been confirmed
			if err := rest(ctx, pollEmpty-time.Since(began)); err != nil {
				return err
			}
			continue
		}
		if err := p.in.storeAll(ctx, p.bot, raws); err != nil {
			return err
		}
		if p.offset = following(raws); p.offset == 0 {
			return errNoIDs
		}
	}
}

// errNoIDs means that a whole batch cannot be confirmed; it will come again.
var errNoIDs = errors.New("updates without ids")

// following is the offset that confirms a batch: one more than its last id.
func following(raws []json.RawMessage) int64 {
	for i := len(raws) - 1; i >= 0; i-- {
		if h, err := peek(raws[i]); err == nil {
			return h.ID + 1
		}
	}
	return 0
}

// rest waits, if there is anything to wait for.
func rest(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// fine notes that Telegram answers.
func (p *poller) fine() {
	if p.said != "" {
		p.log.Info().Msg("Telegram is polled again")
	}
	p.failures, p.said = 0, ""
	p.in.cfg.Metrics.tokenRefused.WithLabelValues(p.bot.Tenant).Set(0)
}

// failed says how long to wait after an error, and logs it when it is a new one.
func (p *poller) failed(err error) time.Duration {
	verdict := telegram.Classify(err)
	pause := backoff(verdict, p.failures)
	p.failures++
	p.in.cfg.Metrics.failed.WithLabelValues(verdict.Action.String()).Inc()
	level := zerolog.WarnLevel
	if verdict.Action == telegram.Fatal {
		level = zerolog.ErrorLevel
		p.in.cfg.Metrics.tokenRefused.WithLabelValues(p.bot.Tenant).Set(1)
	}
	if p.said == verdict.Action.String() {
		level = zerolog.DebugLevel
	}
	p.said = verdict.Action.String()
	p.log.WithLevel(level).Err(err).Str("action", p.said).Dur("retry_in_ms", pause).Msg("Telegram cannot be polled")
	return pause
}

// backoff is the pause after the n-th failure in a row, from 0.
func backoff(v telegram.Verdict, n int) time.Duration {
	grown := func(first time.Duration) time.Duration { return min(first<<min(n, 10), pollMax) }
	switch v.Action {
	case telegram.HoldChat:
		return v.RetryAfter
	case telegram.Conflict:
		return grown(pollConflict)
	case telegram.Fatal:
		return pollFatal
	}
	return max(grown(pollFirst), v.RetryAfter)
}
