package nats

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// turn keeps the order over a change of clients. What a client before this one
// had in memory comes again after newer messages: at once but in any order
// where it stopped, after AckWait where it crashed. Until all of it is here,
// nothing is handled. The zero value has begun.
type turn struct {
	mu      sync.Mutex
	waiting chan struct{} // closed when all is here; nil: begun
}

// settlePeriod is how often the server is asked whether all has come again.
const settlePeriod = 50 * time.Millisecond

// wait returns when the turn has begun, or ctx ended.
func (t *turn) wait(ctx context.Context) {
	t.mu.Lock()
	waiting := t.waiting
	t.mu.Unlock()
	if waiting == nil {
		return
	}
	select {
	case <-waiting:
	case <-ctx.Done():
	}
}

// halt makes wait wait; it returns what lets it go on, or nil if something else will.
func (t *turn) halt() (begin func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting != nil {
		return nil
	}
	waiting := make(chan struct{})
	t.waiting = waiting
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.waiting = nil
		close(waiting)
	}
}

// takeTurn holds the handling up until every unanswered message of the consumer
// is in this inbox. That takes AckWait at most: then the server has delivered
// again what the client before let lie.
func (p *puller) takeTurn(ctx context.Context, consumer jetstream.Consumer) {
	if p.turn == nil { // batches keep no order
		return
	}
	begin := p.turn.halt()
	if begin == nil {
		return
	}
	p.tasks.Go(func() {
		defer begin()
		ctx, cancel := context.WithTimeout(ctx, p.spec.Config.AckWait+pullPause)
		defer cancel()
		tick := time.NewTicker(settlePeriod)
		defer tick.Stop()
		for {
			// Counted before the server is asked: what comes in between would make up
			// for what is still missing.
			_, _, here := p.inbox.state()
			if info, err := consumer.Info(ctx); err == nil && info.NumAckPending <= here {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// unpin ends this client's turn at a lane, so that the next one need not wait
// until it runs out.
func (p *puller) unpin() {
	pin := p.pin.Swap(nil)
	if pin == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pullPause)
	defer cancel()
	stream, err := p.conn.JS.Stream(ctx, p.spec.Stream)
	if err != nil {
		return
	}
	consumer, err := stream.Consumer(ctx, p.spec.Config.Durable)
	if err != nil || pinnedElsewhere(consumer.CachedInfo(), pin) {
		return
	}
	_ = stream.UnpinConsumer(ctx, p.spec.Config.Durable, p.spec.Config.PriorityGroups[0])
}
