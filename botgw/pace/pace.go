package pace

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"ukbot/events"
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
	// A burst of 3 and one each 60/17 s are never more than 20 in a minute.
	groupEvery = time.Minute / 17
	burst      = 3
	// noticeBurst leaves one of a chat's burst to whoever answers a tap there.
	noticeBurst = burst - 1

	// chatsMax bounds the chats remembered. One that could send its whole burst
	// is no different from one never seen and is forgotten first.
	chatsMax = 4096
)

// ranks orders the priorities; what is not listed comes last.
var ranks = []events.Priority{events.PriorityReply, events.PriorityUrgent, events.PriorityNormal, events.PriorityBroadcast}

// Pace gives turns to one bot's messages: never more than its rate in any second,
// evenly spaced, and never more to a chat than Telegram lets through. Of those
// who wait and whose chat is free the most pressing goes first, then who came first.
type Pace struct {
	rate float64 // a second, of all replicas together; 0: nothing is limited

	mu      sync.Mutex
	every   time.Duration // between two messages of this replica
	alone   bool          // no other replica sends for the bot
	free    time.Time     // when the bot may send again
	last    []time.Time   // when the last second's worth of messages went, in a ring
	next    int           // place of the oldest of them
	chats   map[int64]*chat
	waiting []*chat // those somebody waits for
	timer   *time.Timer
	turns   uint64 // given out, to tell who came first
	crowd   int    // chats remembered at which it is time to forget some
}

// chat is what a chat has been sent of late.
type chat struct {
	id      int64
	every   time.Duration
	whole   time.Time // when its burst is whole again
	held    time.Time // Telegram's own word: nothing before
	waiting []*turn   // the most pressing first
	place   int       // in Pace.waiting
}

// turn is one message that waits.
type turn struct {
	chat    *chat
	rank    int
	number  uint64
	granted chan struct{}
}

// New limits to perSecond messages in all and to Telegram's rates per chat;
// 0 limits nothing.
func New(perSecond float64) *Pace {
	p := &Pace{rate: max(perSecond, 0), chats: map[int64]*chat{}, crowd: chatsMax}
	p.last = make([]time.Time, int(p.rate))
	p.Share(1)
	return p
}

// Share leaves this replica its part of the rate where so many send for the bot.
func (p *Pace) Share(replicas int) {
	if p.rate == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Rounded up: a nanosecond less, thirty times, and a second would hold one message more.
	p.every = time.Duration(math.Ceil(float64(time.Second) * float64(max(replicas, 1)) / p.rate))
	p.alone = replicas <= 1
}

// Wait returns when a message may go to the chat, or with an error when ctx ends.
func (p *Pace) Wait(ctx context.Context, chatID int64, priority events.Priority) error {
	if p.rate == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for a turn: %w", err)
	}
	t := p.enter(chatID, priority)
	select {
	case <-t.granted:
		return nil
	case <-ctx.Done():
		p.leave(t)
		return fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
}

// Hold keeps everything from a chat for so long: Telegram said so.
func (p *Pace) Hold(chatID int64, wait time.Duration) {
	if p.rate == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.chat(chatID)
	if until := time.Now().Add(wait); until.After(c.held) {
		c.held = until
	}
}

// enter takes a place behind those who wait for the chat and are as pressing.
func (p *Pace) enter(chatID int64, priority events.Priority) *turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns++
	t := &turn{chat: p.chat(chatID), rank: rank(priority), number: p.turns, granted: make(chan struct{})}
	c := t.chat
	if len(c.waiting) == 0 {
		c.place = len(p.waiting)
		p.waiting = append(p.waiting, c)
	}
	place, _ := slices.BinarySearchFunc(c.waiting, t, (*turn).compare)
	c.waiting = slices.Insert(c.waiting, place, t)
	p.dispatch()
	return t
}

func rank(priority events.Priority) int {
	if i := slices.Index(ranks, priority); i >= 0 {
		return i
	}
	return len(ranks)
}

func (t *turn) compare(other *turn) int {
	if t.rank != other.rank {
		return t.rank - other.rank
	}
	if t.number < other.number {
		return -1
	}
	return 1
}

// leave takes back a turn that is not wanted any more. One that was granted at
// that moment is lost: the bot sends a little less.
func (p *Pace) leave(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(t.chat.waiting, t); i >= 0 {
		p.remove(t.chat, i)
	}
}

// remove takes a turn from its chat's line, and the chat from those somebody waits for.
func (p *Pace) remove(c *chat, i int) {
	if c.waiting = slices.Delete(c.waiting, i, i+1); len(c.waiting) > 0 {
		return
	}
	last := p.waiting[len(p.waiting)-1]
	p.waiting[c.place], last.place = last, c.place
	p.waiting = p.waiting[:len(p.waiting)-1]
}

// dispatch grants what may be granted now and sees to it that it runs again when
// the next may be. The caller holds p.mu.
func (p *Pace) dispatch() {
	for len(p.waiting) > 0 {
		now := time.Now()
		if wait := p.free.Sub(now); wait > 0 {
			p.wake(wait)
			return
		}
		best, soonest := p.choose(now)
		if best == nil {
			p.wake(soonest.Sub(now))
			return
		}
		p.remove(best.chat, 0)
		best.chat.take(now)
		p.went(now)
		close(best.granted)
	}
}

// went notes that a message goes now, and when the next may. On a busy machine
// each turn comes a little late; if the next counted from there, thirty lates a
// second would add up. So a late of up to half the way between two messages is
// made good at the next, as long as no second has more than its rate. Several
// replicas cannot see each other's seconds, and make nothing good.
func (p *Pace) went(now time.Time) {
	next := now.Add(p.every)
	if p.alone && len(p.last) > 0 {
		next = later(p.free.Add(p.every), now.Add(p.every/2))
		p.last[p.next] = now
		p.next = (p.next + 1) % len(p.last)
		next = later(next, p.last[p.next].Add(time.Second))
	}
	p.free = next
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// choose finds the most pressing turn whose chat is free, or else when the next one is.
func (p *Pace) choose(now time.Time) (best *turn, soonest time.Time) {
	for _, c := range p.waiting {
		t := c.waiting[0]
		at := c.freeAt(t.rank)
		switch {
		case !at.After(now) && (best == nil || t.compare(best) < 0):
			best = t
		case at.After(now) && (soonest.IsZero() || at.Before(soonest)):
			soonest = at
		}
	}
	return best, soonest
}

// wake runs dispatch again after a while.
func (p *Pace) wake(after time.Duration) {
	if p.timer != nil {
		p.timer.Reset(after)
		return
	}
	p.timer = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dispatch()
	})
}

// freeAt is when the chat may be sent a message of this rank.
func (c *chat) freeAt(rank int) time.Time {
	allowed := noticeBurst
	if rank == 0 {
		allowed = burst
	}
	at := c.whole.Add(-time.Duration(allowed-1) * c.every)
	if c.held.After(at) {
		return c.held
	}
	return at
}

// take notes that a message goes to the chat.
func (c *chat) take(now time.Time) {
	if c.whole.Before(now) {
		c.whole = now
	}
	c.whole = c.whole.Add(c.every)
}

// idle says whether the chat is as good as never seen.
func (c *chat) idle(now time.Time) bool {
	return len(c.waiting) == 0 && !c.whole.After(now) && !c.held.After(now)
}

// chat finds a chat; the caller holds p.mu.
func (p *Pace) chat(id int64) *chat {
	c, known := p.chats[id]
	if known {
		return c
	}
	if len(p.chats) >= p.crowd {
		p.forget(time.Now())
	}
	c = &chat{id: id, every: chatEvery}
	if id < 0 {
		c.every = groupEvery
	}
	p.chats[id] = c
	return c
}

// forget drops the chats that have their burst back; if all of them are busy, any
// half that nobody waits for: Telegram's own 429 is still behind this. Those
// somebody waits for stay, however many, and are looked through again only when
// there are twice as many.
func (p *Pace) forget(now time.Time) {
	defer func() { p.crowd = max(chatsMax, 2*len(p.chats)) }()
	for id, c := range p.chats {
		if c.idle(now) {
			delete(p.chats, id)
		}
	}
	if len(p.chats) < chatsMax {
		return
	}
	for id, c := range p.chats {
		if len(p.chats) <= chatsMax/2 {
			return
		}
		if len(c.waiting) == 0 {
			delete(p.chats, id)
		}
	}
}
