package housingtest

import (
	"sync"
	"time"
)

// Monday is when a test's clock begins: 9 o'clock on Monday, 2 March 2026, in Tashkent.
var Monday = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

// Clock is the company's clock. It stands still until a test moves it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set sets the clock.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Advance moves the clock on. Access tokens live 15 minutes: Client.Renew after more.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}
