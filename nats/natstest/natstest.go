// Package natstest gives each test streams of its own: an embedded server on a
// free port with every stream and bucket and the consumers that are no lanes, or
// a cluster of several servers. A lane is made by who serves it; Env.Lanes makes
// all. A server can be stopped and started again on the same folder and port. All
// is stopped when the test ends. It is for tests only.
package natstest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/nats"
)

// readyIn bounds what an idle machine does in milliseconds, or a cluster in a second.
const readyIn = time.Minute

// applyIn bounds making a hundred and more streams and consumers, each with its votes
// and disks where it is a cluster.
const applyIn = 3 * time.Minute

// Env is the streams of one test. Fields are its own; do not close them.
type Env struct {
	Server    *nats.Server // replaced by Restart
	Conn      *nats.Conn   // outlives a Restart
	Publisher *nats.Publisher
	Metrics   *nats.Metrics
	Registry  *prometheus.Registry // of Metrics

	t   testing.TB
	cfg nats.ServerConfig
}

// Start starts a server that answers from the page cache, as most tests want.
func Start(t testing.TB) *Env {
	t.Helper()
	return StartWith(t, nats.ServerConfig{Sync: time.Minute})
}

// StartDurable starts a server whose publishes wait for disk, as in production.
func StartDurable(t testing.TB) *Env {
	t.Helper()
	return StartWith(t, nats.ServerConfig{})
}

// StartWith starts a server; folder, port and log are set where they are not.
func StartWith(t testing.TB, cfg nats.ServerConfig) *Env {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.Port == 0 {
		cfg.Port = -1
	}
	env := &Env{t: t, cfg: cfg}
	env.start()
	t.Cleanup(func() { env.Stop() })
	env.Conn = env.Connect("test")
	ctx, cancel := context.WithTimeout(context.Background(), applyIn)
	defer cancel()
	if err := withoutLanes(ctx, env.Conn.JS, 1); err != nil {
		t.Fatal(err)
	}
	env.Registry = prometheus.NewRegistry()
	env.Metrics = nats.NewMetrics(env.Registry)
	env.Publisher = NewPublisher(t, env.Conn)
	return env
}

// withoutLanes makes what the tables say but the lanes: a server takes 10 ms a
// consumer to stop, so they would cost each test most of a second. Whoever serves
// a lane finds it missing and makes it.
func withoutLanes(ctx context.Context, js jetstream.JetStream, replicas int) error {
	var steps []func() error
	for _, want := range nats.Streams {
		want.Replicas = replicas
		steps = append(steps, func() error { _, err := js.CreateOrUpdateStream(ctx, want); return err })
	}
	for _, want := range nats.Buckets {
		want.Replicas = replicas
		steps = append(steps, func() error { _, err := js.CreateOrUpdateKeyValue(ctx, want); return err })
	}
	for _, want := range nats.Objects {
		want.Replicas = replicas
		steps = append(steps, func() error { _, err := js.CreateOrUpdateObjectStore(ctx, want); return err })
	}
	if err := together(steps); err != nil {
		return err
	}
	steps = nil
	for _, want := range nats.Consumers {
		if lane := len(want.Config.PriorityGroups) > 0; !lane {
			steps = append(steps, func() error { _, err := js.CreateOrUpdateConsumer(ctx, want.Stream, want.Config); return err })
		}
	}
	return together(steps)
}

// together takes all steps at once: a cluster's wait for disks and votes.
func together(steps []func() error) error {
	errs := make([]error, len(steps))
	var wg sync.WaitGroup
	for i, step := range steps {
		wg.Go(func() { errs[i] = step() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Lanes brings everything to what the tables say, as production does: the lanes too.
func (e *Env) Lanes() {
	e.t.Helper()
	lanes(e.t, e.Conn, 1)
}

func lanes(t testing.TB, conn *nats.Conn, replicas int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), applyIn)
	defer cancel()
	if err := nats.Apply(ctx, conn.JS, replicas); err != nil {
		t.Fatal(err)
	}
}

func (e *Env) start() {
	e.t.Helper()
	server, err := nats.StartServer(e.cfg)
	if err != nil {
		e.t.Fatal(err)
	}
	e.Server = server
	if addr, ok := server.Addr().(*net.TCPAddr); ok {
		e.cfg.Port = addr.Port
	}
}

// Connect makes another connection, closed when the test ends.
func (e *Env) Connect(role string) *nats.Conn {
	e.t.Helper()
	conn, err := nats.ConnectTo(e.Server, role, zerolog.Nop())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(conn.Close)
	return conn
}

// URL is where the server listens.
func (e *Env) URL() string { return e.Server.ClientURL() }

// Stop stops the server; connections begin to look for it.
func (e *Env) Stop() { e.Server.Stop() }

// Start starts the server again on the same folder and port and waits until
// Conn is back.
func (e *Env) Start() {
	e.t.Helper()
	e.start()
	Wait(e.t, "the connection to be back", e.Conn.IsConnected)
}

// Restart is Stop and Start.
func (e *Env) Restart() {
	e.t.Helper()
	e.Stop()
	e.Start()
}

// NewPublisher makes a publisher on conn, closed when the test ends.
func NewPublisher(t testing.TB, conn *nats.Conn) *nats.Publisher {
	t.Helper()
	publisher, err := nats.NewPublisher(conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(publisher.Close)
	return publisher
}

// Wait waits until a condition holds and fails the test after readyIn.
func Wait(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(readyIn); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", readyIn, what)
		}
	}
}
