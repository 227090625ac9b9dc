package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/load"
	"ukbot/nats"
	"ukbot/ops"
	"ukbot/sql/db"
	"ukbot/sql/pglocal"
)

// benchServer is a server under load and what reaches into it.
type benchServer struct {
	devFile
	conn      *nats.Conn
	publisher *nats.Publisher
	pool      *pgxpool.Pool

	bench    *bench
	name     string
	dir      string
	database string // empty: none of the bench's
	orders   io.WriteCloser
	ended    chan struct{} // closed when end is known
	end      error
	kill     func()
	profiles int
}

// benchStart is which server to start.
type benchStart struct {
	kind   string // of benchChildCommand
	sync   string // UKBOT_SYNC; default always
	paused bool
	people int
	env    []string // more settings
}

// Limits of a server under load.
const (
	benchReadyIn = 60 * time.Second
	benchStopIn  = 15 * time.Second
)

// start starts a server and waits until it is ready, with both configurations
// of the series in force.
func (b *bench) start(ctx context.Context, what benchStart) (*benchServer, error) {
	b.started++
	name := what.kind + "-" + strconv.Itoa(b.started)
	s := &benchServer{bench: b, name: name, dir: filepath.Join(b.dir, name), ended: make(chan struct{})}
	err := os.Mkdir(s.dir, 0o711) //nolint:gosec // as dev's
	if err == nil && what.kind == "node" {
		s.database = "bench_" + strconv.Itoa(b.started)
		err = b.pg.Create(ctx, s.database)
	}
	if err == nil {
		err = s.launch(what)
	}
	if err == nil {
		err = s.ready(ctx)
	}
	if err == nil && what.kind == "node" {
		err = s.connect(ctx)
	}
	if err != nil {
		err = fmt.Errorf("server %s: %w%s", name, err, s.lastWords())
		s.stop()
		return nil, err
	}
	return s, nil
}

// launch starts the process.
func (s *benchServer) launch(what benchStart) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"bench-child", "--kind=" + what.kind, "--people=" + strconv.Itoa(what.people)}
	if what.paused {
		args = append(args, "--paused")
	}
	cmd := exec.Command(self, args...) //nolint:gosec,noctx // this program; stop ends it
	cmd.Env = append(cleanEnv(), "UKBOT_HTTP_ADDR=127.0.0.1:0", "UKBOT_NATS_ADDR=127.0.0.1:0", "UKBOT_DATA_DIR="+s.dir)
	if s.database != "" {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+s.bench.pg.URL(s.database), "UKBOT_KEYS="+s.bench.keys.Reveal())
	}
	if what.sync != "" {
		cmd.Env = append(cmd.Env, "UKBOT_SYNC="+what.sync)
	}
	cmd.Env = append(cmd.Env, what.env...)
	cmd.Stdout, cmd.Stderr = log, log
	if s.orders, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.kill = func() { _ = cmd.Process.Kill() }
	go func() { s.end = cmd.Wait(); close(s.ended) }()
	return nil
}

// cleanEnv is the environment without settings of ukbot: they are the bench's to choose.
func cleanEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "UKBOT_"), name == "NATS_URL", name == "DATABASE_URL", name == "TELEGRAM_TOKEN":
		default:
			env = append(env, entry)
		}
	}
	return env
}

// errEnded means that a server ended on its own.
var errEnded = errors.New("ended before it was told to")

// ready waits for the server's file.
func (s *benchServer) ready(ctx context.Context) error {
	return s.await(ctx, benchReadyIn, often, "the server to be ready", func(context.Context) (bool, error) {
		raw, err := os.ReadFile(devFilePath(s.dir))
		return err == nil && json.Unmarshal(raw, &s.devFile) == nil, nil
	})
}

// How often await looks: seldom where looking takes from what is measured.
const (
	often  = 20 * time.Millisecond
	seldom = 250 * time.Millisecond
)

// await looks again and again until something is done, fails or takes too long.
func (s *benchServer) await(ctx context.Context, limit, every time.Duration, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("waited %s in vain for %s", limit, what))
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if ok, err := done(ctx); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return errors.Join(errEnded, s.end)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// connect opens what reaches into the server and sets the configurations.
func (s *benchServer) connect(ctx context.Context) error {
	log := zerolog.Nop()
	var err error
	if s.pool, err = db.Open(ctx, db.PoolConfig{URL: s.bench.pg.URL(s.database), MaxConns: commandConns, Log: log}); err != nil {
		return err
	}
	if s.conn, err = nats.Connect(s.NATS, "bench", log); err != nil {
		return err
	}
	if err := s.conn.Ready(ctx); err != nil {
		return err
	}
	if s.publisher, err = nats.NewPublisher(s.conn); err != nil {
		return err
	}
	for _, hook := range load.Hooks() {
		hook.Secrets = []string{s.bench.sealer.Seal(s.bench.secret, events.HookOwner(hook.Tenant, hook.Source))}
		if _, err := ops.SetHook(ctx, s.pool, s.conn, hook); err != nil {
			return err
		}
	}
	return s.await(ctx, benchReadyIn, often, "the ingress to know its webhooks", func(ctx context.Context) (bool, error) {
		probe := s.bench.webhooks()
		probe.Mixed = true
		out, err := load.Closed{Addr: s.HTTP, Connections: 1, Measure: 10 * time.Millisecond, Webhooks: probe}.Run(ctx)
		return out.Done > 1 && out.Unexpected() == 0, err
	})
}

// order tells the server to do something.
func (s *benchServer) order(words ...string) error {
	_, err := fmt.Fprintln(s.orders, strings.Join(words, " "))
	return err
}

// profiled runs work under the server's profiler, if profiles are wanted.
func (s *benchServer) profiled(name string, work func() error) error {
	if s.bench.profile == "" {
		return work()
	}
	s.profiles++
	path := filepath.Join(s.bench.profile, fmt.Sprintf("%s-%s-%d.pprof", name, s.name, s.profiles))
	if err := s.order(orderProfile, path); err != nil {
		return err
	}
	err := work()
	return errors.Join(err, s.order(orderProfileDone))
}

// working runs work and tells what the loader and the server had of the processor
// meanwhile: empty where the system does not say.
func (s *benchServer) working(work func() error) (string, error) {
	ours, theirs, began := cpu(os.Getpid()), cpu(s.PID), time.Now()
	err := work()
	ours, theirs, took := cpu(os.Getpid())-ours, cpu(s.PID)-theirs, time.Since(began)
	if theirs <= 0 {
		return "", err
	}
	return fmt.Sprintf("; cores busy: loader %.2f, server %.2f", ours.Seconds()/took.Seconds(), theirs.Seconds()/took.Seconds()), err
}

// cpu is the time that a process has worked; 0 where that is not to be known.
func cpu(pid int) time.Duration {
	used, err := load.CPU(pid)
	if err != nil {
		return 0
	}
	return used
}

// stop ends the server and removes what it kept.
func (s *benchServer) stop() {
	if s.publisher != nil {
		s.publisher.Close()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.orders != nil {
		_ = s.orders.Close()
	}
	if s.kill != nil {
		select {
		case <-s.ended:
		case <-time.After(benchStopIn):
			s.kill()
			<-s.ended
		}
	}
	if s.database != "" {
		s.bench.dropDatabase(s.database)
	}
	// dev's own PostgreSQL may have put its data elsewhere.
	if err := errors.Join(pglocal.Remove(filepath.Join(s.dir, "postgres")), os.RemoveAll(s.dir)); err != nil {
		fmt.Fprintf(os.Stderr, "left behind in %s: %v\n", s.dir, err)
	}
}

// lastWords is the end of a server's log.
func (s *benchServer) lastWords() string {
	const kept = 1000
	raw, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil || len(raw) == 0 {
		return ""
	}
	return "; its last words: " + strings.TrimSpace(string(raw[max(0, len(raw)-kept):]))
}
