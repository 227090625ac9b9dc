package ops

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	natsgo "github.com/nats-io/nats.go"

	"ukbot/events"
)

// RetryFilter says which events to retry: failed and retrying ones, or one of the two by Status.
type RetryFilter struct {
	Tenant string
	Source string
	Type   string
	Status string // failed, retrying, or empty: both
	Error  string
	Since  time.Time
	Until  time.Time
	Limit  int // of events; 0: BulkDefault, at most BulkMax
}

// Bounds of one bulk retry, in events. What is left is counted by the next one.
const (
	BulkDefault = 1_000
	BulkMax     = 10_000
)

// RetriedMany is what a bulk retry did, or with DryRun would do.
type RetriedMany struct {
	DryRun     bool    `json:"dry_run"`
	Matched    int     `json:"matched"` // at most the limit
	Retried    int     `json:"retried"`
	Duplicates int     `json:"duplicates"` // of the retried: under way already by a retry just before
	Skipped    int     `json:"skipped"`    // changed meanwhile, or nobody knows how to handle it any more
	More       bool    `json:"more"`       // the limit ended it
	Sample     []Event `json:"sample"`     // the first of the matched
}

const sampleSize = 10

// RetryEvents retries the events that a filter means, newest first, page by
// page; with dryRun it counts them. An error leaves what was done before it:
// running it again takes up what is left. progress may be nil.
func RetryEvents(ctx context.Context, deps Deps, filter RetryFilter, dryRun bool, progress func(done int64)) (RetriedMany, error) {
	b, err := newBulk(deps, filter, dryRun)
	if err != nil {
		return RetriedMany{}, err
	}
	if progress != nil {
		b.progress = progress
	}
	for _, status := range b.statuses {
		if err := b.run(ctx, status); err != nil {
			return b.result, fmt.Errorf("retry events: %w", err)
		}
	}
	return b.result, nil
}

// bulk is one bulk retry under way.
type bulk struct {
	copier   copier
	filter   Filter // of its pages, but for status and cursor
	statuses []string
	limit    int
	progress func(int64)
	met      map[string]bool // records this call has taken
	result   RetriedMany
}

func newBulk(deps Deps, f RetryFilter, dryRun bool) (*bulk, error) {
	b := &bulk{
		filter: Filter{Tenant: f.Tenant, Source: f.Source, Type: f.Type, Error: f.Error, Since: f.Since, Until: f.Until, Limit: PageMax},
		limit:  f.Limit, progress: func(int64) {}, met: map[string]bool{},
		statuses: []string{StatusFailed, StatusRetrying},
		result:   RetriedMany{DryRun: dryRun, Sample: []Event{}},
	}
	if f.Status != "" {
		if retryable(f.Status) != nil {
			return nil, InvalidError{"status", "is failed or retrying: nothing else can be retried"}
		}
		b.statuses = []string{f.Status}
	}
	if b.limit < 0 || b.limit > BulkMax {
		return nil, InvalidError{"limit", "is 1 to " + strconv.Itoa(BulkMax)}
	}
	if b.limit == 0 {
		b.limit = BulkDefault
	}
	b.copier = copier{deps: deps, hooks: map[string]*events.Hook{}}
	return b, b.filter.check()
}

// run goes through the pages of one status. What it retries changes status
// behind the cursor, which only moves on: nothing is met twice.
func (b *bulk) run(ctx context.Context, status string) error {
	page := b.filter
	page.Status = status
	for {
		found, err := ListEvents(ctx, b.copier.deps, page)
		if err != nil {
			return err
		}
		if err := b.take(ctx, found.Events); err != nil || found.Next == "" {
			return err
		}
		if b.result.More {
			return nil
		}
		page.Cursor = found.Next
	}
}

// take retries one page, up to the limit.
func (b *bulk) take(ctx context.Context, page []Event) error {
	var chosen []Event
	for _, event := range page {
		if b.met[event.ID] {
			continue // it failed again already: taken under its former status
		}
		if b.result.Matched == b.limit {
			b.result.More = true
			break
		}
		b.met[event.ID] = true
		b.result.Matched++
		if len(b.result.Sample) < sampleSize {
			b.result.Sample = append(b.result.Sample, event)
		}
		chosen = append(chosen, event)
	}
	if b.result.DryRun {
		return nil
	}
	return b.retry(ctx, chosen)
}

// chunkBytes bounds the payloads in memory at once.
const chunkBytes = 8 << 20

// retry publishes copies of events, in chunks of bounded size.
func (b *bulk) retry(ctx context.Context, chosen []Event) error {
	var msgs []*natsgo.Msg
	size := 0
	for i, event := range chosen {
		msg, err := b.message(ctx, event)
		if err != nil {
			return err
		}
		if msg != nil {
			msgs, size = append(msgs, msg), size+len(msg.Data)
		}
		if size < chunkBytes && i < len(chosen)-1 {
			continue
		}
		if err := b.publish(ctx, msgs); err != nil {
			return err
		}
		msgs, size = nil, 0
	}
	return nil
}

func (b *bulk) publish(ctx context.Context, msgs []*natsgo.Msg) error {
	acks, errs := b.copier.deps.Publisher.PublishAll(ctx, msgs)
	stored, duplicates, err := resultOf(acks, errs)
	b.result.Retried += stored
	b.result.Duplicates += duplicates
	b.progress(int64(b.result.Retried))
	return err
}

// message is the copy of an event of a page; nil for one that is to be skipped.
func (b *bulk) message(ctx context.Context, event Event) (*natsgo.Msg, error) {
	row, err := record(ctx, b.copier.deps, event.Tenant, uuid.MustParse(event.ID), event.ReceivedAt)
	if err == nil {
		err = retryable(row.Status)
	}
	var msg *natsgo.Msg
	if err == nil {
		msg, err = b.copier.copyOf(ctx, row)
	}
	if skips(err) {
		b.result.Skipped++
		return nil, nil //nolint:nilnil // counted, and none is the answer
	}
	return msg, err
}

// skips says whether an error concerns one event only.
func skips(err error) bool {
	for _, one := range []error{ErrNotFound, ErrCompleted, ErrInProgress, ErrGone} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
