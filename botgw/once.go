package botgw

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
)

// Delivery is what became of a notice: the value of its id in the bucket "once".
type Delivery struct {
	Outcome   string    `json:"outcome"` // sent, plain (our markup was refused), unreachable
	MessageID int       `json:"message_id,omitempty"`
	ChatID    int64     `json:"chat_id"` // where it went: another one than planned if the group had moved
	SentAt    time.Time `json:"sent_at"`
}

// Outcomes of a notice.
const (
	outcomeSent        = "sent"
	outcomePlain       = "plain"
	outcomeUnreachable = "unreachable"
)

const (
	onceTimeout    = 3 * time.Second // one look or one put
	oncePauseFirst = 50 * time.Millisecond
	oncePauseMax   = 2 * time.Second
)

// once is the record of what was sent.
type once struct {
	conn *nats.Conn

	mu     sync.Mutex
	bucket jetstream.KeyValue // found on first use: NATS may come later
}

// FindDelivery reads what became of a notice; false while it waits.
func FindDelivery(ctx context.Context, conn *nats.Conn, noticeID string) (Delivery, bool, error) {
	o := once{conn: conn}
	return o.find(ctx, noticeID)
}

func (o *once) open(ctx context.Context) (jetstream.KeyValue, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bucket != nil {
		return o.bucket, nil
	}
	bucket, err := o.conn.JS.KeyValue(ctx, nats.BucketOnce)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", nats.BucketOnce, err)
	}
	o.bucket = bucket
	return bucket, nil
}

func (o *once) find(ctx context.Context, id string) (d Delivery, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, onceTimeout)
	defer cancel()
	bucket, err := o.open(ctx)
	if err != nil {
		return d, false, err
	}
	entry, err := bucket.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("look up notice %s: %w", id, err)
	}
	_ = json.Unmarshal(entry.Value(), &d) // that it is there is what counts
	return d, true, nil
}

// put records a delivery. It tries until ctx ends: giving up means a second copy
// of what has been sent.
func (o *once) put(ctx context.Context, id string, d Delivery) error {
	value, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("record notice %s: %w", id, err)
	}
	for pause := oncePauseFirst; ; pause = min(pause*2, oncePauseMax) {
		if err = o.tryPut(ctx, id, value); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("record notice %s: %w", id, err)
		case <-time.After(pause):
		}
	}
}

func (o *once) tryPut(ctx context.Context, id string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, onceTimeout)
	defer cancel()
	bucket, err := o.open(ctx)
	if err != nil {
		return err
	}
	_, err = bucket.Put(ctx, id, value)
	return err
}
