//go:build broken_ack_before_store

package nats

import "context"

// await, broken: a message counts as stored once it is sent.
func (p *Publisher) await(_ context.Context, id uint64, c *call) (Ack, error) {
	p.leave(id, c)
	return Ack{Stream: StreamWebhooks, Sequence: id}, nil
}
