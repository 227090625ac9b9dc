package nats

import (
	"fmt"
	"os"
	"sync"
)

// commits answers the acknowledged publishes of all streams when they are on disk.
type commits struct {
	dir   func(stream string) string           // of its blocks
	fsync map[string]func(file *os.File) error // by stream; where there is none: fsync

	mu      sync.Mutex
	streams map[string]*committer
	stopped bool
}

// add hands an acknowledged call to its stream's committer.
func (s *commits) add(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return // its caller is gone, or Close would still wait for it
	}
	stream := s.streams[c.ack.Stream]
	if stream == nil {
		stream = &committer{
			wake: make(chan struct{}, 1), done: make(chan struct{}),
			blocks: blockSync{dir: s.dir(c.ack.Stream), synced: s.fsync[c.ack.Stream]},
		}
		s.streams[c.ack.Stream] = stream
		go stream.run() // stop waits for it
	}
	stream.add(c)
}

// stop ends the committers when what waits is answered.
func (s *commits) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for _, stream := range s.streams {
		close(stream.wake)
		<-stream.done
	}
}

// committer answers the publishes of one stream. Its loop takes all that wait,
// syncs once, answers them, and looks again: the longer a sync takes, the more
// share the next.
type committer struct {
	mu      sync.Mutex
	waiting []*call
	wake    chan struct{} // holds one token when something waits
	done    chan struct{}
	blocks  blockSync
}

func (s *committer) add(c *call) {
	s.mu.Lock()
	s.waiting = append(s.waiting, c)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *committer) run() {
	defer close(s.done)
	defer s.blocks.close()
	var batch []*call
	for range s.wake {
		s.mu.Lock()
		batch, s.waiting = s.waiting, batch[:0]
		s.mu.Unlock()
		err := s.blocks.sync()
		for i, c := range batch {
			if err != nil {
				c.err = fmt.Errorf("%w: %w", ErrUnavailable, err)
			}
			c.done <- struct{}{}
			batch[i] = nil
		}
	}
}
