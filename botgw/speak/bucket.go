package speak

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
)

// errNoConn is the answer of a bucket where there is no NATS at all.
var errNoConn = errors.New("no connection to NATS")

// bucket is a key-value bucket that is found on first use: NATS may come later.
type bucket struct {
	conn *nats.Conn
	name string

	mu sync.Mutex
	kv jetstream.KeyValue
}

func (b *bucket) open(ctx context.Context) (jetstream.KeyValue, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kv != nil {
		return b.kv, nil
	}
	if b.conn == nil {
		return nil, errNoConn
	}
	kv, err := b.conn.JS.KeyValue(ctx, b.name)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", b.name, err)
	}
	b.kv = kv
	return kv, nil
}
