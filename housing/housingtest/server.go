package housingtest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/housing"
	"ukbot/housing/auth"
	"ukbot/housing/unit"
	"ukbot/ingress"
	"ukbot/nats/natstest"
	"ukbot/secret"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// The tenants there are. Both are in Tashkent.
const (
	Acme  = "acme"
	Other = "other"
)

// Server is the housing services with all they stand on.
type Server struct {
	URL      string // of the API: http://127.0.0.1:…/api/v1
	Tenant   string // whose people are made; see In
	Clock    *Clock
	Pool     *pgxpool.Pool
	Store    unit.Store // on the same pool and clock
	NATS     *natstest.Env
	Keys     *secret.Keyset
	Registry *prometheus.Registry
	Log      *Log
	Auth     *auth.Auth // of the services

	t        testing.TB
	count    *counter
	services *housing.Housing
}

// Option changes what Start starts.
type Option func(*options)

type options struct {
	conns int
	start time.Time
}

// Conns sets the size of the pool of connections; default 12, as in production.
func Conns(n int) Option { return func(o *options) { o.conns = n } }

// At sets what the clock shows at first; default Monday.
func At(now time.Time) Option { return func(o *options) { o.start = now } }

// Start starts the services for one test and stops them when it ends.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o := options{start: Monday}
	for _, opt := range opts {
		opt(&o)
	}
	keys, err := secret.ParseKeyset(secret.NewKey("test"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Tenant: Acme, Clock: &Clock{now: o.start}, NATS: natstest.Start(t), Keys: keys,
		Registry: prometheus.NewRegistry(), Log: &Log{}, t: t, count: &counter{},
	}
	s.Pool, err = db.NewPool(t.Context(), db.PoolConfig{URL: dbtest.URL(t), MaxConns: o.conns, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Pool.Close)
	s.Store = unit.Store{Pool: s.Pool, Now: s.Clock.Now}
	for _, tenant := range []string{Acme, Other} {
		s.exec("INSERT INTO companies (tenant_id, name, time_zone, language) VALUES ($1, $2, 'Asia/Tashkent', 'ru')", tenant, "Company "+tenant)
	}
	s.serve()
	return s
}

// In is the same server, making people and things of another tenant.
func (s *Server) In(tenant string) *Server {
	other := *s
	other.Tenant = tenant
	return &other
}

// serve opens the listener and runs the services until the test ends.
func (s *Server) serve() {
	s.t.Helper()
	services, err := housing.New(s.t.Context(), housing.Config{
		Conn: s.NATS.Conn, Publisher: s.NATS.Publisher, Metrics: s.NATS.Metrics, Pool: s.Pool, Keys: s.Keys, Registry: s.Registry, Now: s.Clock.Now,
		Log: zerolog.New(s.Log),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.services, s.Auth = services, services.Auth()
	app := ingress.NewApp(ingress.AppConfig{Log: zerolog.New(s.Log)})
	services.Register(app)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.URL = "http://" + listener.Addr().String() + "/api/v1"
	s.background(s.Auth.Run) // it hears of revoked tokens
	s.listen(app, listener)
}

// Run runs all that the services do beside requests, from now on: clocks,
// figures, sweeps. Without it, revoked tokens are heard of and that is all.
func (s *Server) Run() {
	s.t.Helper()
	s.background(s.services.Run)
}

// background runs something until the test ends, and waits for its end.
func (s *Server) background(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("run in the background: %v", err)
		}
	})
}

func (s *Server) listen(app *fiber.App, listener net.Listener) {
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener) }()
	s.t.Cleanup(func() {
		err := app.ShutdownWithTimeout(time.Minute)
		listener.Close() // where a test ends before the server listens, it would only begin to
		if err := errors.Join(err, <-done); err != nil {
			s.t.Errorf("shut the server down: %v", err)
		}
	})
}

// Log is what the services logged.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes a line.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String is all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
