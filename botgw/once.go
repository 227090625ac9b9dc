package botgw

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ukbot/nats"
)

// Delivery is what became of a notice: the value of its id in the bucket "once".
type Delivery struct {
	Outcome   string    `json:"outcome"` // see below
	MessageID int       `json:"message_id,omitempty"`
	ChatID    int64     `json:"chat_id"` // where it went: another one than planned if the group had moved
	SentAt    time.Time `json:"sent_at"`
}

// Outcomes of a notice.
const (
	outcomeSent        = "sent"
	outcomeEdited      = "edited" // an earlier message shows it now
	outcomePlain       = "plain"  // our markup was refused
	outcomeUnreachable = "unreachable"
	outcomeNeedless    = "needless" // there was no message that it could have changed, or that shows something later
)

const (
	onceTimeout    = 3 * time.Second // one look or one put
	oncePauseFirst = 50 * time.Millisecond
	oncePauseMax   = 2 * time.Second
)

// once is the record of what was sent.
type once struct{ bucket }

func newOnce(conn *nats.Conn) *once { return &once{bucket{nats.NewBucket(conn, nats.BucketOnce)}} }

func (o *once) find(ctx context.Context, id string) (d Delivery, found bool, err error) {
	value, found, err := o.get(ctx, id)
	if err != nil {
		return d, false, fmt.Errorf("look up notice %s: %w", id, err)
	}
	_ = json.Unmarshal(value, &d) // that it is there is what counts
	return d, found, nil
}

// put records a delivery. It tries until ctx ends: giving up means a second copy
// of what has been sent.
func (o *once) put(ctx context.Context, id string, d Delivery) error {
	value, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("record notice %s: %w", id, err)
	}
	for pause := oncePauseFirst; ; pause = min(pause*2, oncePauseMax) {
		if err = o.set(ctx, id, value); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("record notice %s: %w", id, err)
		case <-time.After(pause):
		}
	}
}
