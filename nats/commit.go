package nats

import (
	"fmt"
	"sync"
)

// committer answers the acknowledged publishes of one stream when they are on
// disk. Its loop takes all that wait, syncs once, answers them, and looks
// again: the longer a sync takes, the more share the next.
type committer struct {
	mu      sync.Mutex
	waiting []*call
	wake    chan struct{} // holds one token when something waits
	done    chan struct{}
	blocks  blockSync
}

// commit hands an acknowledged call to its stream's committer.
func (p *Publisher) commit(c *call) {
	// Only the subscription's goroutine comes here, Close comes after it.
	stream := p.commits[c.ack.Stream]
	if stream == nil {
		stream = &committer{
			wake: make(chan struct{}, 1), done: make(chan struct{}),
			blocks: blockSync{dir: p.conn.server.blocksDir(c.ack.Stream)},
		}
		p.mu.Lock()
		p.commits[c.ack.Stream] = stream
		p.mu.Unlock()
		go stream.run()
	}
	stream.add(c)
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
			close(c.done)
			batch[i] = nil
		}
	}
}

// stop ends the loop when what waits is answered.
func (s *committer) stop() {
	close(s.wake)
	<-s.done
}
