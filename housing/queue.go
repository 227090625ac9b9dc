package housing

import (
	"context"
	"sync"
)

// queue lets one in at a time for each name.
type queue struct {
	mu   sync.Mutex
	held map[string]*place
}

// place is a name that somebody has or waits for.
type place struct {
	turn   chan struct{} // holds one token while it is free
	people int
}

func newQueue() *queue { return &queue{held: map[string]*place{}} }

// enter waits for a name until ctx ends; leave must be called after.
func (q *queue) enter(ctx context.Context, name string) (leave func(), err error) {
	q.mu.Lock()
	p := q.held[name]
	if p == nil {
		p = &place{turn: make(chan struct{}, 1)}
		p.turn <- struct{}{}
		q.held[name] = p
	}
	p.people++
	q.mu.Unlock()
	select {
	case <-p.turn:
		return func() { p.turn <- struct{}{}; q.drop(name, p) }, nil
	case <-ctx.Done():
		q.drop(name, p)
		return nil, ctx.Err()
	}
}

func (q *queue) drop(name string, p *place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.people--; p.people == 0 {
		delete(q.held, name)
	}
}
