package ops

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
)

// DeadMax is how many dead letters one DeadList returns at most.
const DeadMax = 1_000

// DeadStory is a dead letter with what it carries.
type DeadStory struct {
	nats.DeadLetter
	Payload Payload `json:"payload"`
}

// DeadList is the dead letters of a tenant (empty: of all), oldest first, from
// a sequence on.
func DeadList(ctx context.Context, deps Deps, tenant string, from uint64, limit int) ([]nats.DeadLetter, error) {
	if tenant != "" && !events.ValidName(tenant) {
		return nil, InvalidError{"tenant", "lower-case letters, digits, - and _, at most 48"}
	}
	if limit < 1 || limit > DeadMax {
		return nil, InvalidError{"limit", fmt.Sprintf("is 1 to %d", DeadMax)}
	}
	letters, err := nats.DeadLetters(ctx, deps.NATS.JS, tenant, from, limit)
	if err != nil {
		return nil, fmt.Errorf("%w: dead letters: %w", errStream, err)
	}
	return letters, nil
}

// DeadShow is one dead letter of a tenant (empty: of any) by its sequence.
func DeadShow(ctx context.Context, deps Deps, tenant string, sequence uint64) (DeadStory, error) {
	letter, err := nats.Dead(ctx, deps.NATS.JS, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && tenant != "" && letter.Tenant != tenant {
		return DeadStory{}, ErrNotFound
	}
	if err != nil {
		return DeadStory{}, fmt.Errorf("%w: %w", errStream, err)
	}
	return DeadStory{letter, payloadBytes(letter.Data(), len(letter.Data()))}, nil
}

// DeadRetry runs a dead letter's message again. A webhook that has a record is
// retried by it, so that what was mended meanwhile is not done twice
// (ErrCompleted); anything else goes back where it came from. The letter stays.
func DeadRetry(ctx context.Context, deps Deps, tenant string, sequence uint64) (Retried, error) {
	story, err := DeadShow(ctx, deps, tenant, sequence)
	if err != nil {
		return Retried{}, err
	}
	letter := story.DeadLetter
	if w, err := events.DecodeWebhook(letter.Header(), letter.Data()); err == nil && letter.Stream == nats.StreamWebhooks {
		again, err := RetryEvent(ctx, deps, w.Tenant, w.ID, w.Source)
		if !errors.Is(err, ErrNotFound) {
			return again, err
		}
	}
	// Named by the letter: the same letter twice is one retry.
	id := events.RetryPrefix + events.DeriveID("dead", fmt.Sprint(sequence, letter.At.UnixNano()))
	ack, err := nats.Redrive(ctx, deps.Publisher, letter, id)
	if err != nil {
		return Retried{}, fmt.Errorf("retry dead letter %d: %w", sequence, err)
	}
	return Retried{RetryID: id, EventID: letter.EventID, Sequence: ack.Sequence, Duplicate: ack.Duplicate}, nil
}
