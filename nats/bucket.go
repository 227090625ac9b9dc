package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// Bucket is a key-value bucket that is found on first use: the servers may come
// later than who needs it. Several goroutines may use it.
type Bucket struct {
	conn *Conn
	name string

	mu sync.Mutex
	kv jetstream.KeyValue
}

// errNoConn is the answer of a bucket without a connection.
var errNoConn = errors.New("no connection to NATS")

// NewBucket prepares the bucket of this name. Without a connection it never opens.
func NewBucket(conn *Conn, name string) *Bucket { return &Bucket{conn: conn, name: name} }

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Open finds the bucket. A failure is not remembered: the next call asks again.
func (b *Bucket) Open(ctx context.Context) (jetstream.KeyValue, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kv != nil {
		return b.kv, nil
	}
	if b.conn == nil {
		return nil, fmt.Errorf("bucket %s: %w", b.name, errNoConn)
	}
	kv, err := b.conn.JS.KeyValue(ctx, b.name)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", b.name, err)
	}
	b.kv = kv
	return kv, nil
}
