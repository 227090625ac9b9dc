package nats

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// ServerConfig is the server inside the process.
type ServerConfig struct {
	Dir  string // of the streams; created if missing
	Host string // default 127.0.0.1
	Port int    // -1: any free one
	Name string // default "ukbot"
	// Sync is how often files are forced to disk in the background; 0 means that every
	// publish through a Publisher waits for disk (one fsync shared by all in flight).
	Sync       time.Duration
	MaxPayload int32 // bytes; default 2 MiB: a webhook of 1 MiB with its headers
	Log        zerolog.Logger
}

// backgroundSync is the server's own fsync interval where the Publisher syncs what
// it stores: consumer states and buckets lose at most this much to a power failure.
const backgroundSync = 10 * time.Second

// Server is a NATS server with JetStream in this process.
type Server struct {
	*server.Server
	durable bool // Publisher must sync before it answers
	fatal   *fatalLog
}

// StartServer starts the server and returns when it takes connections and JetStream
// answers. It takes no signals and prints nothing but through Log.
func StartServer(cfg ServerConfig) (*Server, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("streams folder: %w", err)
	}
	options := cfg.options()
	srv, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("nats server: %w", err)
	}
	fatal := &fatalLog{log: cfg.Log}
	srv.SetLoggerV2(fatal, false, false, false)
	srv.Start()
	s := &Server{Server: srv, durable: cfg.Sync == 0, fatal: fatal}
	if !srv.ReadyForConnections(startTimeout) || fatal.cause() != "" || !srv.JetStreamEnabled() {
		srv.Shutdown()
		if cause := fatal.cause(); cause != "" {
			return nil, fmt.Errorf("nats server: %s", cause)
		}
		return nil, fmt.Errorf("nats server: not ready after %s", startTimeout)
	}
	return s, nil
}

const startTimeout = 30 * time.Second

func (cfg ServerConfig) options() *server.Options {
	sync := cfg.Sync
	if sync == 0 {
		sync = backgroundSync
	}
	if cfg.Host == "" {
		cfg.Host = "127.0.0.1"
	}
	if cfg.Name == "" {
		cfg.Name = "ukbot"
	}
	if cfg.MaxPayload == 0 {
		cfg.MaxPayload = 2 << 20
	}
	return &server.Options{
		ServerName: cfg.Name, Host: cfg.Host, Port: cfg.Port, NoSigs: true, NoLog: false,
		JetStream: true, StoreDir: cfg.Dir, SyncInterval: sync, MaxPayload: cfg.MaxPayload,
		DisableJetStreamBanner: true,
	}
}

// Connect connects within the process.
func (s *Server) Connect(opts ...natsgo.Option) (*natsgo.Conn, error) {
	return natsgo.Connect(s.ClientURL(), opts...)
}

// Stop stops the server when its files are written.
func (s *Server) Stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// blocksDir is where the server keeps the message blocks of a stream.
func (s *Server) blocksDir(stream string) string {
	return filepath.Join(s.StoreDir(), globalAccount, "streams", stream, "msgs")
}

// fatalLog hands the server's lines to zerolog and remembers what the server
// calls fatal: a custom logger must not exit, and the server itself would go on
// as if JetStream were there.
type fatalLog struct {
	log   zerolog.Logger
	mu    sync.Mutex
	first string
}

func (l *fatalLog) cause() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

func (l *fatalLog) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = fmt.Sprintf(format, args...)
	}
	l.log.Error().Str("component", "nats-server").Str("error", l.first).Msg("nats server failed")
}

func (l *fatalLog) Errorf(format string, args ...any)  { l.line(zerolog.ErrorLevel, format, args) }
func (l *fatalLog) Warnf(format string, args ...any)   { l.line(zerolog.WarnLevel, format, args) }
func (l *fatalLog) Noticef(format string, args ...any) { l.line(zerolog.DebugLevel, format, args) }
func (l *fatalLog) Debugf(format string, args ...any)  { l.line(zerolog.TraceLevel, format, args) }
func (l *fatalLog) Tracef(format string, args ...any)  { l.line(zerolog.TraceLevel, format, args) }

func (l *fatalLog) line(level zerolog.Level, format string, args []any) {
	l.log.WithLevel(level).Str("component", "nats-server").Str("text", fmt.Sprintf(format, args...)).Msg("nats server says")
}

// globalAccount is the account of a server without accounts; it is part of the
// path of its streams.
const globalAccount = "$G"
