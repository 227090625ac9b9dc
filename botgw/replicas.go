package botgw

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/nats"
)

// Replicas tells the lines of this process how many replicas send for each bot,
// so that all together keep to one rate. Each announces its bots in the bucket
// "leases", whose entries last 15 s, and sees what the others announce at once.
// While the streams are away the last count holds.
type Replicas struct {
	conn  *nats.Conn
	lines *pace.Lines
	name  string // of this replica
	every time.Duration
	log   zerolog.Logger

	mu        sync.Mutex
	seen      map[string]time.Time // announcements, by key, and when they came
	announced map[string]bool      // our own
}

// announceEvery renews an announcement: two may be lost before it runs out.
const announceEvery = 5 * time.Second

// NewReplicas prepares it; nothing is announced before Run.
func NewReplicas(conn *nats.Conn, lines *pace.Lines, log zerolog.Logger) *Replicas {
	return &Replicas{
		conn: conn, lines: lines, name: rand.Text(), every: announceEvery,
		log:  log.With().Str("component", "replicas").Logger(),
		seen: map[string]time.Time{}, announced: map[string]bool{},
	}
}

// Run announces and listens until ctx ends; then the announcements are taken back.
func (r *Replicas) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.session(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("replicas of the bot not known, trying again")
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

// session announces and listens until something breaks.
func (r *Replicas) session(ctx context.Context) error {
	kv, err := r.conn.JS.KeyValue(ctx, nats.BucketLeases)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketLeases, err)
	}
	watcher, err := kv.Watch(ctx, "bot.>")
	if err != nil {
		return fmt.Errorf("watch announcements: %w", err)
	}
	defer func() { _ = watcher.Stop() }()
	defer r.withdraw(ctx, kv)
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		if err := r.announce(ctx, kv); err != nil {
			return err
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				waiting = false
			case entry, open := <-watcher.Updates():
				if !open {
					return errors.New("watching announcements ended")
				}
				r.note(entry)
			}
		}
	}
}

// announce says which bots this replica sends for, and counts anew: what has run
// out is announced by nobody.
func (r *Replicas) announce(ctx context.Context, kv jetstream.KeyValue) error {
	for _, bot := range r.lines.Bots() {
		key := announcement(bot, r.name)
		if _, err := kv.Put(ctx, key, nil); err != nil {
			return fmt.Errorf("announce a bot: %w", err)
		}
		r.mu.Lock()
		r.announced[key] = true
		r.mu.Unlock()
	}
	r.count(time.Now())
	return nil
}

// withdraw takes the announcements back, so that the others have the whole rate
// at once. Where that fails they run out.
func (r *Replicas) withdraw(ctx context.Context, kv jetstream.KeyValue) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	r.mu.Lock()
	keys := maps.Clone(r.announced)
	clear(r.announced)
	r.mu.Unlock()
	for key := range keys {
		_ = kv.Delete(ctx, key)
	}
}

// note takes in what somebody announced or took back; nil ends what was there before.
func (r *Replicas) note(entry jetstream.KeyValueEntry) {
	if entry == nil {
		r.count(time.Now())
		return
	}
	r.mu.Lock()
	_, known := r.seen[entry.Key()]
	there := entry.Operation() == jetstream.KeyValuePut
	if there {
		r.seen[entry.Key()] = time.Now()
	} else {
		delete(r.seen, entry.Key())
	}
	r.mu.Unlock()
	if known != there {
		r.count(time.Now())
	}
}

// count tells the lines.
func (r *Replicas) count(now time.Time) {
	r.mu.Lock()
	replicas := map[int64]int{}
	for key, at := range r.seen {
		if now.Sub(at) > 3*r.every {
			delete(r.seen, key)
			continue
		}
		if bot, ok := announcedBot(key); ok {
			replicas[bot]++
		}
	}
	r.mu.Unlock()
	r.lines.Share(replicas)
}

// announcement is the key by which a replica says that it sends for a bot.
func announcement(bot int64, replica string) string {
	return "bot." + strconv.FormatInt(bot, 10) + "." + replica
}

func announcedBot(key string) (int64, bool) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return 0, false
	}
	bot, err := strconv.ParseInt(parts[1], 10, 64)
	return bot, err == nil
}
