package pace

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Telegram's sending limits (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this):
// one message a second to a chat with short bursts let through, 20 a minute to a
// group, about DefaultRate a second in all. Beyond them it answers 429.
const (
	// DefaultRate is messages a second of one bot.
	DefaultRate = 30

	// A tenth more than a second: a call that is slow on its way arrives closer to
	// the next one, and a 429 costs more than the tenth.
	chatEvery = 1100 * time.Millisecond
	chatBurst = 3
	// A burst of 3 and one each 60/17 s are never more than 20 in a minute.
	groupEvery = time.Minute / 17
	groupBurst = 3

	// paceChats bounds the chats remembered. One that could send its whole burst
	// is no different from one never seen and is forgotten first.
	paceChats = 4096
)

// Pace is the token buckets of one bot.
type Pace struct {
	all *rate.Limiter // nil: nothing is limited

	mu    sync.Mutex
	chats map[int64]*rate.Limiter
}

// New limits to perSecond messages in all and to Telegram's rates per chat;
// 0 limits nothing.
func New(perSecond float64) *Pace {
	if perSecond <= 0 {
		return &Pace{}
	}
	return &Pace{
		// Not Telegram's whole second at once: ours and its second begin at different moments.
		all:   rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/3))),
		chats: map[int64]*rate.Limiter{},
	}
}

// Wait returns when a message may go to the chat, or with an error when ctx ends
// or would end before. The chat's turn comes first, so that no chat holds a place
// of the whole bot while it waits for its own; but it is taken last, at the
// moment of sending, or what waited long for the bot would follow too closely.
func (p *Pace) Wait(ctx context.Context, chatID int64) error {
	if p.all == nil {
		return nil
	}
	chat := p.chat(chatID)
	if err := ready(ctx, chat); err != nil {
		return fmt.Errorf("wait for the chat's turn: %w", err)
	}
	if err := p.all.Wait(ctx); err != nil {
		return fmt.Errorf("wait for the bot's turn: %w", err)
	}
	return chat.Wait(ctx) // ready by now
}

// ready waits until a limiter has a token and takes none.
func ready(ctx context.Context, limiter *rate.Limiter) error {
	missing := 1 - limiter.Tokens()
	if missing <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Duration(missing / float64(limiter.Limit()) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (p *Pace) chat(id int64) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter, known := p.chats[id]
	if known {
		return limiter
	}
	if len(p.chats) >= paceChats {
		p.forget()
	}
	limiter = rate.NewLimiter(rate.Every(chatEvery), chatBurst)
	if id < 0 {
		limiter = rate.NewLimiter(rate.Every(groupEvery), groupBurst)
	}
	p.chats[id] = limiter
	return limiter
}

// forget drops the chats that have their burst back; if all of them are busy, any
// half: Telegram's own 429 is still behind this. The caller holds p.mu.
func (p *Pace) forget() {
	for id, limiter := range p.chats {
		if limiter.Tokens() >= float64(limiter.Burst()) {
			delete(p.chats, id)
		}
	}
	for id := range p.chats {
		if len(p.chats) <= paceChats/2 {
			return
		}
		delete(p.chats, id)
	}
}
