package ingress

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
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
	tally   tally
	err     error
}

// hooks is every configuration, as the bucket webhook_configs has it now.
type hooks struct {
	conn  *nats.Conn
	keys  *secret.Keyset
	meter *meter
	log   zerolog.Logger

	table atomic.Pointer[hookTable] // nil until the bucket was read once
}

// watchPause is the wait before the bucket is watched again after a failure.
const watchPause = 500 * time.Millisecond

// run watches the bucket until ctx ends. What was read stays in force while the
// streams are away.
func (h *hooks) run(ctx context.Context) {
	connected := h.conn.StatusChanged(natsgo.CONNECTED)
	defer h.conn.RemoveStatusListener(connected)
	said := ""
	for ctx.Err() == nil {
		err := h.watch(ctx, connected)
		switch {
		case err == nil:
			said = ""
			continue // the connection is a new one
		case err.Error() != said && ctx.Err() == nil && h.conn.IsConnected():
			said = err.Error() // once, not twice a second
			h.log.Warn().Err(err).Msg("watching webhook configurations interrupted")
		}
		select {
		case <-ctx.Done():
		case <-connected:
		case <-time.After(watchPause):
		}
	}
}

// watch follows the bucket. It returns nil when the connection is a new one: the
// server's side of the watch may be gone then, and the client would notice only
// after seconds of silence.
func (h *hooks) watch(ctx context.Context, connected <-chan natsgo.Status) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kv, err := h.conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketHooks, err)
	}
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", nats.BucketHooks, err)
	}
	defer func() { _ = watcher.Stop() }()
	// Until the nil that ends what is there already, changes gather: a removed
	// configuration must not live on, and half a bucket must not serve.
	gathered, complete := map[string]*hook{}, false
	for {
		select {
		case <-connected:
			return nil
		case entry, more := <-watcher.Updates():
			switch {
			case !more:
				return fmt.Errorf("watch %s: ended", nats.BucketHooks)
			case entry == nil:
				complete = true
			default:
				h.change(gathered, entry)
			}
			if complete {
				h.table.Store(tableOf(gathered))
			}
		}
	}
}

// change takes one entry of the bucket in.
func (h *hooks) change(gathered map[string]*hook, entry jetstream.KeyValueEntry) {
	tenant, source, ok := strings.Cut(entry.Key(), ".")
	if !ok {
		return
	}
	if entry.Operation() != jetstream.KeyValuePut {
		delete(gathered, entry.Key())
		return
	}
	made := h.compile(entry.Value(), tenant, source)
	if made.err != nil {
		h.log.Error().Err(made.err).Str("tenant", tenant).Str("source", source).Msg("webhook configuration cannot be used, its requests are refused")
	}
	made.limiter = limiterOf(made.Hook, h.table.Load().get(tenant, source))
	made.tally = h.meter.tally(tenant, source)
	gathered[entry.Key()] = made
}

func (h *hooks) compile(value []byte, tenant, source string) *hook {
	made := &hook{}
	if made.err = json.Unmarshal(value, &made.Hook); made.err != nil {
		made.Hook = events.Hook{Tenant: tenant, Source: source, Enabled: true} // enabled, or it would pass for one switched off
		return made
	}
	if made.Tenant != tenant || made.Source != source {
		made.err = fmt.Errorf("%w %s/%s stands under the key of another", events.ErrHook, made.Tenant, made.Source)
		made.Hook = events.Hook{Tenant: tenant, Source: source, Enabled: true}
		return made
	}
	if made.verifier, made.err = compile(made.Hook, h.keys); made.err == nil {
		made.identifier, made.err = identifierOf(made.Hook)
	}
	return made
}

// limiterOf is the limiter of a configuration; that of the one before, if its
// limits were the same: an unrelated change must not refill the bucket.
func limiterOf(h events.Hook, before *hook) *rate.Limiter {
	if h.Rate <= 0 {
		return nil
	}
	burst := h.Burst
	if burst == 0 {
		burst = max(1, int(h.Rate))
	}
	if before != nil && before.limiter != nil && before.Rate == h.Rate && before.limiter.Burst() == burst {
		return before.limiter
	}
	return rate.NewLimiter(rate.Limit(h.Rate), burst)
}

// hookTable is one state of the bucket, by source. It is never changed.
type hookTable map[string]*sourceHooks

// sourceHooks is the configurations of one source.
type sourceHooks struct {
	byTenant map[string]*hook
	claimers []*hook // that may claim what names no tenant, by the tenant's name; none: too many
}

// candidatesMax bounds the signatures that are tried for a request that names no
// tenant: with more, providers must use the tenant's path.
const candidatesMax = 32

func tableOf(all map[string]*hook) *hookTable {
	table := hookTable{}
	for _, h := range all {
		if table[h.Source] == nil {
			table[h.Source] = &sourceHooks{byTenant: map[string]*hook{}}
		}
		table[h.Source].byTenant[h.Tenant] = h
	}
	for _, s := range table {
		if len(s.byTenant) > candidatesMax {
			continue
		}
		for tenant, h := range s.byTenant {
			// What verifies nothing must not claim what carries another's signature.
			if tenant != events.DefaultTenant && h.Scheme != events.SchemeNone {
				s.claimers = append(s.claimers, h)
			}
		}
		// Where two have one secret, it is always the same one.
		slices.SortFunc(s.claimers, func(a, b *hook) int { return strings.Compare(a.Tenant, b.Tenant) })
	}
	return &table
}

// get is one configuration; nil if there is none.
func (t *hookTable) get(tenant, source string) *hook {
	if t == nil || (*t)[source] == nil {
		return nil
	}
	return (*t)[source].byTenant[tenant]
}
