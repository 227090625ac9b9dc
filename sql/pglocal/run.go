package pglocal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errDied means the postmaster ended before it accepted a connection.
var errDied = errors.New("PostgreSQL ended while starting")

// patience is how long a server that dies at start is tried again: children of a
// killed predecessor hold its shared memory for a moment, and another program can
// take a free port between our look and the server's.
const patience = 5 * time.Second

// run launches the server and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	deadline := time.Now().Add(patience)
	for {
		err := s.attempt(ctx)
		if err == nil || !errors.Is(err, errDied) || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
		if held, lockErr := s.lock.TryLock(); lockErr != nil || !held {
			return errors.Join(err, lockErr)
		}
		if s.cfg.Port == 0 && !free(s.port) {
			continue // with another port
		}
		if !s.home.leftover() {
			return errors.Join(err, s.lock.Unlock())
		}
	}
}

// attempt launches the server once. On return without an error it runs; with one it
// has ended and the lock is free.
func (s *Server) attempt(ctx context.Context) error {
	if err := s.choosePort(); err != nil {
		return errors.Join(err, s.lock.Unlock())
	}
	log, begin, err := s.home.openLog()
	if err != nil {
		return errors.Join(fmt.Errorf("PostgreSQL's log: %w", err), s.lock.Unlock())
	}
	defer log.Close()
	args, err := s.arguments()
	if err != nil {
		return errors.Join(err, s.lock.Unlock())
	}
	// The server outlives ctx, which bounds the start only.
	cmd := s.account.command(context.WithoutCancel(ctx), s.home.data(), s.bin.program("postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if s.proc, err = launch(cmd, s.lock); err != nil {
		return err
	}
	err = s.ready(ctx)
	if errors.Is(err, errDied) {
		return fmt.Errorf("%w: %s (%s)", err, excerpt(log, begin), log.Name())
	}
	if err != nil {
		s.Kill()
		return fmt.Errorf("wait for PostgreSQL to answer: %w (%s)", err, log.Name())
	}
	return nil
}

func (s *Server) choosePort() error {
	s.port = s.cfg.Port
	if s.port == 0 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("find a port for PostgreSQL: %w", err)
		}
		s.port = l.Addr().(*net.TCPAddr).Port
		return l.Close()
	}
	if !free(s.port) {
		return fmt.Errorf("PostgreSQL's port 127.0.0.1:%d %w", s.port, ErrPortTaken)
	}
	return nil
}

func free(port int) bool {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && l.Close() == nil
}

// settings are for one program on one machine beside other work: little memory, no
// surprises in plans, a log without the data that statements carry.
func (s *Server) settings(socket string) map[string]string {
	chosen := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(s.port),
		"unix_socket_directories": socket,
		"max_connections":         strconv.Itoa(s.cfg.MaxConns),
		"shared_buffers":          "64MB",
		"max_wal_size":            "2GB",
		"jit":                     "off", // compiling costs more than our short queries take
		"fsync":                   onOff(s.cfg.Fsync),
		"full_page_writes":        onOff(s.cfg.Fsync),
		"synchronous_commit":      onOff(s.cfg.Fsync),
		"autovacuum":              "on",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_destination":         "stderr",
		"logging_collector":       "off",
		"log_min_messages":        "warning",
		"log_min_error_statement": "panic", // no statement and no DETAIL:
		"log_error_verbosity":     "terse", // they repeat rows of customers
		"log_checkpoints":         "off",
	}
	maps.Copy(chosen, s.cfg.Settings)
	return chosen
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// socketLimit is the longest folder, in bytes, whose socket (plus /.s.PGSQL.65535)
// fits sun_path: 104 bytes on macOS, 108 on Linux, with the closing zero.
const socketLimit = 88

// arguments is the postmaster's command line. Its -D is what evict knows it by.
func (s *Server) arguments() ([]string, error) {
	socket := s.home.file("socket")
	if len(socket) > socketLimit {
		socket = "" // none at all: everything goes over TCP
	} else if err := os.MkdirAll(socket, 0o700); err != nil {
		return nil, fmt.Errorf("PostgreSQL's socket: %w", err)
	} else if err := s.account.own(socket); err != nil {
		return nil, err
	}
	args := []string{"-D", s.home.data()}
	settings := s.settings(socket)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args, nil
}

// errNotOurs means that whoever answers on the port has other data or another password.
var errNotOurs = errors.New("the server that answers is not the one in this folder")

// ready waits until the server lets us in, by the way everybody comes.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var stranger <-chan time.Time
	for {
		err := s.greet(ctx)
		if err == nil {
			return nil
		}
		// Another server took the port just before ours, which then ends by itself;
		// if it does not, waiting longer changes nothing.
		if errors.Is(err, errNotOurs) && stranger == nil {
			stranger = time.After(2 * time.Second)
		}
		select {
		case <-s.proc.done:
			return errDied
		case <-ctx.Done():
			return ctx.Err()
		case <-stranger:
			return err
		case <-tick.C:
		}
	}
}

// greet connects once and asks the server whose data it has: copies of one seed share
// their password, so being let in proves nothing.
func (s *Server) greet(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	const invalidAuthorization = "28" // the class of SQLSTATE 28000 and 28P01
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(pg.Code, invalidAuthorization) {
		return fmt.Errorf("%w: %w", errNotOurs, err)
	}
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var data string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&data); err != nil {
		return err
	}
	if data != s.home.data() {
		return fmt.Errorf("%w but in %s", errNotOurs, data)
	}
	return nil
}

// URL is the connection string for a database, with the password in it: for drivers,
// not for logs. It does not make the database; see Create.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, string(s.password)),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Create makes the database unless it is there.
func (s *Server) Create(ctx context.Context, database string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize())
	const duplicateDatabase = "42P04"
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == duplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}
