package workers

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
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
	Sweep     time.Duration // how often consumers without a configuration are looked for; default 1 minute
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
	stop   chan struct{} // closed when a stop is asked for

	mu      sync.Mutex
	running map[string]*running // by durable
	wg      sync.WaitGroup
}

// Defaults of Config.
const (
	defaultRetention = 90 * 24 * time.Hour
	defaultSweep     = time.Minute
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
	if cfg.Sweep == 0 {
		cfg.Sweep = defaultSweep
	}
	log := cfg.Log.With().Str("component", "workers").Logger()
	published := prometheus.NewCounter(prometheus.CounterOpts{Name: "ukbot_outbox_published_total", Help: "Events published from the outbox."})
	waiting := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ukbot_outbox_batch", Help: "Events in the relay's last batch."})
	cfg.Registry.MustRegister(published, waiting)
	days, stop := newPartitions(), make(chan struct{})
	return &Workers{
		cfg: cfg, running: map[string]*running{}, stop: stop,
		worker: &worker{pool: cfg.Pool, handlers: cfg.Handlers, days: days, stopping: stop, log: log},
		relay:  &relay{pool: cfg.Pool, publisher: cfg.Publisher, published: published, waiting: waiting, log: log, refused: map[int64]bool{}},
		keep:   &retention{pool: cfg.Pool, days: days, keep: cfg.Retention, log: log},
	}
}

// Run works until ctx ends: it takes nothing new then, finishes what is in hand
// and gives the rest back. It runs once.
func (w *Workers) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { close(w.stop) })()
	w.wg.Go(func() { w.consumers(ctx) })
	w.wg.Go(func() { w.sweep(ctx) })
	w.wg.Go(func() { w.leased(ctx, "outbox", w.relay.run) })
	w.wg.Go(func() { w.leased(ctx, "retention", w.keep.run) })
	w.wg.Wait()
	return nil
}

// leased runs what only one replica may, while this one holds the lease.
func (w *Workers) leased(ctx context.Context, name string, run func(context.Context) error) {
	if err := nats.RunLeased(ctx, w.cfg.Conn, name, run); err != nil && ctx.Err() == nil {
		w.worker.log.Error().Err(err).Str("lease", name).Msg("leased work ended")
	}
}
