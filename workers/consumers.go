package workers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
)

// running is the consumer of one webhook configuration.
type running struct {
	tenant, source string
	stop           context.CancelFunc
	done           chan struct{}
	idle           bool // at the last sweep: without a configuration, nothing left
}

// consumers keeps one consumer running per webhook configuration: those in the
// bucket, as they come, and those that are on the stream already.
func (w *Workers) consumers(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.watch(ctx); err != nil && ctx.Err() == nil && w.cfg.Conn.IsConnected() {
			w.worker.log.Warn().Err(err).Msg("watching webhook configurations interrupted")
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

const watchPause = 500 * time.Millisecond

func (w *Workers) watch(ctx context.Context) error {
	bucket, err := w.cfg.Conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return err
	}
	if err := w.resume(ctx); err != nil {
		return err
	}
	watcher, err := bucket.WatchAll(ctx, jetstream.IgnoreDeletes(), jetstream.MetaOnly())
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, open := <-watcher.Updates():
			if !open {
				return errors.New("the watch ended")
			}
			if entry == nil { // all that were there have been seen
				continue
			}
			if tenant, source, ok := strings.Cut(entry.Key(), "."); ok {
				w.start(ctx, tenant, source)
			}
		}
	}
}

// resume starts the consumers whose configuration was removed while they still
// had something to do.
func (w *Workers) resume(ctx context.Context) error {
	stream, err := w.cfg.Conn.JS.Stream(ctx, nats.StreamWebhooks)
	if err != nil {
		return err
	}
	names := stream.ConsumerNames(ctx)
	for name := range names.Name() {
		if tenant, source, ok := nats.HookOfDurable(name); ok {
			w.start(ctx, tenant, source)
		}
	}
	return names.Err()
}

// start runs the consumer of a configuration unless it runs.
func (w *Workers) start(ctx context.Context, tenant, source string) {
	spec := nats.HookConsumer(tenant, source)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running[spec.Config.Durable] != nil || ctx.Err() != nil {
		return
	}
	consumer := nats.NewConsumer(w.cfg.Conn, w.cfg.Publisher, nats.ConsumeConfig{
		Spec: spec, Batch: w.cfg.Batch, Workers: consumerWorkers, Metrics: w.cfg.Metrics, Log: w.cfg.Log,
	}, w.worker.handle)
	own, stop := context.WithCancel(ctx)
	r := &running{tenant: tenant, source: source, stop: stop, done: make(chan struct{})}
	w.running[spec.Config.Durable] = r
	w.wg.Go(func() {
		defer close(r.done)
		defer stop()
		_ = consumer.Run(own) // always nil
	})
}

// sweep removes the consumers whose configuration is gone and that have nothing
// left to do, seen so twice in a row. Every replica does: one that still runs
// such a consumer makes it again until its own turn.
func (w *Workers) sweep(ctx context.Context) {
	tick := time.NewTicker(w.cfg.Sweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.mu.Lock()
		all := maps.Clone(w.running)
		w.mu.Unlock()
		for _, durable := range slices.Sorted(maps.Keys(all)) {
			if err := w.sweepOne(ctx, durable, all[durable]); err != nil && ctx.Err() == nil {
				w.worker.log.Warn().Err(err).Str("consumer", durable).Msg("consumer not looked at, later again")
			}
		}
	}
}

// sweepTimeout bounds the questions about one consumer.
const sweepTimeout = 10 * time.Second

func (w *Workers) sweepOne(ctx context.Context, durable string, r *running) error {
	asking, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	over, err := w.over(asking, durable, r)
	if before := r.idle; err != nil || !over || !before {
		r.idle = over
		return err
	}
	r.stop()
	<-r.done
	w.mu.Lock()
	delete(w.running, durable)
	w.mu.Unlock()
	if over, err = w.over(asking, durable, r); err != nil || !over { // it was just set again
		w.start(ctx, r.tenant, r.source)
		return err
	}
	if err := w.cfg.Conn.JS.DeleteConsumer(asking, nats.StreamWebhooks, durable); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("delete: %w", err)
	}
	w.worker.log.Info().Str("consumer", durable).Msg("consumer of a removed webhook configuration deleted")
	return w.restore(ctx, asking, r)
}

// restore starts the consumer again if its configuration came back while it was
// being deleted.
func (w *Workers) restore(ctx, asking context.Context, r *running) error {
	there, err := w.configured(asking, r)
	if there {
		w.start(ctx, r.tenant, r.source)
	}
	return err
}

// over says whether a consumer has no configuration and nothing to do any more:
// nothing waits, nothing is unanswered, no retry is parked.
func (w *Workers) over(ctx context.Context, durable string, r *running) (bool, error) {
	if there, err := w.configured(ctx, r); there || err != nil {
		return false, err
	}
	stream, err := w.cfg.Conn.JS.Stream(ctx, nats.StreamWebhooks)
	if err != nil {
		return false, err
	}
	consumer, err := stream.Consumer(ctx, durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if info := consumer.CachedInfo(); info.NumPending > 0 || info.NumAckPending > 0 {
		return false, nil
	}
	const slot = "0" // any: the last token is the event's
	parked := strings.TrimSuffix(events.RetrySubject(r.tenant, r.source, slot), slot) + ">"
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(parked))
	if err != nil {
		return false, err
	}
	return len(info.State.Subjects) == 0, nil
}

func (w *Workers) configured(ctx context.Context, r *running) (bool, error) {
	bucket, err := w.cfg.Conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err != nil {
		return false, err
	}
	_, err = bucket.Get(ctx, events.HookKey(r.tenant, r.source))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return false, nil
	}
	return err == nil, err
}
