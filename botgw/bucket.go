package botgw

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
)

// bucket is a key-value bucket that may not be there yet: NATS may come later.
type bucket struct{ *nats.Bucket }

// get reads a value; false where there is none.
func (b *bucket) get(ctx context.Context, key string) (value []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, onceTimeout)
	defer cancel()
	kv, err := b.Open(ctx)
	if err != nil {
		return nil, false, err
	}
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return entry.Value(), true, nil
}

// set writes a value.
func (b *bucket) set(ctx context.Context, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, onceTimeout)
	defer cancel()
	kv, err := b.Open(ctx)
	if err != nil {
		return err
	}
	_, err = kv.Put(ctx, key, value)
	return err
}
