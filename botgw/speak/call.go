package speak

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

const (
	// waitMax is how long a person's lane waits for Telegram within one call; a
	// longer hold gives the update back, and only its chat waits.
	waitMax = 3 * time.Second
	// triesMax is how often a call that does no harm twice is made when Telegram is down.
	triesMax  = 3
	tryPause  = 300 * time.Millisecond // before the second try, doubled for the third
	awayPause = 5 * time.Second        // before the update comes again when Telegram stays down
	turnPause = 2 * time.Second        // … when others are first for longer than waitMax
	refused   = time.Minute            // … when it does not accept the token
	hopsMax   = 3                      // how often one answer follows a group that moves
	// bookTimeout bounds a note in PostgreSQL: it may be away, and a person waits.
	bookTimeout = 2 * time.Second
)

// call is one call of the Bot API.
type call struct {
	method string
	again  bool // doing it twice does no harm: an edit, not a message
	free   bool // does not count among Telegram's limits
}

// call makes a call until it is done or nothing more can be done now. The
// action, if there is no error, is Success, or what the caller is to do instead:
// SendNew, SendPlain, EditCaption; Bug, which is logged, where nothing helps.
func (d *delivery) call(ctx context.Context, c call, do func(context.Context) error) (telegram.Action, error) {
	var held time.Duration
	for tries, hops := 1, 0; ; {
		if err := d.turn(ctx, c); err != nil {
			return telegram.Retry, err
		}
		v, err := d.once(ctx, c, do)
		switch v.Action {
		case telegram.Success, telegram.Ignore:
			return telegram.Success, nil
		case telegram.SendNew, telegram.EditCaption:
			return v.Action, nil
		case telegram.SendPlain, telegram.Bug:
			d.log.Error().Err(err).Str("method", c.method).Str("action", v.Action.String()).Msg("telegram refuses what the bot says")
			return v.Action, nil
		case telegram.Unreachable:
			d.unreachable(ctx)
			return v.Action, errGone
		case telegram.Migrate:
			if hops++; hops > hopsMax {
				return v.Action, nats.Permanent(err)
			}
			d.moved(ctx, v.MigrateTo)
		case telegram.HoldChat:
			if held += v.RetryAfter; held > waitMax {
				return v.Action, nats.RetryAfter(v.RetryAfter+jitter(), err)
			}
			if err := pause(ctx, v.RetryAfter); err != nil {
				return v.Action, err
			}
		case telegram.Fatal:
			return v.Action, nats.RetryAfter(refused, err)
		default: // Retry, Conflict
			if tries++; !c.again && !unsent(err) || tries > triesMax {
				return v.Action, nats.RetryAfter(awayPause+jitter(), err)
			}
			if err := pause(ctx, tryPause<<(tries-2)); err != nil {
				return v.Action, err
			}
		}
	}
}

// unsent says that Telegram was not even reached: nothing can come twice.
func unsent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// turn waits until Telegram's limits let a call through: before notices, and not
// for long, because a person's lane waits with it.
func (d *delivery) turn(ctx context.Context, c call) error {
	if c.free || d.line == nil {
		return ctx.Err()
	}
	short, cancel := context.WithTimeout(ctx, waitMax)
	defer cancel()
	err := d.line.Wait(short, d.chat, events.PriorityReply)
	if err == nil {
		err = d.line.Pass(short)
	}
	if err != nil && ctx.Err() == nil {
		return nats.RetryAfter(turnPause+jitter(), err)
	}
	return err
}

// once makes a call once, counts it, and tells the line what Telegram said.
func (d *delivery) once(ctx context.Context, c call, do func(context.Context) error) (telegram.Verdict, error) {
	began := time.Now()
	err := do(ctx)
	v := telegram.Classify(err)
	d.cfg.Metrics.call(c.method, v.Action.String(), began)
	if ctx.Err() != nil && v.Action == telegram.Retry {
		err = ctx.Err()
	}
	if d.line != nil {
		d.heed(v)
	}
	return v, err
}

// heed tells the line what concerns everybody who sends for the bot.
func (d *delivery) heed(v telegram.Verdict) {
	switch v.Action {
	case telegram.HoldChat:
		d.line.Hold(d.chat, v.RetryAfter)
		if d.line.Flood(d.chat, v.RetryAfter, time.Now()) {
			d.log.Warn().Dur("retry_in_ms", v.RetryAfter).Msg("telegram holds the bot, all chats wait")
		}
	case telegram.Fatal:
		if d.line.Refuse(time.Now()) {
			d.log.Error().Msg("telegram does not accept the bot's token, nothing is sent until it does")
		}
	case telegram.Retry:
	default:
		if d.line.Accept() {
			d.log.Info().Msg("telegram accepts the bot's token again")
		}
	}
}

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// jitter keeps apart what was held together.
func jitter() time.Duration {
	return rand.N(250 * time.Millisecond) //nolint:gosec // jitter is no secret
}

// answer ends the wait that a tap shows, with the words of the turn if there
// are any. Nothing hangs on it: what is too old is done, and what Telegram holds
// for long is left for the case that the update comes again.
func (s *Speaker) answer(ctx context.Context, bot *telegram.Bot, query string, outs []talk.Out) (done bool) {
	text, alert := toast(outs)
	d := s.delivery(bot, "", 0)
	d.line = nil // taps are answered beside the line
	_, err := d.call(ctx, call{method: "answerCallbackQuery", again: true, free: true}, func(ctx context.Context) error {
		return bot.AnswerCallback(ctx, query, text, alert)
	})
	if err != nil && !errors.Is(err, errGone) {
		s.log.Warn().Err(err).Msg("tap not answered")
		return false
	}
	return true
}

// unreachable notes that the chat cannot be written to, so that notices pass it
// by. Without PostgreSQL the next message finds out again.
func (d *delivery) unreachable(ctx context.Context) {
	d.note(ctx, "unreachable chat not marked", func(ctx context.Context, q *db.Queries) error {
		return errors.Join(q.MarkUnreachable(ctx, d.tenant, d.chat), q.MarkSubscriptionsUnreachable(ctx, d.tenant, d.chat))
	})
}

// moved follows a group to its new id and stores that. Without PostgreSQL the
// next message to the old one is told it again.
func (d *delivery) moved(ctx context.Context, to int64) {
	from := d.chat
	d.chat = to
	d.note(ctx, "group's new id not stored", func(ctx context.Context, q *db.Queries) error {
		return errors.Join(
			q.MigrateChat(ctx, db.MigrateChatParams{TenantID: d.tenant, ChatID: from, NewChatID: to}),
			q.MigrateSubscriptions(ctx, db.MigrateSubscriptionsParams{TenantID: d.tenant, ChatID: from, NewChatID: to}),
		)
	})
}

// note writes something down about the chat, if there is where.
func (d *delivery) note(ctx context.Context, failed string, write func(context.Context, *db.Queries) error) {
	if d.cfg.Pool == nil || d.tenant == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, bookTimeout)
	defer cancel()
	if err := write(ctx, db.New(d.cfg.Pool)); err != nil {
		d.log.Warn().Err(err).Msg(failed)
	}
}
