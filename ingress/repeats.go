package ingress

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
)

// repeats counts the requests that were answered as duplicates and reports the
// counts to the workers once a second: the record then tells how often its
// event came. A count lost in a crash is the price of not storing repeats.
type repeats struct {
	publisher *nats.Publisher
	now       func() time.Time
	log       zerolog.Logger

	mu     sync.Mutex
	counts map[origin]events.Repeats
	ids    int
}

type origin struct{ tenant, source string }

// Bounds of the reports.
const (
	repeatsEvery  = time.Second
	repeatsMax    = 10_000 // ids between two reports; more are not counted
	repeatsChunk  = 500    // ids in one report
	reportTimeout = 3 * time.Second
)

func newRepeats(publisher *nats.Publisher, now func() time.Time, log zerolog.Logger) *repeats {
	return &repeats{publisher: publisher, now: now, log: log, counts: map[origin]events.Repeats{}}
}

func (r *repeats) add(tenant, source, eventID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := origin{tenant, source}
	counts := r.counts[from]
	if counts == nil {
		counts = events.Repeats{}
		r.counts[from] = counts
	}
	if _, known := counts[eventID]; !known {
		if r.ids >= repeatsMax {
			return
		}
		r.ids++
		eventID = strings.Clone(eventID) // Fiber reuses what it was cut from
	}
	counts[eventID]++
}

// run reports until ctx ends, and then once more.
func (r *repeats) run(ctx context.Context) {
	tick := time.NewTicker(repeatsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.report()
			return
		case <-tick.C:
			r.report()
		}
	}
}

func (r *repeats) report() {
	r.mu.Lock()
	counts := r.counts
	r.counts, r.ids = map[origin]events.Repeats{}, 0
	r.mu.Unlock()
	for from, byID := range counts {
		chunk := events.Repeats{}
		for id, n := range byID {
			if chunk[id] = n; len(chunk) == repeatsChunk {
				r.publish(from, chunk)
				chunk = events.Repeats{}
			}
		}
		r.publish(from, chunk)
	}
}

func (r *repeats) publish(from origin, counts events.Repeats) {
	if len(counts) == 0 {
		return
	}
	data, _ := json.Marshal(counts) // strings and numbers: cannot fail
	id := nuid.Next()
	event := events.Envelope{
		ID: id, Type: events.TypeRepeats, Tenant: from.tenant, Source: from.source, Time: r.now(),
		ContentType: "application/json", Data: data,
	}
	msg := &natsgo.Msg{Subject: events.RepeatSubject(from.tenant, from.source), Header: event.Header(), Data: data}
	msg.Header.Set(jetstream.MsgIDHeader, "repeats/"+id)
	ctx, cancel := context.WithTimeout(context.Background(), reportTimeout)
	defer cancel()
	if _, err := r.publisher.Publish(ctx, msg); err != nil {
		r.log.Warn().Err(err).Int("events", len(counts)).Msg("counts of repeated webhooks lost")
	}
}
