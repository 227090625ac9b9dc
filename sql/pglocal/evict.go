package pglocal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// orderly is how long an orphan may take for its own shutdown before it is told to
// drop everything; it writes at most shared_buffers to disk meanwhile.
const orderly = 10 * time.Second

// evict ends a postmaster whose program died: the caller holds the folder's lock, so
// whoever serves these data has no owner. On Linux it has been told to end already
// (launch) and is only waited for.
func (h home) evict(ctx context.Context, log zerolog.Logger) error {
	pid := h.postmaster()
	if pid == 0 {
		return nil
	}
	if h.serves(pid) {
		log.Info().Int("pid", pid).Msg("postgresql of a killed program is still there: stopping it")
		return h.waitGone(ctx, pid)
	}
	if syscall.Kill(pid, 0) == nil || pid == os.Getpid() {
		// The id went to another process, common in containers. PostgreSQL would take
		// that one for a running server and refuse; one that is free it repairs itself.
		log.Warn().Int("pid", pid).Msg("postgresql left a stale postmaster.pid: removing it")
		return os.Remove(h.pidFile())
	}
	return nil
}

func (h home) waitGone(ctx context.Context, pid int) error {
	_ = syscall.Kill(pid, syscall.SIGINT)
	impatient := time.After(orderly)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for h.serves(pid) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier PostgreSQL (process %d) still runs in %s: %w", pid, h.dir, ctx.Err())
		case <-impatient:
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		case <-tick.C:
		}
	}
	return nil
}

func (h home) pidFile() string { return filepath.Join(h.data(), "postmaster.pid") }

// leftover reports whether a server that did not end well served these data.
func (h home) leftover() bool {
	_, err := os.Stat(h.pidFile())
	return !errors.Is(err, os.ErrNotExist)
}

// postmaster is the process id in postmaster.pid; 0 without one.
func (h home) postmaster() int {
	text, err := os.ReadFile(h.pidFile())
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return max(pid, 0)
}

// serves reports whether the process is a postmaster started for this folder. An id
// alone proves nothing: it may belong to somebody else by now.
func (h home) serves(pid int) bool {
	args := arguments(pid)
	return slices.ContainsFunc(args, func(arg []byte) bool { return bytes.Equal(arg, []byte(h.data())) })
}
