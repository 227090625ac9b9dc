package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mattn/go-isatty"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"ukbot/ingress"
	"ukbot/nats"
	"ukbot/ops"
	"ukbot/secret"
	"ukbot/sql/db"
)

// node is what the roles of one process share, and the order in which they
// stop: what asks its HTTP server, HTTP, the roles, the streams, the database.
type node struct {
	settings *Settings
	log      zerolog.Logger
	registry *prometheus.Registry
	metrics  *nats.Metrics
	checks   []ops.Check
	app      *fiber.App
	pool     *pgxpool.Pool
	server   *nats.Server // embedded in dev; nil with NATS_URL
	listener net.Listener // opened early in dev: a taken port must be told before engines start
	ingress  bool         // webhooks come in here
	taking   func() error // nil when they can be taken; set by the ingress
	apiKey   secret.Text  // dev's own; empty with UKBOT_API_KEYS

	companyKey secret.Text // dev's own for the demo company

	tasks []task

	mu      sync.Mutex // the engines start at once
	closers []func()   // run in reverse
	engine  []func()   // run after them, in reverse
}

// task is a role's work; it returns when its context ends.
type task struct {
	name  string
	run   func(context.Context) error
	front bool // stops before the HTTP server, which it asks
}

// Deadlines of a stop. Together they stay below the ten seconds that process
// managers give.
const (
	frontStop = 2 * time.Second
	httpStop  = 3 * time.Second
	taskStop  = 4 * time.Second
)

func newNode(settings *Settings) *node {
	tuneMemory()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	log := newLogger(settings)
	return &node{
		settings: settings, log: log, registry: registry, metrics: nats.NewMetrics(registry),
		app: ingress.NewApp(ingress.AppConfig{BodyLimit: settings.BodyLimit, TrustedProxies: settings.TrustedProxies, Log: log}),
	}
}

// newLogger writes lines for people on a terminal and JSON elsewhere, to stderr.
func newLogger(settings *Settings) zerolog.Logger {
	level, err := zerolog.ParseLevel(settings.Log)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if isatty.IsTerminal(os.Stderr.Fd()) && !settings.LogJSON {
		return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).Level(level).With().Timestamp().Logger()
	}
	return zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger()
}

// connect is a connection to the streams for one role, closed at the stop.
func (n *node) connect(role string) (*nats.Conn, error) {
	var conn *nats.Conn
	var err error
	if n.server != nil {
		conn, err = nats.ConnectTo(n.server, role, n.log)
	} else if err = n.settings.needs(true, false); err == nil {
		conn, err = nats.Connect(n.settings.NATSURL, role, n.log)
	}
	if err != nil {
		return nil, err
	}
	n.closeFirst(conn.Close)
	return conn, nil
}

// stream is a connection with a publisher on it.
func (n *node) stream(role string) (*nats.Conn, *nats.Publisher, error) {
	conn, err := n.connect(role)
	if err != nil {
		return nil, nil, err
	}
	publisher, err := nats.NewPublisher(conn)
	if err != nil {
		return nil, nil, err
	}
	n.closeFirst(publisher.Close)
	return conn, publisher, nil
}

// database is the pool that the roles of the process share.
func (n *node) database(ctx context.Context) (*pgxpool.Pool, error) {
	if n.pool != nil {
		return n.pool, nil
	}
	if err := n.settings.needs(false, true); err != nil {
		return nil, err
	}
	pool, err := db.NewPool(ctx, db.PoolConfig{URL: n.settings.Database.Reveal(), MaxConns: n.settings.DatabaseConns, Log: n.log})
	if err != nil {
		return nil, err
	}
	n.pool = pool
	n.closeLast(pool.Close)
	return pool, nil
}

// check adds a dependency to the health pages; the first of a name counts.
func (n *node) check(check ops.Check) {
	for _, have := range n.checks {
		if have.Name == check.Name {
			return
		}
	}
	n.checks = append(n.checks, check)
}

func (n *node) add(name string, run func(context.Context) error) {
	n.tasks = append(n.tasks, task{name: name, run: run})
}

// addFront adds work that asks this process's own HTTP server: it stops first.
func (n *node) addFront(name string, run func(context.Context) error) {
	n.tasks = append(n.tasks, task{name: name, run: run, front: true})
}

// serve runs the roles and the HTTP server until ctx ends, one of them fails or
// broken tells that something below them did.
func (n *node) serve(ctx context.Context, broken <-chan error, ready func()) error {
	defer n.close()
	if n.listener == nil {
		var err error
		if n.listener, err = listen(n.settings.HTTPAddr); err != nil {
			return err
		}
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	before, stopFront := context.WithCancel(work)
	defer stopFront()
	failed := make(chan error, len(n.tasks)+1)
	var tasks, front sync.WaitGroup
	for _, t := range n.tasks {
		ctx, group := work, &tasks
		if t.front {
			ctx, group = before, &front
		}
		group.Go(func() {
			if err := t.run(ctx); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("%s: %w", t.name, err)
			}
		})
	}
	var http sync.WaitGroup
	http.Go(func() {
		if err := n.app.Listener(n.listener); err != nil {
			failed <- fmt.Errorf("http: %w", err)
		}
	})
	if ready != nil {
		ready()
	}
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-failed:
	case cause = <-broken:
	}
	n.log.Info().Msg("stopping")
	stopFront()
	waitAtMost(&front, frontStop, n.log)
	_ = n.app.ShutdownWithTimeout(httpStop)
	http.Wait()
	stop()
	waitAtMost(&tasks, taskStop, n.log)
	return cause
}

// closeFirst registers what closes while the engines still run: publishers, connections.
func (n *node) closeFirst(do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closers = append(n.closers, do)
}

// closeLast registers what everything else leans on: pool, servers, simulator.
func (n *node) closeLast(do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.engine = append(n.engine, do)
}

// close closes what was opened, the last first.
func (n *node) close() {
	if n.listener != nil {
		_ = n.listener.Close()
	}
	for _, list := range []*[]func(){&n.closers, &n.engine} {
		for i := len(*list) - 1; i >= 0; i-- {
			(*list)[i]()
		}
		*list = nil
	}
}

func waitAtMost(wg *sync.WaitGroup, limit time.Duration, log zerolog.Logger) {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
		log.Warn().Dur("after_ms", limit).Msg("work still in hand is left to redelivery")
	}
}

// listen opens the HTTP address, with a sentence where that fails.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("address %s is taken by another program: stop it, or choose another with UKBOT_HTTP_ADDR", address)
	}
	if err != nil {
		return nil, fmt.Errorf("UKBOT_HTTP_ADDR %s: %s", address, strings.TrimPrefix(err.Error(), "listen tcp: "))
	}
	return listener, nil
}
