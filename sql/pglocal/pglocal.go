// Package pglocal runs a private PostgreSQL server for one program: from the
// installed binaries, else from downloaded ones.
//
// It promises that one folder is one database: Stop then Start finds the data
// again, also after the program or the server was killed; that a second Start on
// a folder in use is refused; that the server listens on loopback only, asks for a
// password that was drawn for this folder, and ends when its program ends (at once
// on Linux; elsewhere an orphan is stopped by the next Start). As root the server
// runs under an unprivileged account, because PostgreSQL refuses root.
//
// It never touches another server, never listens on a public address and never
// deletes data (Remove excepted, which says so).
package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"
)

// Errors a caller may want to tell apart; each reads as a whole sentence.
var (
	// ErrNotInstalled means there are no binaries here and none could be fetched.
	ErrNotInstalled = errors.New("PostgreSQL is not installed and could not be downloaded: install Debian's postgresql package (apt-get install postgresql) or set DATABASE_URL")
	// ErrRunning means a living program owns the folder.
	ErrRunning = errors.New("is in use by another running copy")
	// ErrPortTaken means something else listens on Config.Port.
	ErrPortTaken = errors.New("is taken by another program")
)

// Config says where the server lives and how it is tuned. Only Dir is required.
type Config struct {
	Dir      string            // the server's own folder: data, password, log, lock
	Port     int               // TCP on 127.0.0.1; 0 takes a free one at every start
	Log      zerolog.Logger    // one line per start and stop, and what was repaired
	Fsync    bool              // false only for data that may be lost (tests): a power cut then corrupts it
	MaxConns int               // connections the server accepts; default 100
	Settings map[string]string // more postgresql.conf settings; they win over the ones chosen here
	Progress func(string)      // told before the steps that take seconds; may be nil
	Seed     string            // a stopped Dir to copy when this one is empty, instead of running initdb
	Binaries Binaries          // where binaries are looked for; the zero value is right outside tests
}

// Server is one running PostgreSQL server, owned by this process.
type Server struct {
	cfg      Config
	home     home
	seed     home
	account  *account
	bin      installation
	password password
	lock     *flock.Flock
	port     int
	proc     *process
}

// Start makes the folder if it is new, repairs what a killed predecessor left, and
// returns when the server accepts connections. ctx bounds the start only.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 100
	}
	began := time.Now()
	s := &Server{cfg: cfg}
	if err := s.occupy(); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.lock.Unlock())
	}
	if err := s.run(ctx); err != nil { // the lock is let go by the process's end
		return nil, err
	}
	cfg.Log.Info().Int("pid", s.PID()).Int("port", s.port).Str("dir", s.home.dir).
		Str("version", s.bin.version).Dur("took_ms", time.Since(began)).Msg("postgresql started")
	return s, nil
}

// occupy finds the folder the server can live in and takes its lock.
func (s *Server) occupy() error {
	var err error
	s.account = unprivileged()
	if s.home, err = settle(s.cfg.Dir, s.account, s.cfg.Log); err != nil {
		return err
	}
	s.lock = flock.New(s.home.file("lock"))
	held, err := s.lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock PostgreSQL's folder: %w", err)
	}
	if !held {
		return fmt.Errorf("PostgreSQL's folder %s %w", s.home.dir, ErrRunning)
	}
	return nil
}

// prepare brings the folder to the state "initialised and nobody runs in it".
func (s *Server) prepare(ctx context.Context) error {
	var err error
	if s.account, err = s.home.owner(s.account); err != nil {
		return err
	}
	major, err := s.home.major()
	if err != nil {
		return err
	}
	fresh := major == 0
	if fresh && s.cfg.Seed != "" {
		if s.seed, err = settle(s.cfg.Seed, s.account, s.cfg.Log); err != nil {
			return err
		}
		if major, err = s.seed.major(); err != nil {
			return err
		}
	}
	if s.bin, err = s.cfg.Binaries.find(ctx, s.account, major, s.cfg.Progress); err != nil {
		return err
	}
	if err := s.home.evict(ctx, s.cfg.Log); err != nil {
		return err
	}
	if err := s.choosePort(); err != nil { // refused now rather than after a second of initdb
		return err
	}
	if fresh {
		if err := s.initialise(ctx); err != nil {
			return err
		}
	}
	s.password, err = s.home.readPassword()
	return err
}

// PID is the postmaster's process id.
func (s *Server) PID() int { return s.proc.cmd.Process.Pid }

// Port is the TCP port on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// Dir is where the data really lie; Config.Dir unless the account may not walk there.
func (s *Server) Dir() string { return s.home.dir }

// Done is closed when the server has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.proc.done }

// Remove stops the server at once and deletes its folder with all data.
func (s *Server) Remove() error {
	s.quit()
	return Remove(s.cfg.Dir)
}

// Remove deletes a folder in which no server runs, with all data, also those that
// lie elsewhere.
func Remove(dir string) error {
	note, err := os.ReadFile(filepath.Join(dir, "location"))
	if err == nil {
		err = os.RemoveAll(strings.TrimSpace(string(note)))
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// Version says which PostgreSQL new data would be made with, e.g. 15.18; it may
// download it.
func Version(ctx context.Context, b Binaries) (string, error) {
	i, err := b.find(ctx, unprivileged(), 0, func(string) {})
	return i.version, err
}
