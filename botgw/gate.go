package botgw

import (
	"context"
	"sync"
	"time"
)

const (
	// When so many different chats are told 429 within floodWindow, it is the bot
	// that is too fast and not they.
	floodChats  = 3
	floodWindow = 5 * time.Second
	// tokenPause is how often a token that is not accepted is tried again.
	tokenPause = time.Minute
)

// gate is what every message of a bot passes just before it is sent. It is shut
// for a while when Telegram holds the whole bot, and all but one try a minute are
// kept back while the token is not accepted.
type gate struct {
	mu      sync.Mutex
	until   time.Time // shut until then
	refused bool      // the token
	opened  chan struct{}
	floods  map[int64]time.Time // when a chat was last told 429
}

func newGate() *gate {
	return &gate{opened: make(chan struct{}), floods: map[int64]time.Time{}}
}

// pass waits until the gate is open or ctx ends.
func (g *gate) pass(ctx context.Context) error {
	for {
		wait, opened := g.claim(time.Now())
		if wait <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-opened:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// claim says how long to wait. While the token is refused it lets one through
// each tokenPause.
func (g *gate) claim(now time.Time) (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := g.until.Sub(now)
	if wait <= 0 && g.refused {
		g.until = now.Add(tokenPause)
	}
	return wait, g.opened
}

// flood notes that a chat was told to wait and reports whether that shut the gate.
func (g *gate) flood(chatID int64, wait time.Duration, now time.Time) (shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.floods[chatID] = now
	for id, at := range g.floods {
		if now.Sub(at) > floodWindow {
			delete(g.floods, id)
		}
	}
	if len(g.floods) < floodChats {
		return false
	}
	shut = g.until.Before(now)
	if until := now.Add(wait); until.After(g.until) {
		g.until = until
	}
	return shut
}

// refuse shuts the gate because the token was not accepted; first says that it was
// accepted until now.
func (g *gate) refuse(now time.Time) (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	first = !g.refused
	if first {
		g.refused, g.until = true, now.Add(tokenPause)
	}
	return first
}

// accept opens the gate after a refused token; first says that it was refused.
func (g *gate) accept() (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.refused {
		return false
	}
	g.refused, g.until = false, time.Time{}
	close(g.opened)
	g.opened = make(chan struct{})
	return true
}
