package botgw

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
)

// laterMessage is a notice as a schedule: it comes onto its lane at a time. Nothing
// holds it meanwhile but the stream (docs/decisions/0010-quiet-hours.md).
func laterMessage(n events.Notice, e events.Envelope, at time.Time) *natsgo.Msg {
	m := natsgo.NewMsg(events.LaterSubject(n.Tenant, n.ID))
	m.Header, m.Data = e.Header(), e.Data
	m.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%s/later/%d", n.ID, at.Unix()))
	// Not WithScheduleAt: it cuts to whole seconds and fires early.
	m.Header.Set(jetstream.ScheduleHeader, "@at "+at.UTC().Format(time.RFC3339Nano))
	m.Header.Set(jetstream.ScheduleTargetHeader, events.NoticeSubject(n.Tenant, n.Priority, n.ChatID))
	return m
}

// quiet is between which minutes of the day somebody hears only what is urgent.
type quiet struct {
	from, to int16
	zone     *time.Location
}

// until is when the quiet ends in which now lies; false when it lies in none.
func (q quiet) until(now time.Time) (time.Time, bool) {
	local := now.In(q.zone)
	minute := int16(local.Hour()*60 + local.Minute())
	inside := minute >= q.from && minute < q.to
	if q.from > q.to { // over midnight
		inside = minute >= q.from || minute < q.to
	}
	if !inside {
		return now, false
	}
	end := time.Date(local.Year(), local.Month(), local.Day(), int(q.to)/60, int(q.to)%60, 0, 0, q.zone)
	if !end.After(now) {
		end = time.Date(local.Year(), local.Month(), local.Day()+1, int(q.to)/60, int(q.to)%60, 0, 0, q.zone)
	}
	return end, true
}

// Waits of a notice whose tenant has no bot, or one whose token is not accepted.
// At first in hand: the bot may have been added a moment ago. Then in the stream,
// ever longer: in hand it would take up room in the lane of others.
const (
	botlessPause = time.Second
	botlessTries = 5
	botlessFirst = time.Minute
	botlessMax   = time.Hour
)

// errNoBot is why such a notice waits.
var errNoBot = errors.New("the tenant has no bot: `ukbot bots add` gives it one")

// withoutBot keeps a notice until its tenant has a bot.
func (s *Sender) withoutBot(ctx context.Context, m *nats.Message, n events.Notice, attempt int) error {
	if s.botless.news(n.Tenant, time.Now()) {
		s.log.Warn().Str("tenant", n.Tenant).Msg("notices wait: the tenant has no bot")
	}
	if attempt < botlessTries {
		return nats.RetryAfter(botlessPause, errNoBot)
	}
	return s.park(ctx, m, n)
}

// park gives a notice to the stream for a while.
func (s *Sender) park(ctx context.Context, m *nats.Message, n events.Notice) error {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return nats.Permanent(err)
	}
	wait := min(max(time.Since(n.Since), botlessFirst), botlessMax)
	if _, err := s.publisher.Publish(ctx, laterMessage(n, e, time.Now().Add(wait))); err != nil {
		return nats.RetryAfter(streamsPause, fmt.Errorf("park notice %s: %w", n.ID, err))
	}
	return nil
}

// botless is the tenants without a bot, and when that was last said.
type botless struct {
	mu   sync.Mutex
	said map[string]time.Time
}

// news says whether it is time to say it of a tenant: once a minute.
func (b *botless) news(tenant string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.said[tenant]) < time.Minute {
		return false
	}
	b.said[tenant] = now
	return true
}
