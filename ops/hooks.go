package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// SetHook stores a webhook configuration and hands it to the ingress; it is in
// force within a second. Secrets in it are sealed already. The id of an
// existing configuration stays.
func SetHook(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn, hook events.Hook) (events.Hook, error) {
	if err := hook.Check(); err != nil {
		return hook, err
	}
	hook.UpdatedAt = time.Now().UTC().Truncate(time.Second)
	existing, err := FindHook(ctx, pool, hook.Tenant, hook.Source)
	switch {
	case err == nil:
		hook.ID = existing.ID
	case errors.Is(err, ErrNoHook):
		hook.ID = uuid.NewString()
	default:
		return hook, err
	}
	id, err := uuid.Parse(hook.ID)
	if err != nil {
		return hook, err
	}
	config, err := json.Marshal(hook)
	if err != nil {
		return hook, err
	}
	if _, err := db.New(pool).SetHook(ctx, db.SetHookParams{TenantID: hook.Tenant, Source: hook.Source, ID: id, Config: config}); err != nil {
		return hook, fmt.Errorf("store webhook configuration: %w", err)
	}
	return hook, handOver(ctx, conn, hook.Tenant, hook.Source, config)
}

// ErrNoHook means that there is no such webhook configuration.
var ErrNoHook = errors.New("no such webhook configuration")

// FindHook is one webhook configuration, or ErrNoHook.
func FindHook(ctx context.Context, pool *pgxpool.Pool, tenant, source string) (events.Hook, error) {
	row, err := db.New(pool).Hook(ctx, tenant, source)
	if errors.Is(err, pgx.ErrNoRows) {
		return events.Hook{}, fmt.Errorf("%s/%s: %w", tenant, source, ErrNoHook)
	}
	if err != nil {
		return events.Hook{}, fmt.Errorf("read webhook configuration: %w", err)
	}
	return readHook(row)
}

// ListHooks is every webhook configuration of a tenant; of all with "*".
func ListHooks(ctx context.Context, pool *pgxpool.Pool, tenant string) ([]events.Hook, error) {
	q := db.New(pool)
	read := func() ([]db.WebhookConfig, error) { return q.Hooks(ctx, tenant) }
	if tenant == "*" {
		read = func() ([]db.WebhookConfig, error) { return q.AllHooks(ctx) }
	}
	rows, err := read()
	if err != nil {
		return nil, fmt.Errorf("list webhook configurations: %w", err)
	}
	hooks := make([]events.Hook, 0, len(rows))
	for _, row := range rows {
		hook, err := readHook(row)
		if err != nil {
			return nil, err
		}
		hooks = append(hooks, hook)
	}
	return hooks, nil
}

func readHook(row db.WebhookConfig) (events.Hook, error) {
	var hook events.Hook
	if err := json.Unmarshal(row.Config, &hook); err != nil {
		return hook, fmt.Errorf("webhook configuration %s/%s is damaged: %w", row.TenantID, row.Source, err)
	}
	hook.Tenant, hook.Source, hook.ID = row.TenantID, row.Source, row.ID.String()
	return hook, nil
}

// RemoveHook deletes a webhook configuration. What it let in stays.
func RemoveHook(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn, tenant, source string) error {
	rows, err := db.New(pool).RemoveHook(ctx, tenant, source)
	if err != nil {
		return fmt.Errorf("remove webhook configuration: %w", err)
	}
	bucket, err := conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketHooks, err)
	}
	if err := bucket.Delete(ctx, events.HookKey(tenant, source)); err != nil {
		return fmt.Errorf("withdraw webhook configuration from the ingress: %w", err)
	}
	if rows == 0 {
		return fmt.Errorf("%s/%s: %w", tenant, source, ErrNoHook)
	}
	return nil
}

func handOver(ctx context.Context, conn *nats.Conn, tenant, source string, config []byte) error {
	bucket, err := conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return fmt.Errorf("stored, but not handed to the ingress yet: bucket %s: %w", nats.BucketHooks, err)
	}
	if _, err := bucket.Put(ctx, events.HookKey(tenant, source), config); err != nil {
		return fmt.Errorf("stored, but not handed to the ingress yet: %w", err)
	}
	return nil
}

// keepEvery is how soon a configuration reaches the ingress that was stored
// while the streams were away, or that somebody changed in the bucket by hand.
const keepEvery = 30 * time.Second

// KeepHooks keeps the ingress's copy of the webhook configurations equal to the
// database's, until ctx ends.
func KeepHooks(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn, log zerolog.Logger) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		if err := SyncHooks(ctx, pool, conn); err != nil && ctx.Err() == nil {
			log.Debug().Err(err).Msg("webhook configurations not compared")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// SyncHooks compares once and mends what differs.
func SyncHooks(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn) error {
	bucket, err := conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketHooks, err)
	}
	rows, err := db.New(pool).AllHooks(ctx)
	if err != nil {
		return err
	}
	keys, err := bucket.Keys(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoKeysFound) {
		return err
	}
	for _, row := range rows {
		keys = append(keys, events.HookKey(row.TenantID, row.Source))
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if err := syncHook(ctx, pool, bucket, key); err != nil {
			return fmt.Errorf("webhook configuration %s: %w", key, err)
		}
	}
	return nil
}

// syncHook mends one key. The bucket is read before the database and written
// only if it has not changed since: a configuration set meanwhile stays.
func syncHook(ctx context.Context, pool *pgxpool.Pool, bucket jetstream.KeyValue, key string) error {
	revision, have := uint64(0), ""
	entry, err := bucket.Get(ctx, key)
	switch {
	case err == nil:
		revision, have = entry.Revision(), string(entry.Value())
	case !errors.Is(err, jetstream.ErrKeyNotFound):
		return err
	}
	tenant, source, _ := strings.Cut(key, ".")
	hook, err := FindHook(ctx, pool, tenant, source)
	if errors.Is(err, ErrNoHook) {
		if revision == 0 {
			return nil
		}
		return bucket.Delete(ctx, key, jetstream.LastRevision(revision))
	}
	if err != nil {
		return err
	}
	config, err := json.Marshal(hook)
	if err != nil || string(config) == have {
		return err
	}
	if revision == 0 {
		_, err = bucket.Create(ctx, key, config)
	} else {
		_, err = bucket.Update(ctx, key, config, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) { // set meanwhile: newer than what was read here
		return nil
	}
	return err
}
