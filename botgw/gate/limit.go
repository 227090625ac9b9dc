package gate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/nats"
)

// Limit is how much a person may do, per bot; 0 is no limit.
type Limit struct {
	Minute   int // messages, commands among them, within any 60 s
	Hour     int // messages within any hour
	Commands int // within any 60 s
	Taps     int // within any 60 s; above the messages', for paging through a list is no offence
}

// Limits are the limits by active role; "" is who has none yet. An album is one message.
var Limits = map[api.Role]Limit{
	"":                {Minute: 20, Hour: 100, Commands: 5, Taps: 60},
	api.RoleApplicant: {Minute: 20, Hour: 100, Commands: 5, Taps: 60},
	api.RoleExecutor:  {Minute: 20, Hour: 100, Commands: 5, Taps: 60},
	api.RoleManager:   {Minute: 20, Hour: 100, Commands: 5, Taps: 60},
	api.RoleAdmin:     {Minute: 20, Hour: 100, Commands: 5, Taps: 60},
}

// rule is one of the limits.
type rule struct {
	span  time.Duration
	limit func(Limit) int
	of    [3]bool // which sorts count
	key   string  // what is said
	unit  time.Duration
}

// rulesMax is the number of warnings that a window has room for.
const rulesMax = 4

// rules are looked at in this order. The place of one is stored with windows.
var rules = [rulesMax]rule{
	{time.Hour, func(l Limit) int { return l.Hour }, [3]bool{aMessage: true, aCommand: true}, "gate.slow_hour", time.Minute},
	{time.Minute, func(l Limit) int { return l.Minute }, [3]bool{aMessage: true, aCommand: true}, "gate.slow_minute", time.Second},
	{time.Minute, func(l Limit) int { return l.Commands }, [3]bool{aCommand: true}, "gate.slow_commands", time.Second},
	{time.Minute, func(l Limit) int { return l.Taps }, [3]bool{aTap: true}, "gate.slow_taps", time.Second},
}

// freeAt is when the rule lets e through: not after e.at, if it does now.
func (r *rule) freeAt(events []event, e event, limit Limit) int64 {
	most := r.limit(limit)
	if !r.of[e.sort] || most <= 0 {
		return 0
	}
	span := r.span.Milliseconds()
	var within []int64
	for _, known := range events {
		if known.sort < sort(len(r.of)) && r.of[known.sort] && known.at > e.at-span && known.at <= e.at+skew.Milliseconds() {
			within = append(within, known.at)
		}
	}
	if len(within) < most {
		return 0
	}
	slices.Sort(within) // one may have come late
	return within[len(within)-most] + span
}

// limiter keeps the windows where all replicas see them.
type limiter struct {
	bucket
	js      jetstream.JetStream // to make the bucket anew
	metrics *metrics
	own     map[api.Role]Limit

	lanes [4096]sync.Mutex // a process does not compete with itself for a key; many, as one is held while the store answers

	mu    sync.Mutex
	known map[string]counted // what this process wrote or read last: saves the read where nobody else wrote
	away  time.Time          // until then the store is not asked
}

type counted struct {
	value    []byte
	revision uint64
}

const (
	countedMax = 20_000          // windows in memory; when full it begins anew
	swapTries  = 100             // against another replica, which may be faster for as many as a window lets through
	awayPause  = 2 * time.Second // a store that did not answer is spared, and so are the people
)

// limit is that of a role.
func (l *limiter) limit(role api.Role) Limit {
	for _, table := range []map[api.Role]Limit{l.own, Limits} {
		if limit, ok := table[role]; ok {
			return limit
		}
	}
	return Limits[""]
}

var errContended = errors.New("a window changes all the time")

// ask rules on an update. An error: the store is away, and it may pass.
func (l *limiter) ask(ctx context.Context, u talk.Update, role api.Role, now time.Time) (ruling, error) {
	key := strconv.FormatInt(u.Bot, 10) + "." + strconv.FormatInt(u.From.ID, 10)
	e := event{at: timeOf(u, now), id: u.ID, sort: sortOf(u.Kind)}
	lane := &l.lanes[hashOf(key)%uint32(len(l.lanes))]
	lane.Lock()
	defer lane.Unlock()
	for range swapTries {
		c, err := l.read(ctx, key)
		if err != nil {
			return ruling{}, err
		}
		w, err := readWindow(c.value)
		if err != nil {
			w = &window{} // none yet, or of another version: it begins anew
		}
		r := w.decide(e, u.Album, l.limit(role), now)
		if !r.changed {
			return r, nil
		}
		value := w.marshal()
		revision, lost, err := l.swap(ctx, key, value, c.revision)
		if err != nil {
			return ruling{}, err
		}
		if !lost {
			l.remember(key, counted{value, revision})
			return r, nil
		}
		l.remember(key, counted{}) // somebody else wrote
	}
	return ruling{}, errContended
}

// read is what is known of a key, from memory where there is something: whether
// it still holds, swap finds out.
func (l *limiter) read(ctx context.Context, key string) (counted, error) {
	l.mu.Lock()
	c, ok := l.known[key]
	l.mu.Unlock()
	if ok {
		return c, nil
	}
	value, revision, err := l.get(ctx, key)
	return counted{value, revision}, err
}

func (l *limiter) remember(key string, c counted) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.revision == 0 {
		delete(l.known, key)
		return
	}
	if len(l.known) >= countedMax {
		maps.DeleteFunc(l.known, func(string, counted) bool { return true })
	}
	l.known[key] = c
}

// resting says whether the store is being spared.
func (l *limiter) resting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.away)
}

func (l *limiter) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = time.Now().Add(awayPause)
}

// remake makes the store anew where it is gone: it is in memory, and a server
// that was started again no longer has it.
func (l *limiter) remake(ctx context.Context) {
	i := slices.IndexFunc(nats.Buckets, func(b jetstream.KeyValueConfig) bool { return b.Bucket == l.Name() })
	if i < 0 || l.js == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, bucketTime)
	defer cancel()
	if _, err := l.js.KeyValue(ctx, l.Name()); !errors.Is(err, jetstream.ErrBucketNotFound) {
		return // away, or it is there
	}
	if _, err := l.js.CreateKeyValue(ctx, nats.Buckets[i]); err != nil && !errors.Is(err, jetstream.ErrBucketExists) {
		return // the next one tries again
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = time.Time{}
}

// over is the turn that tells somebody that they are over a limit, with nothing
// to say if they were told; nil: they are not.
func (g *Gate) over(ctx context.Context, u talk.Update) *talk.Turn {
	if g.limiter.resting() {
		g.metrics.limitAway.Inc()
		return nil
	}
	r, err := g.limiter.ask(ctx, u, g.sessions.role(u), g.cfg.Now())
	if err != nil {
		g.metrics.limitAway.Inc()
		if !errors.Is(err, errContended) && ctx.Err() == nil {
			g.limiter.rest()
			g.limiter.remake(ctx)
		}
		return nil
	}
	if r.rule == nil {
		return nil
	}
	t := g.blank(u)
	n := int(max((r.wait+r.rule.unit-1)/r.rule.unit, 1))
	switch {
	case u.Kind == talk.Tap: // whoever taps waits for an answer, each time
		t.Toast(t.Book.Plain(r.rule.key, words.Args{"Wait": n}))
	case r.warn && u.Private():
		t.Say(talk.Screen{Text: t.Book.Text(r.rule.key, words.Args{"Wait": n})})
	}
	return t
}
