package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ukbot/sql/db"
)

// Effects is what an event became.
type Effects struct {
	Payments []Payment `json:"payments"`
	Events   []Derived `json:"events"`
}

// Payment is a row that the event changed, as it stands now.
type Payment struct {
	ExternalID   string    `json:"external_id"`
	Kind         string    `json:"kind"`
	Status       string    `json:"status"`
	AmountMinor  int64     `json:"amount_minor"` // in the currency's smallest unit
	Currency     string    `json:"currency"`
	Payer        string    `json:"payer,omitempty"`
	ParentID     string    `json:"parent_id,omitempty"`
	Description  string    `json:"description,omitempty"`
	ProviderTime time.Time `json:"provider_time"`
	Newest       bool      `json:"set_by_this_event"` // false: a later event has changed it since
}

// Derived is an event that the webhook caused.
type Derived struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subject string `json:"subject"`
	Queued  bool   `json:"queued"` // still in the outbox: not published yet
}

// effect is an element of the column effects, as the workers write it.
type effect struct {
	Kind    string `json:"kind"` // "payment" with Key; "event" with the rest
	Key     string `json:"key"`
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subject string `json:"subject"`
}

func effects(ctx context.Context, deps Deps, row db.WebhookEvent) (Effects, error) {
	all := Effects{Payments: []Payment{}, Events: []Derived{}}
	var parts []effect
	if err := json.Unmarshal(row.Effects, &parts); err != nil {
		return all, fmt.Errorf("effects of %s: %w", row.ID, err)
	}
	var keys []string
	for _, part := range parts {
		switch part.Kind {
		case "payment":
			keys = append(keys, part.Key)
		case "event":
			all.Events = append(all.Events, Derived{ID: part.ID, Type: part.Type, Subject: part.Subject})
		}
	}
	if err := all.addPayments(ctx, deps, row, keys); err != nil {
		return all, fmt.Errorf("payments of %s: %w", row.ID, err)
	}
	if err := all.markQueued(ctx, deps, row.TenantID); err != nil {
		return all, fmt.Errorf("outbox of %s: %w", row.ID, err)
	}
	return all, nil
}

func (e *Effects) addPayments(ctx context.Context, deps Deps, row db.WebhookEvent, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	rows, err := deps.queries().Payments(ctx, db.PaymentsParams{TenantID: row.TenantID, Source: row.Source, ExternalIds: keys})
	for _, r := range rows {
		e.Payments = append(e.Payments, Payment{
			ExternalID: r.ExternalID, Kind: r.Kind, Status: r.Status, AmountMinor: r.AmountMinor, Currency: r.Currency,
			Payer: text(r.Payer), ParentID: text(r.ParentID), Description: text(r.Description),
			ProviderTime: r.ProviderTime.UTC(), Newest: r.WebhookID == row.ID,
		})
	}
	return err
}

func (e *Effects) markQueued(ctx context.Context, deps Deps, tenant string) error {
	if len(e.Events) == 0 {
		return nil
	}
	ids := make([]string, len(e.Events))
	for i, event := range e.Events {
		ids[i] = event.ID
	}
	waiting, err := deps.queries().QueuedOutbox(ctx, tenant, ids)
	if err != nil {
		return err
	}
	queued := map[string]bool{}
	for _, id := range waiting {
		queued[id] = true
	}
	for i := range e.Events {
		e.Events[i].Queued = queued[e.Events[i].ID]
	}
	return nil
}
