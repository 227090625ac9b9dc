package nats

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// blockSync forces a stream's message blocks to disk from outside the server.
// The server writes a message into the stream's newest block file
// (<dir>/<n>.blk, n growing) before it acknowledges it and leaves the fsync to
// a timer; sync does that fsync now. This knows the file layout of the pinned
// server version: TestBlockFilesLieWhereSyncExpectsThem guards it.
//
// It is not safe for concurrent use; one goroutine per stream owns it.
type blockSync struct {
	dir    string
	folder *os.File  // dir, held open: its inode is not given to a stream made anew
	listed time.Time // dir's modification when it was last listed
	index  int       // of the open block; 0: none yet
	file   *os.File
	broken error // the first failed fsync: the page cache may have dropped the data, so no later success counts

	synced func(*os.File) error // nil: fsync
}

// mtimeGrain is how long after a change of a folder a second one may show the
// same modification time: kernels stamp files by their timer tick, 10 ms at most.
const mtimeGrain = 20 * time.Millisecond

// sync returns when everything the server has written to the stream's blocks
// before the call is on disk.
func (b *blockSync) sync() error {
	if b.broken != nil {
		return b.broken
	}
	err := b.advance()
	if err == nil {
		return nil
	}
	err = fmt.Errorf("force stream to disk: %w", err)
	if !errors.Is(err, fs.ErrNotExist) { // a deleted stream has nothing to lose, and may be made again
		b.broken = err
	}
	return err
}

func (b *blockSync) advance() error {
	if b.file != nil {
		if err := b.fsync(b.file); err != nil {
			return err
		}
	}
	// Only now look for newer blocks: one begins when the one before is full, so
	// what the open one got before the new one existed is covered by the line above.
	changed, err := b.changed()
	if err != nil || !changed {
		return err
	}
	return b.follow()
}

// changed says whether blocks may have come, gone or been replaced since they
// were last listed: all of that modifies the folder.
func (b *blockSync) changed() (bool, error) {
	now, err := os.Stat(b.dir)
	if err != nil {
		return false, err
	}
	if b.folder != nil {
		if held, err := b.folder.Stat(); err != nil || !os.SameFile(held, now) {
			b.close() // the stream was deleted and made again: its blocks count from 1
		}
	}
	if b.folder == nil {
		if b.folder, err = os.Open(b.dir); err != nil {
			return false, err
		}
		return true, b.syncAbove()
	}
	if now.ModTime().Equal(b.listed) && time.Since(b.listed) > mtimeGrain {
		return false, nil
	}
	b.listed = now.ModTime()
	return true, nil
}

// syncAbove makes the stream itself durable, once: its definition and the
// folders down to its blocks, which the server does not sync when it makes them.
func (b *blockSync) syncAbove() error {
	stream := filepath.Dir(b.dir)
	account := filepath.Dir(filepath.Dir(stream))
	for _, path := range []string{
		filepath.Join(stream, "meta.inf"), filepath.Join(stream, "meta.sum"),
		stream, filepath.Dir(stream), account, filepath.Dir(account), filepath.Dir(filepath.Dir(account)),
	} {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(b.fsync(file), file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// follow syncs every block from the open one on, the replaced open one
// included, keeps the newest open and makes their names durable. The first
// time that is all blocks: a process before this one may have left them unsynced.
func (b *blockSync) follow() error {
	blocks, err := b.blocks()
	if err != nil {
		return err
	}
	moved := false
	for _, n := range blocks {
		if n < b.index || n == b.index && !b.replaced() {
			continue
		}
		if err := b.open(n); err != nil {
			return err
		}
		moved = true
	}
	if !moved {
		return nil
	}
	return b.fsync(b.folder)
}

// blocks is the numbers of the blocks there are, growing. They have gaps where
// a purge or the end of schedules emptied one.
func (b *blockSync) blocks() ([]int, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	var blocks []int
	for _, entry := range entries {
		name, isBlock := strings.CutSuffix(entry.Name(), ".blk")
		if n, err := strconv.Atoi(name); isBlock && err == nil {
			blocks = append(blocks, n)
		}
	}
	slices.Sort(blocks)
	return blocks, nil
}

// replaced says whether the open block's name leads to another file by now
// (compaction writes a new one and renames it).
func (b *blockSync) replaced() bool {
	if b.file == nil {
		return true
	}
	now, err := os.Stat(b.path(b.index))
	if err != nil {
		return false // gone: what it held was deleted
	}
	open, err := b.file.Stat()
	return err != nil || !os.SameFile(open, now)
}

// open syncs the rest of the open block, goes on to block n and syncs that.
func (b *blockSync) open(n int) error {
	if b.file != nil {
		if err := errors.Join(b.fsync(b.file), b.file.Close()); err != nil {
			return err
		}
		b.file = nil
	}
	file, err := os.Open(b.path(n))
	if errors.Is(err, fs.ErrNotExist) { // purged between the look and here
		return nil
	}
	if err != nil {
		return err
	}
	b.index, b.file = n, file
	return b.fsync(file)
}

func (b *blockSync) fsync(file *os.File) error {
	if b.synced != nil {
		return b.synced(file)
	}
	return file.Sync()
}

func (b *blockSync) path(n int) string {
	return filepath.Join(b.dir, strconv.Itoa(n)+".blk")
}

// close forgets what is open; a later sync begins from nothing.
func (b *blockSync) close() {
	if b.file != nil {
		_ = b.file.Close()
	}
	if b.folder != nil {
		_ = b.folder.Close()
	}
	b.folder, b.file, b.index, b.listed = nil, nil, 0, time.Time{}
}
