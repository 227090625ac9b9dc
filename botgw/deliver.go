package botgw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/sql/db"
)

const (
	// hopsMax is how often one notice follows a group that moves.
	hopsMax = 3
	// bookTimeout bounds a note in PostgreSQL: it may be away, and a person waits.
	bookTimeout = 2 * time.Second
)

// delivery is one notice on its way through one outlet.
type delivery struct {
	*Sender
	Outlet
	plan
	chat  int64
	plain bool
	hops  int
}

// deliver sends a notice until it is done or must wait.
func (s *Sender) deliver(ctx, waiting context.Context, outlet Outlet, p plan) error {
	d := &delivery{Sender: s, Outlet: outlet, plan: p, chat: p.notice.ChatID}
	for {
		if err := d.pass(waiting); err != nil {
			return err
		}
		id, err := d.call(ctx)
		if over, err := d.settle(ctx, id, err); over {
			return err
		}
	}
}

// errToken is why a notice waits in the stream: one bot's bad token must not fill
// the lanes of all.
var errToken = errors.New("telegram does not accept the bot's token")

// pass waits for the valve; for one that is shut because of the token, not long.
func (d *delivery) pass(waiting context.Context) error {
	short, cancel := context.WithTimeout(waiting, botlessTries*botlessPause)
	defer cancel()
	ctx := waiting
	if d.Line.Refused() {
		ctx = short
	}
	err := d.Line.Pass(ctx)
	if err != nil && waiting.Err() == nil {
		return errToken
	}
	if err != nil {
		return fmt.Errorf("wait for Telegram: %w", err)
	}
	return nil
}

// settle does what the answer of a call asks for; over says that there is
// nothing more to call for now.
func (d *delivery) settle(ctx context.Context, id int, err error) (over bool, _ error) {
	v := telegram.Classify(err)
	switch v.Action {
	case telegram.Success, telegram.Ignore:
		return true, d.shown(ctx, id)
	case telegram.SendNew, telegram.EditCaption: // the message to edit is gone, or is a photo by now
		if d.edit == 0 {
			return true, nats.Permanent(err)
		}
		d.edit = 0
	case telegram.SendPlain:
		if d.plain {
			return true, nats.Permanent(err)
		}
		d.log.Error().Err(err).Str("template", d.notice.Template).Str("language", d.notice.Language).Str("notice", d.notice.ID).Msg("markup refused, sending plain text")
		d.plain = true
	case telegram.Migrate:
		if d.hops++; d.hops > hopsMax {
			return true, nats.Permanent(err)
		}
		d.follow(ctx, d.notice.Tenant, d.chat, v.MigrateTo)
		d.chat, d.edit = v.MigrateTo, 0
	case telegram.Unreachable:
		d.mark(ctx, d.notice.Tenant, d.chat)
		return true, d.done(ctx, d.notice, Delivery{Outcome: outcomeUnreachable, ChatID: d.chat})
	case telegram.HoldChat:
		d.Line.Hold(d.chat, v.RetryAfter)
		if d.Line.Flood(d.chat, v.RetryAfter, time.Now()) {
			d.log.Warn().Str("tenant", d.notice.Tenant).Dur("retry_in_ms", v.RetryAfter).Msg("telegram holds the bot, all chats wait")
		}
		return true, nats.RetryAfter(v.RetryAfter+jitter(), err)
	case telegram.Fatal:
		if d.Line.Refuse(time.Now()) {
			d.log.Error().Err(err).Str("tenant", d.notice.Tenant).Msg("telegram does not accept the bot's token, nothing is sent until it does")
		}
	case telegram.Retry, telegram.Conflict:
		return true, err
	default: // Bug
		return true, nats.Permanent(err)
	}
	return false, nil
}

// jitter keeps apart what was held together.
func jitter() time.Duration {
	return rand.N(250 * time.Millisecond) //nolint:gosec // jitter is no secret
}

// call makes one call and notes how it went. The id is of the message that shows
// the notice then.
func (d *delivery) call(ctx context.Context) (id int, err error) {
	began, method := time.Now(), "sendMessage"
	text := d.page.text()
	if d.plain {
		text = telegram.Cut(telegram.Plain(text), telegram.TextMax)
	}
	if d.edit != 0 {
		id, method = d.edit, "editMessageText"
		err = d.Bot.EditText(ctx, telegram.Edited{ChatID: d.chat, MessageID: d.edit, Text: text, Plain: d.plain, Markup: d.page.markup()})
	} else {
		id, err = d.Bot.Send(ctx, telegram.Outgoing{ChatID: d.chat, Text: text, Plain: d.plain, Markup: d.page.markup()})
	}
	action := telegram.Classify(err).Action
	d.cfg.Metrics.call(method, began, action)
	if action == telegram.Retry {
		return id, err
	}
	d.cfg.Metrics.refused.Set(float64(d.refused.note(d.notice.Tenant, action == telegram.Fatal)))
	if action != telegram.Fatal && d.Line.Accept() {
		d.log.Info().Str("tenant", d.notice.Tenant).Msg("telegram accepts the bot's token again")
	}
	return id, err
}

// refused is the tenants whose bot's token is not accepted.
type refused struct {
	mu      sync.Mutex
	tenants map[string]bool
}

// note says how it is with one, and how many there are.
func (r *refused) note(tenant string, is bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if is {
		r.tenants[tenant] = true
	} else {
		delete(r.tenants, tenant)
	}
	return len(r.tenants)
}

// shown notes which message shows the notice: first for the notices that follow,
// then that this one is done.
func (d *delivery) shown(ctx context.Context, id int) error {
	outcome := outcomeSent
	switch {
	case d.plain:
		outcome = outcomePlain
	case d.edit != 0:
		outcome = outcomeEdited
	}
	if d.notice.Card != "" {
		now := time.Now().UTC()
		if d.edit != id {
			d.page.New = now
		}
		d.page.Message, d.page.SentAt = id, now
		if err := d.cards.put(ctx, d.notice, d.chat, d.card.with(d.page, d.notice.Way)); err != nil {
			d.log.Warn().Err(err).Str("notice", d.notice.ID).Msg("message of a card not noted, the next change sends another")
		}
	}
	return d.done(ctx, d.notice, Delivery{Outcome: outcome, MessageID: id, ChatID: d.chat})
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
