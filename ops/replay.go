package ops

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"golang.org/x/time/rate"

	"ukbot/events"
	"ukbot/nats"
)

// ReplayFilter says which stored messages to run again. Empty fields filter nothing.
type ReplayFilter struct {
	Tenant  string
	Subject string // "integration.payment.>" reads EVENTS; empty: every webhook
	Source  string
	FromSeq uint64
	ToSeq   uint64
	Since   time.Time // stored at or after; instead of FromSeq
	Until   time.Time // stored before
	Notify  bool      // people are told again
	DryRun  bool      // only count
	Rate    int       // messages per second; 0: as fast as they are stored
	Replays bool      // take copies of earlier replays and retries too
	ID      string    // of an interrupted replay that is to go on; empty: a new one
}

// ReplayResult is what a replay did, or with DryRun would do.
type ReplayResult struct {
	ID         string `json:"replay_id"`
	Stream     string `json:"stream"`
	DryRun     bool   `json:"dry_run"`
	Matched    int64  `json:"matched"`
	Published  int64  `json:"published"`
	Duplicates int64  `json:"duplicates"` // of the published: stored already by this replay
	// LastSeq is the last sequence that is dealt with. After an interruption the
	// replay goes on from the one behind it: FromSeq = LastSeq+1 with the same ID.
	LastSeq uint64 `json:"last_sequence"`
	Done    bool   `json:"done"`
}

// replayChunk is how many copies are on their way at once, chunkBytes how much.
const replayChunk = 256

// Replay stores copies of a range of messages behind the newest one: handlers
// run again, records keep their ids, and nobody is told again unless Notify.
// progress counts sequences of the range, as far as it has come and in all; it
// may be nil. On an error or when ctx ends the result says where to go on.
func Replay(ctx context.Context, deps Deps, f ReplayFilter, progress func(done, total int64)) (ReplayResult, error) {
	r, err := newReplay(deps, f, progress)
	if err != nil {
		return ReplayResult{}, err
	}
	if err := r.bound(ctx); err != nil {
		return r.result, err
	}
	err = nats.Read(ctx, deps.NATS.JS, r.part, func(m *nats.Message) error { return r.take(ctx, m) })
	if err == nil {
		err = r.flush(ctx)
	}
	if err != nil {
		return r.result, fmt.Errorf("replay %s: %w: %w", r.result.ID, errStream, err)
	}
	r.result.Done = true
	r.report(r.part.To)
	return r.result, nil
}

// replay is one replay under way.
type replay struct {
	deps     Deps
	filter   ReplayFilter
	part     nats.ReadRange
	progress func(done, total int64)
	pace     *rate.Limiter
	result   ReplayResult

	first uint64 // sequence
	chunk []*natsgo.Msg
	last  uint64 // sequence of the last message met
	size  int    // of the chunk, in bytes
}

func newReplay(deps Deps, f ReplayFilter, progress func(done, total int64)) (*replay, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	r := &replay{deps: deps, filter: f, progress: progress, pace: rate.NewLimiter(rate.Inf, replayChunk), part: f.part()}
	if r.progress == nil {
		r.progress = func(int64, int64) {}
	}
	if f.Rate > 0 {
		r.pace = rate.NewLimiter(rate.Limit(f.Rate), min(f.Rate, replayChunk))
	}
	r.result = ReplayResult{ID: f.ID, Stream: r.part.Stream, DryRun: f.DryRun}
	if f.ID == "" {
		r.result.ID = "replay-" + time.Now().UTC().Format("20060102T150405") + "-" + strings.ToLower(rand.Text()[:8])
	}
	if f.FromSeq > 0 {
		r.result.LastSeq = f.FromSeq - 1
	}
	return r, nil
}

func (f ReplayFilter) check() error {
	switch {
	case f.Tenant != "" && !events.ValidName(f.Tenant):
		return InvalidError{"tenant", "lower-case letters, digits, - and _, at most 48"}
	case f.Source != "" && !events.ValidName(f.Source):
		return InvalidError{"source", "lower-case letters, digits, - and _, at most 48"}
	case f.FromSeq > 0 && !f.Since.IsZero():
		return InvalidError{"since", "and a first sequence exclude each other"}
	case f.ToSeq > 0 && f.FromSeq > f.ToSeq:
		return InvalidError{"to", "is before the first sequence"}
	case !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until):
		return InvalidError{"until", "is not after since"}
	case f.Rate < 0:
		return InvalidError{"rate", "is messages per second, or 0"}
	case strings.ContainsAny(f.Subject, " \t\r\n") || len(f.Subject) > subjectMax:
		return InvalidError{"subject", "is no subject"}
	case !replayable(f.Subject):
		return InvalidError{"subject", "is below " + events.WebhookSubjects + " or one of EVENTS: integration.payment.>, integration.generic.>, housing.> …"}
	case f.ID != "" && !strings.HasPrefix(f.ID, "replay-"):
		return InvalidError{"id", "is that of an earlier replay"}
	}
	return nil
}

// subjectMax is longer than any subject of events, in bytes; beyond 4096 the
// server would close the connection.
const subjectMax = 500

// replayable says whether a subject filter stays within one of the two streams.
func replayable(subject string) bool {
	if subject == "" {
		return true
	}
	for _, of := range append([]string{events.WebhookSubjects}, eventSubjects...) {
		if strings.HasPrefix(subject, strings.TrimSuffix(of, ">")) {
			return true
		}
	}
	return false
}

var eventSubjects = []string{
	events.PaymentSubjects, events.SheetsSubjects, events.GeocodingSubjects, events.GenericSubjects, events.HousingSubjects,
}

// part is what of which stream is read. The filter is as narrow as a subject can be.
func (f ReplayFilter) part() nats.ReadRange {
	part := nats.ReadRange{Stream: nats.StreamEvents, Subject: f.Subject, From: f.FromSeq, To: f.ToSeq, Since: f.Since, Until: f.Until}
	webhooks := strings.TrimSuffix(events.WebhookSubjects, ">")
	if f.Subject == "" || strings.HasPrefix(f.Subject, webhooks) {
		part.Stream = nats.StreamWebhooks
	}
	if f.Subject == "" {
		part.Subject = webhooks + tokenOrAll(f.Tenant) + "." + tokenOrAll(f.Source) + ".>"
	}
	return part
}

func tokenOrAll(name string) string {
	if name == "" {
		return "*"
	}
	return events.Token(name)
}

// bound ends the range where the stream ends now: the copies are stored behind it.
func (r *replay) bound(ctx context.Context) error {
	stream, err := r.deps.NATS.JS.Stream(ctx, r.part.Stream)
	if err != nil {
		return fmt.Errorf("%w: stream %s: %w", errStream, r.part.Stream, err)
	}
	if last := stream.CachedInfo().State.LastSeq; r.part.To == 0 || r.part.To > last {
		r.part.To = last
	}
	return nil
}

// take deals with one message of the range.
func (r *replay) take(ctx context.Context, m *nats.Message) error {
	if r.first == 0 {
		r.first = m.Sequence
		r.result.LastSeq = m.Sequence - 1
	}
	r.last = m.Sequence
	e, ok := r.picks(m)
	if !ok {
		return nil
	}
	r.result.Matched++
	if r.filter.DryRun {
		r.report(m.Sequence)
		return nil
	}
	r.chunk = append(r.chunk, nats.ReplayMessage(m, e, r.result.ID, r.filter.Notify))
	r.size += len(m.Data)
	if len(r.chunk) < r.pace.Burst() && r.size < chunkBytes {
		return nil
	}
	return r.flush(ctx)
}

// picks says whether a message is an event to run again. Retries that fired
// are copies of one that is met anyway, counts of repeats are no events.
func (r *replay) picks(m *nats.Message) (events.Envelope, bool) {
	e, err := events.Decode(m.Header, m.Data)
	f := r.filter
	switch {
	case err != nil, m.Scheduled(), e.Type == events.TypeRepeats,
		e.Replay != "" && !f.Replays,
		f.Tenant != "" && e.Tenant != f.Tenant,
		f.Source != "" && e.Source != f.Source:
		return e, false
	}
	return e, true
}

// flush stores the chunk's copies.
func (r *replay) flush(ctx context.Context) error {
	if len(r.chunk) > 0 {
		if err := r.pace.WaitN(ctx, len(r.chunk)); err != nil {
			return errors.Join(err, ctx.Err())
		}
		acks, errs := r.deps.Publisher.PublishAll(ctx, r.chunk)
		stored, duplicates, err := resultOf(acks, errs)
		r.result.Published += int64(stored)
		r.result.Duplicates += int64(duplicates)
		if err != nil {
			return err // LastSeq stays before the chunk: its copies are known by their ids
		}
	}
	r.chunk, r.size = nil, 0
	r.report(r.last)
	return nil
}

// report notes how far the replay has come.
func (r *replay) report(sequence uint64) {
	r.result.LastSeq = max(r.result.LastSeq, sequence)
	if r.first > 0 {
		r.progress(int64(sequence-r.first)+1, int64(r.part.To-r.first)+1)
	}
}
