package workers

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/nats"
)

// Config is what the workers need.
type Config struct {
	Conn      *nats.Conn
	Publisher *nats.Publisher
	Pool      *pgxpool.Pool
	Handlers  Table         // default Handlers
	Retention time.Duration // of records; default 90 days
	Batch     int           // events in one transaction at most; default 256
	Metrics   *nats.Metrics
	Registry  prometheus.Registerer
	Log       zerolog.Logger
}

// Workers runs a consumer for every webhook configuration, the outbox's relay
// and the retention.
type Workers struct {
	cfg    Config
	worker *worker
	relay  *relay
	keep   *retention
	net    *nats.Consumer

	mu      sync.Mutex
	running map[string]bool // durables
	wg      sync.WaitGroup
}

// Defaults of Config.
const (
	defaultRetention = 90 * 24 * time.Hour
	consumerWorkers  = 2 // one batch is decoded while another commits
)

// New prepares the workers.
func New(cfg Config) *Workers {
	if cfg.Handlers == nil {
		cfg.Handlers = Handlers
	}
	if cfg.Retention == 0 {
		cfg.Retention = defaultRetention
	}
	log := cfg.Log.With().Str("component", "workers").Logger()
	published := prometheus.NewCounter(prometheus.CounterOpts{Name: "ukbot_outbox_published_total", Help: "Events published from the outbox."})
	waiting := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ukbot_outbox_batch", Help: "Events in the relay's last batch."})
	cfg.Registry.MustRegister(published, waiting)
	days := newPartitions()
	return &Workers{
		cfg: cfg, running: map[string]bool{},
		worker: &worker{pool: cfg.Pool, handlers: cfg.Handlers, days: days, log: log},
		relay:  &relay{pool: cfg.Pool, publisher: cfg.Publisher, published: published, waiting: waiting, log: log, refused: map[int64]bool{}},
		keep:   &retention{pool: cfg.Pool, days: days, keep: cfg.Retention, log: log},
	}
}

// Run works until ctx ends: it takes nothing new then, finishes what is in hand
// and gives the rest back.
func (w *Workers) Run(ctx context.Context) error {
	w.wg.Go(func() { w.consumers(ctx) })
	w.wg.Go(func() { w.leased(ctx, "outbox", w.relay.run) })
	w.wg.Go(func() { w.leased(ctx, "retention", w.keep.run) })
	w.wg.Wait()
	return nil
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
	for entry := range watcher.Updates() {
		if entry == nil {
			continue
		}
		if tenant, source, ok := strings.Cut(entry.Key(), "."); ok {
			w.start(ctx, nats.HookConsumer(tenant, source))
		}
	}
	return nil
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
			w.start(ctx, nats.HookConsumer(tenant, source))
		}
	}
	return names.Err()
}

// start runs a consumer unless it runs.
func (w *Workers) start(ctx context.Context, spec nats.ConsumerSpec) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running[spec.Config.Durable] || ctx.Err() != nil {
		return
	}
	w.running[spec.Config.Durable] = true
	consumer := nats.NewConsumer(w.cfg.Conn, w.cfg.Publisher, nats.ConsumeConfig{
		Spec: spec, Batch: w.cfg.Batch, Workers: consumerWorkers, Metrics: w.cfg.Metrics, Log: w.cfg.Log,
	}, w.worker.handle)
	w.wg.Go(func() { _ = consumer.Run(ctx) })
}

// leased runs what only one replica may, while this one holds the lease.
func (w *Workers) leased(ctx context.Context, name string, run func(context.Context) error) {
	if err := nats.RunLeased(ctx, w.cfg.Conn, name, run); err != nil && ctx.Err() == nil {
		w.worker.log.Error().Err(err).Str("lease", name).Msg("leased work ended")
	}
}
