package clocks

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/housing/sla"
	"ukbot/housing/unit"
	"ukbot/nats"
	"ukbot/sql/db"
)

// rearmLease is held by the one replica that looks for lost schedules.
const rearmLease = "housing-rearm"

// rearmBatch is how many requests are read, and set at most, in one transaction.
const rearmBatch = 500

// Rearm sets the clocks of requests whose schedule is not in the stream: of a
// stream that was lost, a database that was set back, rows that were loaded. One
// replica does that once when it starts, then keeps the others from it until ctx
// ends. A clock that is set twice is no harm: there is one schedule per request.
func (c *Clocks) Rearm(ctx context.Context) error {
	return nats.RunLeased(ctx, c.conn, rearmLease, func(ctx context.Context) error {
		for ctx.Err() == nil {
			set, err := c.rearm(ctx)
			if err == nil {
				c.log.Info().Int("set", set).Msg("clocks compared with the open requests")
				break
			}
			c.log.Warn().Err(err).Msg("clocks could not be compared with the open requests, it will be tried again")
			select {
			case <-ctx.Done():
			case <-time.After(again):
			}
		}
		<-ctx.Done()
		return nil
	})
}

// rearm looks at all companies once, and says how many clocks it set.
func (c *Clocks) rearm(ctx context.Context) (set int, err error) {
	// Only what the stream had before its rows were read counts as lost.
	stream, err := c.conn.JS.Stream(ctx, nats.StreamClocks)
	if err != nil {
		return 0, fmt.Errorf("stream %s: %w", nats.StreamClocks, err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(events.ClockSubjects))
	if err != nil {
		return 0, fmt.Errorf("schedules in %s: %w", nats.StreamClocks, err)
	}
	companies, err := c.store.Read(ctx).Companies(ctx)
	if err != nil {
		return 0, fmt.Errorf("list companies: %w", err)
	}
	for _, company := range companies {
		n, err := c.rearmCompany(ctx, company.TenantID, info.State.Subjects)
		if set += n; err != nil {
			return set, fmt.Errorf("clocks of %s: %w", company.TenantID, err)
		}
	}
	return set, nil
}

// rearmCompany goes through the open requests of a company. One that moves
// behind the page meanwhile has set its clock by that.
func (c *Clocks) rearmCompany(ctx context.Context, tenant string, scheduled map[string]uint64) (set int, err error) {
	page := db.OpenRequestsParams{TenantID: tenant, Max: rearmBatch}
	for {
		rows, err := c.store.Read(ctx).OpenRequests(ctx, page)
		if err != nil {
			return set, err
		}
		var lost []uuid.UUID
		for _, row := range rows {
			if _, left := sla.Next(row); left && scheduled[events.ClockSubject(tenant, row.ID.String())] == 0 {
				lost = append(lost, row.ID)
			}
		}
		if err := c.arm(ctx, tenant, lost); err != nil {
			return set, err
		}
		set += len(lost)
		if len(rows) < rearmBatch {
			return set, nil
		}
		last := rows[len(rows)-1]
		page.AfterDue, page.AfterID = last.CompletionDue, last.ID
	}
}

// arm sets the clocks of some requests as they are now.
func (c *Clocks) arm(ctx context.Context, tenant string, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	return c.store.Own(ctx, func(w *unit.Work) error {
		rows, err := w.LockRequests(ctx, tenant, ids)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := sla.Arm(w, row); err != nil {
				return err
			}
		}
		return nil
	})
}
