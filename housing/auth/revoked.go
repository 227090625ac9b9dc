package auth

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/sql/db"
)

// What can be revoked, as table and bucket call it.
const (
	kindSession = "session" // for good
	kindUser    = "user"    // tokens issued until then; the session may give new ones
	kindKey     = "key"     // an API key, for good
)

// Bounds of what is remembered.
const (
	rememberFor = time.Hour       // as long as the bucket; far beyond a token's life
	putTimeout  = time.Second     // for NATS to take one
	rewatch     = 1 * time.Second // after a watch ended or could not begin
)

// revocations is what counts no more, as this replica knows it. PostgreSQL has
// the truth, written with what caused it; NATS brings the news within
// milliseconds; what NATS loses is read from PostgreSQL within a minute.
type revocations struct {
	store unit.Store
	conn  *nats.Conn
	log   zerolog.Logger

	loaded atomic.Bool // from PostgreSQL, once: before that no token may pass

	mu     sync.RWMutex
	until  map[string]int64 // tokens issued at or before, in Unix milliseconds; by revokedKey
	unsent map[string]int64 // that NATS has not taken yet
}

// revokedKey is the key in the bucket; tenants and ids need no escaping there.
func revokedKey(kind, tenant string, id uuid.UUID) string {
	return events.Token(tenant) + "." + kind + "." + id.String()
}

// has says whether what was issued at a time counts no more.
func (r *revocations) has(kind, tenant string, id uuid.UUID, issued int64) bool {
	key := revokedKey(kind, tenant, id)
	r.mu.RLock()
	defer r.mu.RUnlock()
	until, ok := r.until[key]
	return ok && issued <= until
}

func (r *revocations) remember(key string, until int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until[key] = max(r.until[key], until)
}

// revoke writes a revocation with its cause and, once that has committed, tells
// every replica.
func (r *revocations) revoke(ctx context.Context, w *unit.Work, kind, tenant string, id uuid.UUID) error {
	at, err := w.Revoke(ctx, db.RevokeParams{TenantID: tenant, Kind: kind, ID: id, Now: millis(r.store.Now())})
	if err != nil {
		return err
	}
	key, until := revokedKey(kind, tenant, id), at.UnixMilli()
	w.After(func(ctx context.Context) {
		r.remember(key, until)
		r.send(ctx, key, until)
	})
	return nil
}

// send puts a revocation into the bucket; what NATS does not take waits for resend.
func (r *revocations) send(ctx context.Context, key string, until int64) {
	if r.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putTimeout) // the caller hanging up changes nothing
	defer cancel()
	kv, err := r.conn.JS.KeyValue(ctx, nats.BucketRevoked)
	if err == nil {
		_, err = kv.Put(ctx, key, strconv.AppendInt(nil, until, 10))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.unsent, key)
		return
	}
	if r.unsent == nil {
		r.unsent = map[string]int64{}
	}
	r.unsent[key] = until
	r.log.Warn().Err(err).Msg("revocation not sent, other replicas hear of it later")
}

// resend tries again what NATS did not take, until one fails.
func (r *revocations) resend(ctx context.Context) {
	for {
		key, until, found := r.nextUnsent()
		if !found || ctx.Err() != nil {
			return
		}
		r.send(ctx, key, until)
		if again, _, _ := r.nextUnsent(); again == key {
			return
		}
	}
}

func (r *revocations) nextUnsent() (key string, until int64, found bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for key, until = range r.unsent {
		return key, until, true
	}
	return "", 0, false
}

// ready loads the revocations of before this replica's start, once.
func (r *revocations) ready(ctx context.Context) error {
	if r.loaded.Load() {
		return nil
	}
	return r.load(ctx)
}

// load reads what was revoked lately and forgets what was long ago.
func (r *revocations) load(ctx context.Context) error {
	since := r.store.Now().Add(-rememberFor)
	rows, err := db.New(r.store.Pool).RecentRevocations(ctx, since)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, until := range r.until {
		if until < since.UnixMilli() {
			delete(r.until, key)
		}
	}
	for _, row := range rows {
		key := revokedKey(row.Kind, row.TenantID, row.ID)
		r.until[key] = max(r.until[key], row.At.UnixMilli())
	}
	r.loaded.Store(true)
	return nil
}

// watch hears of revocations until ctx ends.
func (r *revocations) watch(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.listen(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("watch of revocations ended, trying again")
		}
		select {
		case <-ctx.Done():
		case <-time.After(rewatch):
		}
	}
}

// listen takes what is in the bucket and what comes; nil when the watch ended.
func (r *revocations) listen(ctx context.Context) error {
	kv, err := r.conn.JS.KeyValue(ctx, nats.BucketRevoked)
	if err != nil {
		return err
	}
	watcher, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return err
	}
	defer watcher.Stop() //nolint:errcheck // a connection that is gone ends it too
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, open := <-watcher.Updates():
			if !open {
				return nil
			}
			if entry != nil { // nil: all that was there has come
				r.take(entry.Key(), string(entry.Value()))
			}
		}
	}
}

// take remembers what the bucket says; what is not ours is left alone.
func (r *revocations) take(key, value string) {
	until, err := strconv.ParseInt(value, 10, 64)
	if err != nil || strings.Count(key, ".") != 2 {
		r.log.Warn().Str("key", key).Msg("no revocation, left alone")
		return
	}
	r.remember(key, until)
}

// millis cuts a time to what tokens and the bucket can say.
func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
