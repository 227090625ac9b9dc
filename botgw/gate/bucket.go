package gate

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/nats"
)

// bucketTime bounds one question to a bucket: it answers in less than a
// millisecond, and a person waits.
const bucketTime = 500 * time.Millisecond

// bucket is a key-value bucket, asked for as long as a person may wait.
type bucket struct{ *nats.Bucket }

// get reads a key; revision 0: there is none.
func (b *bucket) get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, bucketTime)
	defer cancel()
	kv, err := b.Open(ctx)
	if err != nil {
		return nil, 0, err
	}
	found, err := kv.Get(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	return found.Value(), found.Revision(), nil
}

// swap writes a key if it still is of this revision; lost: it is not.
func (b *bucket) swap(ctx context.Context, key string, value []byte, revision uint64) (now uint64, lost bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, bucketTime)
	defer cancel()
	kv, err := b.Open(ctx)
	if err != nil {
		return 0, false, err
	}
	if revision == 0 {
		now, err = kv.Create(ctx, key, value) // also over a delete marker
	} else {
		now, err = kv.Update(ctx, key, value, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, true, nil
	}
	return now, false, err
}

// drop deletes a key, of any revision where it is 0.
func (b *bucket) drop(ctx context.Context, key string, revision uint64) error {
	ctx, cancel := context.WithTimeout(ctx, bucketTime)
	defer cancel()
	kv, err := b.Open(ctx)
	if err != nil {
		return err
	}
	var opts []jetstream.KVDeleteOpt
	if revision != 0 {
		opts = append(opts, jetstream.LastRevision(revision))
	}
	return kv.Delete(ctx, key, opts...)
}

// follow hands over what changes in the bucket until ctx ends.
func (b *bucket) follow(ctx context.Context, log zerolog.Logger, each func(jetstream.KeyValueEntry), opts ...jetstream.WatchOpt) {
	for ctx.Err() == nil {
		if err := b.followOnce(ctx, each, opts); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Str("bucket", b.Name()).Msg("bucket is not watched, trying again")
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (b *bucket) followOnce(ctx context.Context, each func(jetstream.KeyValueEntry), opts []jetstream.WatchOpt) error {
	kv, err := b.Open(ctx)
	if err != nil {
		return err
	}
	watcher, err := kv.WatchAll(ctx, opts...)
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Stop() }() // its subscription may be gone already
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, ok := <-watcher.Updates():
			if !ok {
				return errors.New("the watch ended")
			}
			if entry != nil { // nil: those from before are through
				each(entry)
			}
		}
	}
}
