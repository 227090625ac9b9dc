package nats

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	index  int // of the open block; 0: none yet
	file   *os.File
	broken error // the first failed fsync: the page cache may have dropped the data, so no later success counts
}

// sync returns when everything the server has written to the stream's blocks
// before the call is on disk.
func (b *blockSync) sync() error {
	if b.broken != nil {
		return b.broken
	}
	if err := b.advance(); err != nil {
		b.broken = fmt.Errorf("force stream to disk: %w", err)
	}
	return b.broken
}

func (b *blockSync) advance() error {
	if b.file != nil {
		if err := b.file.Sync(); err != nil {
			return err
		}
	}
	// A new block begins only when the one before is full: whatever was written
	// to the old one before the new one existed is covered by a sync after it.
	moved := false
	for {
		next, err := b.next()
		if err != nil || next == 0 {
			return errors.Join(err, b.syncDir(moved))
		}
		if err := b.open(next); err != nil {
			return err
		}
		moved = true
	}
}

// next is the index of the block to sync after the open one, 0 if there is
// none; the open one's own index where its file was replaced (compaction).
func (b *blockSync) next() (int, error) {
	if b.index > 0 {
		if _, err := os.Stat(b.path(b.index + 1)); err == nil {
			return b.index + 1, nil
		}
		if info, err := os.Stat(b.path(b.index)); err == nil {
			return b.replaced(info)
		}
	}
	return b.search()
}

func (b *blockSync) replaced(now os.FileInfo) (int, error) {
	if b.file == nil {
		return b.index, nil
	}
	open, err := b.file.Stat()
	if err != nil || os.SameFile(open, now) {
		return 0, err
	}
	return b.index, nil
}

// search looks at the whole folder: on the first call, and when the open block
// is gone (purge, age). It finds the lowest index above the open block's.
func (b *blockSync) search() (int, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return 0, err
	}
	found := 0
	for _, entry := range entries {
		name, isBlock := strings.CutSuffix(entry.Name(), ".blk")
		n, err := strconv.Atoi(name)
		if isBlock && err == nil && n > b.index && (found == 0 || n < found) {
			found = n
		}
	}
	return found, nil
}

// open syncs the rest of the open block, goes on to block n and syncs that.
func (b *blockSync) open(n int) error {
	if b.file != nil {
		if err := errors.Join(b.file.Sync(), b.file.Close()); err != nil {
			return err
		}
		b.file = nil
	}
	b.index = n
	file, err := os.Open(b.path(n))
	if errors.Is(err, fs.ErrNotExist) { // purged between the look and here
		return nil
	}
	if err != nil {
		return err
	}
	b.file = file
	return file.Sync()
}

// syncDir makes the names of new blocks durable.
func (b *blockSync) syncDir(moved bool) error {
	if !moved {
		return nil
	}
	dir, err := os.Open(b.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (b *blockSync) path(n int) string {
	return filepath.Join(b.dir, strconv.Itoa(n)+".blk")
}

func (b *blockSync) close() {
	if b.file != nil {
		_ = b.file.Close()
	}
}
