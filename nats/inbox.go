package nats

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// inbox is where delivered messages gather until a worker takes them all: the
// longer a batch takes, the larger the next, up to a limit. It also knows what
// was taken and is not answered: all of that is reported as in progress.
type inbox struct {
	parked parking

	mu       sync.Mutex
	changed  *sync.Cond
	messages []*Message
	bytes    int
	inHand   map[*Message]struct{}
	total    int
	limit    int // messages
	closed   bool
}

// inboxBytes bounds the data that waits: 256 events may be a megabyte each. Half
// of it must exceed the largest message, or that would never be delivered.
const inboxBytes = 8 << 20

func newInbox(limit int) *inbox {
	b := &inbox{limit: limit, inHand: map[*Message]struct{}{}}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// room waits until there is room for a good part of a batch and says for how
// many messages and bytes; none when ctx ended.
func (b *inbox) room(ctx context.Context) (messages, bytes int) {
	defer context.AfterFunc(ctx, b.wake)()
	b.mu.Lock()
	defer b.mu.Unlock()
	for ctx.Err() == nil {
		if len(b.messages) <= b.limit/2 && b.bytes <= inboxBytes/2 {
			return b.limit - len(b.messages), inboxBytes - b.bytes
		}
		b.changed.Wait()
	}
	return 0, 0
}

// wake lets those who wait look again. Under the lock, or it could fall between
// somebody's look and his wait.
func (b *inbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed.Broadcast()
}

// put takes a message in. There is room: no more was asked for.
func (b *inbox) put(m *Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages, b.bytes, b.total = append(b.messages, m), b.bytes+len(m.Data), b.total+1
	b.changed.Broadcast()
}

// take waits for messages and hands out up to n; none when the inbox is closed
// and empty. What it hands out stays in hand until done.
func (b *inbox) take(n int) []*Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.messages) == 0 && !b.closed {
		b.changed.Wait()
	}
	n = min(n, len(b.messages))
	taken := slices.Clone(b.messages[:n])
	b.messages = slices.Delete(b.messages, 0, n)
	for _, m := range taken {
		b.bytes -= len(m.Data)
		b.inHand[m] = struct{}{}
	}
	b.changed.Broadcast()
	return taken
}

// done forgets messages that are answered.
func (b *inbox) done(messages ...*Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range messages {
		delete(b.inHand, m)
	}
}

// held is every message that waits for an answer.
func (b *inbox) held() []*Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(slices.Collect(maps.Keys(b.inHand)), b.messages...)
}

// close lets takers have the rest and then nothing.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.changed.Broadcast()
}

// state is how many messages ever came, and how many wait to be taken or are unanswered.
func (b *inbox) state() (total, waiting, unanswered int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total, len(b.messages), len(b.messages) + len(b.inHand)
}

// beat reports what is held as in progress until ctx ends.
func (b *inbox) beat(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, m := range b.held() {
			m.beat()
		}
	}
}

// giveBack asks for messages to be delivered again at once: to this process
// after its restart, or to another replica.
func (b *inbox) giveBack(messages ...*Message) {
	for _, m := range messages {
		m.nak()
	}
	b.done(messages...)
}

// parking estimates how many ack-pending slots of a consumer are parked
// retries: the server's count at the last look and what was parked since.
type parking struct {
	mu    sync.Mutex
	base  int
	since int
}

// sample takes the server's count of unanswered messages less those in hand.
func (p *parking) sample(parked int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base, p.since = max(parked, 0), 0
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
