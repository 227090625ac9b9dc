package workers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// countRepeated counts the messages that repeat an event which the stream no
// longer knew. Each counts once, however often it is delivered.
func (b *batch) countRepeated(ctx context.Context) error {
	var claims db.ClaimRepeatsParams
	for _, it := range b.repeated {
		it.answer = nil
		claims.TenantIds, claims.Sources = append(claims.TenantIds, it.webhook.Tenant), append(claims.Sources, it.webhook.Source)
		claims.StreamSequences = append(claims.StreamSequences, int64(it.message.Sequence))
	}
	claimed, err := b.ClaimRepeats(ctx, claims)
	if err != nil {
		return err
	}
	counts := map[key]int32{}
	for _, it := range b.repeated {
		if slices.Contains(claimed, int64(it.message.Sequence)) {
			counts[it.key()]++
		}
	}
	_, err = addRepeats(ctx, b.Queries, counts)
	return err
}

// count adds repeats that the ingress counted to their records: all of a
// message, or none while a record is missing.
func (w *worker) count(ctx context.Context, m *nats.Message) error {
	e, counts, err := decodeRepeats(m)
	if err != nil {
		return nats.Permanent(err)
	}
	err = db.InTx(ctx, w.pool, func(q *db.Queries, _ pgx.Tx) error {
		claimed, err := q.ClaimRepeats(ctx, db.ClaimRepeatsParams{
			TenantIds: []string{e.Tenant}, Sources: []string{e.Source}, StreamSequences: []int64{int64(m.Sequence)},
		})
		if err != nil || len(claimed) == 0 {
			return err
		}
		found, err := addRepeats(ctx, q, counts)
		if err == nil && found < len(counts) && m.Delivered < countTries {
			return errNotRecorded
		}
		return err
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNotRecorded):
		return nats.RetryAfter(countPause, err)
	case !blames(err):
		return nats.Hold(err)
	}
	return nats.Permanent(fmt.Errorf("count repeats: %w", err))
}

// Counts wait for records that another worker is still writing. What is missing
// after that was taken by retention.
const (
	countTries = 10
	countPause = time.Second
)

var errNotRecorded = errors.New("repeated event not recorded yet")

// addRepeats adds to the records that there are and says how many these were.
func addRepeats(ctx context.Context, q *db.Queries, counts map[key]int32) (found int, err error) {
	var p db.CountDuplicatesParams
	for _, k := range slices.SortedFunc(maps.Keys(counts), key.compare) {
		p.TenantIds, p.Sources = append(p.TenantIds, k.tenant), append(p.Sources, k.source)
		p.EventIds, p.Repeats = append(p.EventIds, k.id), append(p.Repeats, counts[k])
	}
	if len(p.EventIds) == 0 {
		return 0, nil
	}
	rows, err := q.CountDuplicates(ctx, p)
	return int(rows), err
}

func decodeRepeats(m *nats.Message) (events.Envelope, map[key]int32, error) {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return e, nil, err
	}
	if m.Subject != events.RepeatSubject(e.Tenant, e.Source) {
		return e, nil, fmt.Errorf("%w: counts of %s/%s on subject %s", events.ErrMalformed, e.Tenant, e.Source, m.Subject)
	}
	var repeats map[string]int32
	if err := json.Unmarshal(m.Data, &repeats); err != nil {
		return e, nil, fmt.Errorf("%w: counts: %w", events.ErrMalformed, err)
	}
	counts := make(map[key]int32, len(repeats))
	for id, n := range repeats {
		counts[key{e.Tenant, e.Source, events.CapID(id)}] += n
	}
	return e, counts, nil
}

func (k key) compare(other key) int {
	return cmp.Or(strings.Compare(k.tenant, other.tenant), strings.Compare(k.source, other.source), strings.Compare(k.id, other.id))
}
