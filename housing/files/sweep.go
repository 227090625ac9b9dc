package files

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/sql/db"
)

// What is swept, and when.
const (
	sweepLease = "files-sweep"   // one replica sweeps
	sweepEvery = 6 * time.Hour   //
	orphanAge  = 24 * time.Hour  // an upload is over long before
	sweepBatch = 500             // objects looked up at once
	watchQuiet = 5 * time.Minute // a listing that says nothing for so long has broken
)

// Run sweeps from time to time until ctx ends.
func (h *Handlers) Run(ctx context.Context) error {
	return nats.RunLeased(ctx, h.objects.conn, sweepLease, func(ctx context.Context) error {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			if removed, err := h.Sweep(ctx); err != nil && ctx.Err() == nil {
				h.log.Warn().Err(err).Msg("sweep of files failed, it will be tried again")
			} else if removed > 0 {
				h.log.Info().Int("removed", removed).Msg("objects without a file swept")
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
}

// Sweep removes objects that have been without a row for a day: those of
// uploads that were refused or cut short, and of files removed.
func (h *Handlers) Sweep(ctx context.Context) (removed int, err error) {
	store, err := h.objects.open(ctx)
	if err != nil {
		return 0, err
	}
	listing, err := store.Watch(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return 0, fmt.Errorf("list objects: %w", err)
	}
	defer func() { _ = listing.Stop() }()
	old := map[string][]uuid.UUID{} // by tenant
	waiting, before := 0, h.store.Now().Add(-orphanAge)
	for {
		object, err := next(ctx, listing)
		if err != nil {
			return removed, err
		}
		if object != nil && object.ModTime.Before(before) {
			if tenant, file, ok := objectOf(object.Name); ok {
				old[tenant] = append(old[tenant], file)
				waiting++
			}
		}
		if waiting >= sweepBatch || object == nil {
			n, err := h.sweepThese(ctx, old)
			if removed += n; err != nil || object == nil {
				return removed, err
			}
			clear(old)
			waiting = 0
		}
	}
}

// next is the next object of a listing; nil at its end.
func next(ctx context.Context, listing jetstream.ObjectWatcher) (*jetstream.ObjectInfo, error) {
	select {
	case object := <-listing.Updates():
		return object, nil
	case <-time.After(watchQuiet):
		return nil, fmt.Errorf("list objects: nothing for %s", watchQuiet)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *Handlers) sweepThese(ctx context.Context, old map[string][]uuid.UUID) (removed int, err error) {
	for tenant, ids := range old {
		known, err := db.New(h.store.Pool).KnownFiles(ctx, tenant, ids)
		if err != nil {
			return removed, fmt.Errorf("files of %s: %w", tenant, err)
		}
		kept := map[uuid.UUID]bool{}
		for _, id := range known {
			kept[id] = true
		}
		for _, id := range ids {
			if kept[id] {
				continue
			}
			if err := h.objects.remove(ctx, objectName(tenant, id)); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}
