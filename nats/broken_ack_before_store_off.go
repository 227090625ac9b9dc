//go:build !broken_ack_before_store

package nats

import "context"

// await waits until the server has stored the message and says where.
func (p *Publisher) await(ctx context.Context, id uint64, c *call) (Ack, error) {
	return p.wait(ctx, id, c)
}
