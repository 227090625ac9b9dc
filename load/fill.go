package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"ukbot/nats"
)

// fillBatch is how many messages are under way at once while a stream is filled.
const fillBatch = 2000

// Fill stores the first n events of a series in the stream of webhooks, without
// HTTP, and says how long that took.
func Fill(ctx context.Context, publisher *nats.Publisher, w Webhooks, n int64) (time.Duration, error) {
	began := time.Now()
	writer := w.Writer()
	batch := make([]*natsgo.Msg, 0, fillBatch)
	for i := int64(0); i < n; {
		for batch = batch[:0]; i < n && len(batch) < fillBatch; i++ {
			batch = append(batch, writer.Message(i, time.Now()))
		}
		if _, errs := publisher.PublishAll(ctx, batch); errors.Join(errs...) != nil {
			return 0, fmt.Errorf("fill the stream, event %d of %d: %w", i, n, errors.Join(errs...))
		}
	}
	return time.Since(began), nil
}
