package nats

import (
	"context"
	"sync"
)

// inbox is where delivered messages gather until a worker takes them all: the
// longer a batch takes, the larger the next, up to a limit.
type inbox struct {
	parked parking

	mu       sync.Mutex
	changed  *sync.Cond
	messages []*Message
	bytes    int
	total    int
	limit    int // messages
	closed   bool
}

// inboxBytes bounds the data of one batch: 256 events may be a megabyte each.
const inboxBytes = 4 << 20

func newInbox(limit int) *inbox {
	b := &inbox{limit: limit}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// put waits for room; false when ctx ended meanwhile.
func (b *inbox) put(ctx context.Context, m *Message) bool {
	defer context.AfterFunc(ctx, b.changed.Broadcast)()
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.messages) >= b.limit || b.bytes >= inboxBytes {
		if ctx.Err() != nil {
			return false
		}
		b.changed.Wait()
	}
	b.messages, b.bytes, b.total = append(b.messages, m), b.bytes+len(m.Data), b.total+1
	b.changed.Broadcast()
	return true
}

// take waits for messages and takes up to n; none when the inbox is closed and empty.
func (b *inbox) take(n int) []*Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.messages) == 0 && !b.closed {
		b.changed.Wait()
	}
	n = min(n, len(b.messages))
	taken := b.messages[:n:n]
	b.messages = b.messages[n:]
	for _, m := range taken {
		b.bytes -= len(m.Data)
	}
	b.changed.Broadcast()
	return taken
}

// held is what waits here, for the in-progress beats.
func (b *inbox) held() []*Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*Message(nil), b.messages...)
}

func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.changed.Broadcast()
}

// count is how many messages ever came.
func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

func (b *inbox) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.messages) == 0
}

// parking estimates how many ack-pending slots of a consumer are parked
// retries: the server's count at the last look and what was parked since.
type parking struct {
	mu    sync.Mutex
	base  int
	since int
}

func (p *parking) sample(ackPending int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base, p.since = ackPending, 0
}

// take claims a slot; false when limit are taken.
func (p *parking) take(limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.base+p.since >= limit {
		return false
	}
	p.since++
	return true
}
