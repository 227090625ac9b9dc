package ingress

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/secret"
)

// hook is a webhook configuration, compiled. A configuration that cannot be
// used keeps its place with its error: its requests are refused, not let through.
type hook struct {
	events.Hook
	*verifier
	*identifier
	limiter *rate.Limiter // nil: no limit
	err     error
}

// hooks is every configuration, as the bucket webhook_configs has it now.
type hooks struct {
	conn *nats.Conn
	keys *secret.Keyset
	log  zerolog.Logger

	table atomic.Pointer[hookTable] // nil until the bucket was read once
}

// hookTable is one state of the bucket, by source and tenant. It is never changed.
type hookTable map[string]map[string]*hook

// watchPause is the wait before the bucket is watched again after a failure.
const watchPause = 500 * time.Millisecond

// run watches the bucket until ctx ends. What was read stays in force while the
// streams are away.
func (h *hooks) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.watch(ctx); err != nil && ctx.Err() == nil && h.conn.IsConnected() {
			h.log.Warn().Err(err).Msg("watching webhook configurations interrupted")
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

func (h *hooks) watch(ctx context.Context) error {
	bucket, err := h.conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketHooks, err)
	}
	watcher, err := bucket.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", nats.BucketHooks, err)
	}
	defer func() { _ = watcher.Stop() }()
	// Until the nil that ends what is there already, changes gather: a removed
	// configuration must not live on, and half a bucket must not serve.
	pending, ready := hookTable{}, false
	for entry := range watcher.Updates() {
		switch {
		case entry == nil:
			ready = true
		default:
			pending = h.change(pending, entry)
		}
		if ready {
			h.table.Store(&pending)
		}
	}
	return nil
}

// change is the table with one entry of the bucket taken in.
func (h *hooks) change(old hookTable, entry jetstream.KeyValueEntry) hookTable {
	tenant, source, ok := strings.Cut(entry.Key(), ".")
	if !ok {
		return old
	}
	table := make(hookTable, len(old)+1)
	for name, tenants := range old {
		table[name] = tenants
	}
	tenants := make(map[string]*hook, len(old[source])+1)
	for name, existing := range old[source] {
		tenants[name] = existing
	}
	table[source] = tenants
	if entry.Operation() != jetstream.KeyValuePut {
		delete(tenants, tenant)
		return table
	}
	made := h.compile(entry.Value(), tenant, source)
	if made.err != nil {
		h.log.Error().Err(made.err).Str("tenant", tenant).Str("source", source).Msg("webhook configuration cannot be used, its requests are refused")
	}
	if before := tenants[tenant]; before != nil && before.Rate == made.Rate && before.Burst == made.Burst {
		made.limiter = before.limiter // an unrelated change must not refill the bucket
	}
	tenants[tenant] = made
	return table
}

func (h *hooks) compile(value []byte, tenant, source string) *hook {
	made := &hook{}
	if made.err = json.Unmarshal(value, &made.Hook); made.err != nil {
		return made
	}
	if made.Tenant != tenant || made.Source != source {
		made.err = fmt.Errorf("%w %s/%s stands under the key of another", events.ErrHook, made.Tenant, made.Source)
		return made
	}
	if made.verifier, made.err = compile(made.Hook, h.keys); made.err != nil {
		return made
	}
	if made.identifier, made.err = identifierOf(made.Hook); made.err != nil {
		return made
	}
	if made.Rate > 0 {
		burst := made.Burst
		if burst == 0 {
			burst = max(1, int(made.Rate))
		}
		made.limiter = rate.NewLimiter(rate.Limit(made.Rate), burst)
	}
	return made
}

// find is the configuration that a request is for, verified. The tenant comes from
// the path; else from the configuration, where the source has only one; else
// from X-Tenant-ID; else from the configuration whose signature the request
// carries; else it is the default tenant.
func (h *hooks) find(tenant, source string, r *request) (*hook, error) {
	table := h.table.Load()
	if table == nil {
		return nil, errStreamUnavailable
	}
	tenants := (*table)[source]
	if tenant == "" {
		tenant = r.header("X-Tenant-ID")
		if tenant != "" && !events.ValidName(tenant) {
			return nil, errTenantInvalid
		}
		if tenant == "" || len(tenants) == 1 {
			return matched(tenants, tenant, r)
		}
	}
	found := tenants[tenant]
	if found == nil {
		return nil, errUnknownSource
	}
	return found, found.admit(r)
}

// candidatesMax bounds the signatures that are tried for a request that names no
// tenant: with more, providers must use the tenant's path.
const candidatesMax = 32

// matched is the one configuration there is, or the one that verifies the request.
func matched(tenants map[string]*hook, named string, r *request) (*hook, error) {
	if len(tenants) == 1 {
		for tenant, only := range tenants {
			if named != "" && named != tenant {
				return nil, errUnknownSource
			}
			return only, only.admit(r)
		}
	}
	// The default tenant's answer is what a stranger sees; a configuration that
	// verifies nothing must not claim what carries another's signature.
	fallback := tenants[events.DefaultTenant]
	if len(tenants) <= candidatesMax {
		for _, tenant := range slices.Sorted(maps.Keys(tenants)) { // two with one secret: always the same one
			candidate := tenants[tenant]
			if candidate != fallback && candidate.Scheme != events.SchemeNone && candidate.admit(r) == nil {
				return candidate, nil
			}
		}
	}
	if fallback == nil {
		return nil, errUnknownSource
	}
	return fallback, fallback.admit(r)
}

// admit verifies a request for this configuration.
func (h *hook) admit(r *request) error {
	switch {
	case h.err != nil:
		return errMisconfigured
	case !h.Enabled:
		return errUnknownSource
	}
	return h.verify(r)
}
