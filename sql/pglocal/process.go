package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// process is one postmaster and the goroutine that waits for it.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the postmaster has ended and its folder is free
	err  error         // how it ended; read after done
}

// launch starts cmd and a goroutine that owns it to its end.
//
// The kernel tells the postmaster to shut down (SIGINT, "fast") when we die, even by
// kill -9. SIGINT and not SIGQUIT: it ends with a checkpoint of at most shared_buffers,
// while after SIGQUIT the next start would replay up to max_wal_size. The signal
// follows the thread that forked, not the process, so the goroutine stays on its
// thread until the child has ended.
func launch(cmd *exec.Cmd, lock *flock.Flock) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		dieWithUs(cmd, syscall.SIGINT)
		err := cmd.Start()
		started <- err
		if err != nil {
			p.err = errors.Join(err, lock.Unlock())
			return
		}
		p.err = errors.Join(cmd.Wait(), lock.Unlock())
	}()
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return p, nil
}

// end signals the postmaster and reports whether it ended before ctx did.
func (p *process) end(ctx context.Context, sig syscall.Signal) bool {
	_ = p.cmd.Process.Signal(sig) // its only error is that it has ended
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// hurry is how long an immediate shutdown may take before the postmaster is killed.
// PostgreSQL itself kills its children after 5 s.
const hurry = 6 * time.Second

// Stop shuts the server down: it rolls back what is open and writes everything to
// disk. When ctx ends first the server is stopped at once, and the next Start replays
// its log; no committed data are lost either way. A second Stop does nothing.
func (s *Server) Stop(ctx context.Context) error {
	select {
	case <-s.proc.done:
		return nil
	default:
	}
	began := time.Now()
	if s.proc.end(ctx, syscall.SIGINT) {
		s.cfg.Log.Info().Dur("took_ms", time.Since(began)).Msg("postgresql stopped")
		return nil
	}
	s.quit()
	return fmt.Errorf("stop PostgreSQL in time: %w", ctx.Err())
}

// quit has the server drop everything; its children are gone when it returns.
func (s *Server) quit() {
	ctx, cancel := context.WithTimeout(context.Background(), hurry)
	defer cancel()
	if !s.proc.end(ctx, syscall.SIGQUIT) {
		s.Kill()
	}
}

// Kill ends the postmaster as a crash would and returns when it has ended.
func (s *Server) Kill() { s.proc.end(context.Background(), syscall.SIGKILL) }

// logLimit is the size in bytes past which a start moves server.log to server.log.1.
const logLimit = 10 << 20

// openLog opens the server's log for appending and returns where this run begins.
func (h home) openLog() (*os.File, int64, error) {
	path := h.file("server.log")
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, err
	}
	begin, err := f.Seek(0, io.SeekEnd)
	return f, begin, err
}

// excerpt is the end of what the server logged since begin.
func excerpt(log *os.File, begin int64) string {
	text, err := io.ReadAll(io.NewSectionReader(log, begin, logLimit))
	if err != nil || len(text) == 0 {
		return "its log is empty"
	}
	return reason(text)
}
