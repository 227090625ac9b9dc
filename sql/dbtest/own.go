package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"

	"ukbot/sql/pglocal"
)

// Where servers and seeds lie best: in memory, where copying a database's thousand
// files takes 30 ms and on an ext4 disk 450.
const (
	memory     = "/dev/shm"
	memoryFree = 4 << 30 // bytes; less (64 MiB in a container) may not hold all tests' servers
)

// cacheRoot is where servers and seeds lie: in memory where there is room, else below
// the temporary folder. Both exist without HOME and, for root, are open to the account
// PostgreSQL runs under.
//
//	seed-<version>-<key>/        a stopped server with the migrated template
//	seed-<version>-<key>.lock    held while it is made
//	run-<random>/                a test process's server, a copy of the seed
//	run-<random>/owner           held by that process
func cacheRoot() string {
	dir := os.TempDir()
	if roomy(memory, memoryFree) {
		dir = memory
	}
	return filepath.Join(dir, "ukbot-dbtest-"+strconv.Itoa(os.Geteuid()))
}

// roomy says whether dir can be written to and has so many bytes left.
func roomy(dir string, bytes uint64) bool {
	var fs syscall.Statfs_t
	const writeAndSearch = 3
	return syscall.Access(dir, writeAndSearch) == nil && syscall.Statfs(dir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= bytes
}

// startOwn starts a server for this process from the machine's seed.
func startOwn(ctx context.Context, root string, s schema) (*cluster, error) {
	if err := private(root); err != nil {
		return nil, err
	}
	sweep(root)
	version, err := pglocal.Version(ctx, pglocal.Binaries{})
	if err != nil {
		return nil, err
	}
	seed := filepath.Join(root, "seed-"+strings.ReplaceAll(version, "/", "_")+"-"+s.key)
	if err := ensureSeed(ctx, root, seed, s); err != nil {
		return nil, fmt.Errorf("prepare the test database: %w", err)
	}
	server, owner, err := serve(ctx, root, seed)
	if err != nil {
		return nil, err
	}
	c, err := connect(ctx, server.URL("postgres"), s)
	end := func() error { return errors.Join(server.Remove(), owner.Unlock()) }
	if err != nil {
		return nil, errors.Join(err, end())
	}
	c.close = end
	return c, nil
}

// ensureSeed makes the seed unless it is there; processes that start together wait
// for the one that makes it.
func ensureSeed(ctx context.Context, root, seed string, s schema) error {
	lock := flock.New(seed + ".lock")
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	defer lock.Unlock()
	now := time.Now()
	if err := os.Chtimes(seed, now, now); err == nil { // in use: not for sweep
		return nil
	}
	server, owner, err := serve(ctx, root, "")
	if err != nil {
		return err
	}
	defer owner.Unlock()
	dir := filepath.Dir(owner.Path())
	if _, err := connect(ctx, server.URL("postgres"), s); err != nil {
		return errors.Join(err, server.Remove())
	}
	if err := server.Stop(ctx); err != nil { // orderly: every copy starts without recovery
		return errors.Join(err, server.Remove())
	}
	return os.Rename(dir, seed)
}

// serve starts a server in a folder of its own, marked as this process's.
func serve(ctx context.Context, root, seed string) (*pglocal.Server, *flock.Flock, error) {
	dir, err := os.MkdirTemp(root, "run-*")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, nil, err
	}
	owner := flock.New(filepath.Join(dir, "owner"))
	if err := owner.Lock(); err != nil {
		return nil, nil, err
	}
	server, err := pglocal.Start(ctx, pglocal.Config{
		Dir: dir, Seed: seed, Log: zerolog.Nop(), MaxConns: 300,
		// Nothing here outlives the tests, and a checkpoint would only write; but the log may fill memory.
		Settings: map[string]string{"autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "256MB"},
	})
	if err != nil {
		return nil, nil, errors.Join(err, pglocal.Remove(dir), owner.Unlock())
	}
	return server, owner, nil
}

// Ages after which sweep removes what nobody holds: a folder's owner locks it right
// after making it; a seed not used for hours belongs to migrations since edited.
const (
	orphanAge = time.Minute
	seedAge   = 6 * time.Hour
)

// sweep removes what killed test processes left. What it cannot remove is somebody
// else's or tried again by the next process, so its errors are nobody's.
func sweep(root string) {
	runs, _ := filepath.Glob(filepath.Join(root, "run-*"))
	for _, dir := range runs {
		if !older(dir, orphanAge) {
			continue
		}
		owner := flock.New(filepath.Join(dir, "owner"))
		if held, err := owner.TryLock(); held && err == nil {
			_ = pglocal.Remove(dir)
		}
		_ = owner.Close()
	}
	seeds, _ := filepath.Glob(filepath.Join(root, "seed-*"))
	for _, dir := range seeds {
		if !strings.HasSuffix(dir, ".lock") && older(dir, seedAge) {
			_ = pglocal.Remove(dir)
		}
	}
}

func older(path string, age time.Duration) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) > age
}

// private makes root and refuses one that another user put into the temporary folder.
func private(root string) error {
	if err := os.MkdirAll(root, 0o711); err != nil {
		return err
	}
	info, err := os.Lstat(root)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) {
		return fmt.Errorf("%s belongs to another user", root)
	}
	return nil
}
