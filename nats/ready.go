package nats

import (
	"context"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
)

// Ready waits until the servers answer and JetStream works, or ctx ends.
func (c *Conn) Ready(ctx context.Context) error {
	status := c.StatusChanged(natsgo.CONNECTED)
	defer c.RemoveStatusListener(status)
	if !c.IsConnected() {
		select {
		case <-status:
		case <-ctx.Done():
			return fmt.Errorf("not connected: %w", ctx.Err())
		}
	}
	if _, err := c.JS.AccountInfo(ctx); err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	return nil
}
