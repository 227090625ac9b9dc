package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofrs/flock"

	"ukbot/botgw/simulator"
	"ukbot/housing/seed"
	"ukbot/nats"
	"ukbot/secret"
	"ukbot/sql/db"
	"ukbot/sql/pglocal"
)

// devCommand runs everything on one machine. What NATS_URL, DATABASE_URL or
// TELEGRAM_TOKEN name takes the place of dev's own.
type devCommand struct {
	NoDemo bool `help:"Do not make the demo company."`
}

// devDatabase is the database in dev's private PostgreSQL.
const devDatabase = "ukbot"

func (d devCommand) Run(ctx context.Context, s *Settings) error {
	began := time.Now()
	unlock, err := ownFolder(s.DataDir)
	if err != nil {
		return err
	}
	defer unlock()
	n := newNode(s)
	if n.listener, err = listen(s.HTTPAddr); err != nil {
		return err
	}
	s.HTTPAddr = n.listener.Addr().String()
	broken, err := n.engines(ctx)
	if err == nil {
		err = d.wire(ctx, n)
	}
	if err != nil {
		n.close()
		return cmp.Or(ctx.Err(), err) // asked to stop while starting: what broke off is no news
	}
	defer func() { _ = os.Remove(devFilePath(s.DataDir)) }()
	return n.serve(ctx, broken, func() {
		n.awaitIngress(ctx)
		n.welcome(ctx, time.Since(began))
	})
}

// takingWait bounds the wait for the ingress; beyond it /ready tells what is wrong.
const takingWait = 5 * time.Second

// awaitIngress waits until webhooks can be taken: the screen must not say ready
// to somebody whose first webhook would be refused.
func (n *node) awaitIngress(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, takingWait)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n.taking() != nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ownFolder makes the data folder and locks it: two copies on one store would
// destroy it, and the streams' server takes no lock of its own.
func ownFolder(dir string) (unlock func(), err error) {
	// Others may pass through: as root, PostgreSQL runs under another user.
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // what is secret in it has its own mode
		return nil, fmt.Errorf("data folder %s cannot be made: %w; choose another with UKBOT_DATA_DIR", dir, cause(err))
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data folder %s cannot be written: %w; choose another with UKBOT_DATA_DIR", dir, cause(err))
	}
	if !locked {
		return nil, fmt.Errorf("another `ukbot dev` runs in %s: stop it, or give this one its own UKBOT_DATA_DIR, UKBOT_HTTP_ADDR and UKBOT_NATS_ADDR", dir)
	}
	return func() { _ = lock.Unlock() }, nil
}

// cause is the system's own word without the path, which the sentence has already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// engines starts the streams and the database, both at once, and brings them up
// to date. The channel tells when one of them ends on its own.
func (n *node) engines(ctx context.Context) (<-chan error, error) {
	broken := make(chan error, 1)
	var wg sync.WaitGroup
	var streams, database error
	wg.Go(func() { streams = n.ownStreams(ctx) })
	wg.Go(func() { database = n.ownDatabase(ctx, broken) })
	wg.Wait()
	return broken, errors.Join(streams, database)
}

// prepareTimeout bounds migrations and stream definitions at the start.
const prepareTimeout = 60 * time.Second

func (n *node) ownStreams(ctx context.Context) error {
	if n.settings.NATSURL == "" {
		server, err := n.startServer()
		if err != nil {
			return err
		}
		n.server = server
		n.closeLast(server.Stop)
	}
	conn, err := n.connect("setup")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	return nats.Apply(ctx, conn.JS, n.settings.Replicas)
}

func (n *node) startServer() (*nats.Server, error) {
	host, portText, err := net.SplitHostPort(n.settings.NATSAddr)
	if err != nil {
		return nil, fmt.Errorf("UKBOT_NATS_ADDR is %q: want host:port", n.settings.NATSAddr)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("UKBOT_NATS_ADDR is %q: want host:port", n.settings.NATSAddr)
	}
	if port == 0 {
		port = -1 // the server's word for any free one
	} else if probe, err := net.Listen("tcp", n.settings.NATSAddr); err != nil {
		return nil, fmt.Errorf("address %s for the streams is taken: stop the other program (a nats-server?), or choose another with UKBOT_NATS_ADDR", n.settings.NATSAddr)
	} else if err := probe.Close(); err != nil {
		return nil, err
	}
	interval, err := n.settings.syncInterval()
	if err != nil {
		return nil, err
	}
	return nats.StartServer(nats.ServerConfig{
		Dir: filepath.Join(n.settings.DataDir, "nats"), Host: host, Port: port, Sync: interval, Log: n.log,
	})
}

func (n *node) ownDatabase(ctx context.Context, broken chan<- error) error {
	if n.settings.Database == "" {
		server, err := pglocal.Start(ctx, pglocal.Config{
			Dir: filepath.Join(n.settings.DataDir, "postgres"), Fsync: true, Log: n.log,
			Progress: func(text string) { n.log.Info().Msg(text) },
		})
		if err != nil {
			return err
		}
		n.closeLast(func() {
			stop, cancel := context.WithTimeout(context.Background(), taskStop)
			defer cancel()
			_ = server.Stop(stop)
		})
		if err := server.Create(ctx, devDatabase); err != nil {
			return err
		}
		n.settings.Database = secret.Text(server.URL(devDatabase))
		go func() {
			<-server.Done()
			broken <- errors.New("PostgreSQL ended; its last words are in " + filepath.Join(server.Dir(), "server.log"))
		}()
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	return db.Migrate(ctx, n.settings.Database.Reveal())
}

// wire makes what dev has beyond the roles: keys, the simulator, the demo company.
func (d devCommand) wire(ctx context.Context, n *node) error {
	if err := n.ownKeys(); err != nil {
		return err
	}
	if n.settings.TelegramToken == "" {
		if err := n.simulate(); err != nil {
			return err
		}
	}
	if !d.NoDemo {
		if err := n.seedDemo(ctx); err != nil {
			return fmt.Errorf("demo company: %w", err)
		}
	}
	for _, add := range []role{addIngress, addWorkers, addHousing, addBot} {
		if err := add(ctx, n); err != nil {
			return err
		}
	}
	addPages(n)
	if d.NoDemo {
		return nil
	}
	return n.ownCompanyKey(ctx)
}

// simulatorToken is the bot's token in the simulator; it opens nothing else.
const simulatorToken = "100001:simulator-only"

// simulate runs the Telegram simulator: the Bot API on a port of its own, its
// pages beside the others.
func (n *node) simulate() error {
	// The bot remembers updates and messages of the last start.
	sim := simulator.New(simulator.Config{FirstID: time.Now().UnixMilli()})
	sim.AddBot(simulatorToken, "ukbot_demo_bot")
	for _, face := range append(seed.Faces(), strangers...) {
		sim.AddUser(simulator.User{ID: face.Telegram, FirstName: face.Name, LanguageCode: face.Language, Role: face.Role})
	}
	for _, chat := range demoPhones {
		if err := sim.Start(simulatorToken, chat); err != nil {
			return fmt.Errorf("telegram simulator: %w", err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("telegram simulator: %w", err)
	}
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: httpStop}
	n.closeLast(func() { sim.Close(); _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	n.settings.TelegramToken = simulatorToken
	n.settings.TelegramAPI = "http://" + listener.Addr().String()
	if local(n.listener.Addr()) { // the pages have no login
		n.app.All("/simulator*", adaptor.HTTPHandler(sim.Inspect()))
	}
	return nil
}

// local says whether an address is reached from this machine only.
func local(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
