package pace

import (
	"context"
	"sync"
	"time"
)

const (
	// When so many different chats are told 429 within floodWindow, it is the bot
	// that is too fast and not they.
	FloodChats  = 3
	floodWindow = 5 * time.Second
	// tokenPause is how often a token that is not accepted is tried again.
	tokenPause = time.Minute
)

// Valve is what every message of a bot passes just before it is sent. It is shut
// for a while when Telegram holds the whole bot, and all but one try a minute are
// kept back while the token is not accepted.
type Valve struct {
	mu      sync.Mutex
	until   time.Time // shut until then
	refused bool      // the token
	opened  chan struct{}
	floods  map[int64]time.Time // when a chat was last told 429
}

// NewValve makes an open one.
func NewValve() *Valve {
	return &Valve{opened: make(chan struct{}), floods: map[int64]time.Time{}}
}

// Pass waits until the gate is open or ctx ends.
func (g *Valve) Pass(ctx context.Context) error {
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
func (g *Valve) claim(now time.Time) (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := g.until.Sub(now)
	if wait <= 0 && g.refused {
		g.until = now.Add(tokenPause)
	}
	return wait, g.opened
}

// Flood notes that a chat was told to wait and reports whether that shut the gate.
func (g *Valve) Flood(chatID int64, wait time.Duration, now time.Time) (shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.floods[chatID] = now
	for id, at := range g.floods {
		if now.Sub(at) > floodWindow {
			delete(g.floods, id)
		}
	}
	if len(g.floods) < FloodChats {
		return false
	}
	shut = g.until.Before(now)
	if until := now.Add(wait); until.After(g.until) {
		g.until = until
	}
	return shut
}

// Refuse shuts the gate because the token was not accepted; first says that it was
// accepted until now.
func (g *Valve) Refuse(now time.Time) (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	first = !g.refused
	if first {
		g.refused, g.until = true, now.Add(tokenPause)
	}
	return first
}

// Refused says whether the token is not accepted.
func (g *Valve) Refused() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

// Accept opens the gate after a refused token; first says that it was refused.
func (g *Valve) Accept() (first bool) {
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
