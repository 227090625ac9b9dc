package simulator

import (
	"math"
	"time"
)

// Telegram's sending limits (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this):
// about 30 messages a second in all, one a second to a chat with short bursts
// let through, 20 a minute to a group. Beyond them: 429 with retry_after.
var (
	overall   = rate{every: time.Second / 30, burst: 30}
	perChat   = rate{every: time.Second, burst: 3}
	perMinute = rate{every: time.Minute / 20, burst: 20}
)

// rate allows burst messages at once, then one each every.
type rate struct {
	every time.Duration
	burst int
}

// bucket is the moment from which it would be full again.
type bucket struct{ full time.Time }

// wait is how long until the bucket has room; 0 is now.
func (b *bucket) wait(r rate, now time.Time) time.Duration {
	room := b.full.Add(-time.Duration(r.burst-1) * r.every)
	return max(0, room.Sub(now))
}

// take uses one place.
func (b *bucket) take(r rate, now time.Time) {
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(r.every)
}

// throttle takes a place in every bucket a message counts for, or in none and
// refuses. The caller holds s.mu.
func (s *Server) throttle(b *bot, d *dialog, chat int64) error {
	if !s.cfg.Flood {
		return nil
	}
	now := s.cfg.Now()
	wait := max(b.pace.wait(overall, now), d.pace.wait(perChat, now))
	if chat < 0 {
		wait = max(wait, d.minute.wait(perMinute, now))
	}
	if wait > 0 {
		return tooMany(int(math.Ceil(wait.Seconds())))
	}
	b.pace.take(overall, now)
	d.pace.take(perChat, now)
	d.minute.take(perMinute, now) // counts in groups only
	return nil
}
