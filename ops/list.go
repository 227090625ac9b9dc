package ops

import (
	"context"
	"fmt"
	"time"

	"ukbot/sql/db"
)

// Event is what a list shows of an event: all but its request and payload.
type Event struct {
	ID             string     `json:"id"` // of the record
	Tenant         string     `json:"tenant"`
	Source         string     `json:"source"`
	EventID        string     `json:"event_id"` // the provider's
	Type           string     `json:"type"`
	Subject        string     `json:"subject"`
	StreamSequence int64      `json:"stream_sequence"`
	Status         string     `json:"status"`
	PayloadBytes   int32      `json:"payload_bytes"`
	RetryCount     int32      `json:"retry_count"`
	MaxRetries     int32      `json:"max_retries"`
	NextRetryAt    *time.Time `json:"next_retry_at,omitempty"`
	LastError      string     `json:"last_error,omitempty"`
	ErrorKind      string     `json:"error_kind,omitempty"`
	DuplicateCount int32      `json:"duplicate_count"`
	ReceivedAt     time.Time  `json:"received_at"`
	ProcessedAt    *time.Time `json:"processed_at,omitempty"`
	DurationMS     *float32   `json:"duration_ms,omitempty"`
	ReplayOf       string     `json:"replay_of,omitempty"` // the replay or retry that last ran it
}

// Page is a part of a list, newest first.
type Page struct {
	Events []Event `json:"events"`
	Next   string  `json:"next,omitempty"` // cursor of the page after; empty: this was the last
}

// ListEvents is one page of the events that a filter means.
func ListEvents(ctx context.Context, deps Deps, filter Filter) (Page, error) {
	params, err := filter.params()
	if err != nil {
		return Page{}, err
	}
	rows, err := deps.queries().Webhooks(ctx, params)
	if err != nil {
		return Page{}, fmt.Errorf("list events: %w", err)
	}
	page := Page{Events: make([]Event, 0, len(rows))}
	for i, row := range rows {
		if i == filter.pageSize() {
			last := rows[i-1]
			page.Next = cursor{last.ReceivedAt, last.ID}.String()
			break
		}
		page.Events = append(page.Events, eventOfRow(row))
	}
	return page, nil
}

func eventOfRow(row db.WebhooksRow) Event {
	return Event{
		ID: row.ID.String(), Tenant: row.TenantID, Source: row.Source, EventID: row.EventID, Type: row.EventType,
		Subject: row.Subject, StreamSequence: row.StreamSequence, Status: row.Status, PayloadBytes: row.PayloadBytes,
		RetryCount: row.RetryCount, MaxRetries: row.MaxRetries, NextRetryAt: utc(row.NextRetryAt),
		LastError: text(row.LastError), ErrorKind: text(row.ErrorKind), DuplicateCount: row.DuplicateCount,
		ReceivedAt: row.ReceivedAt.UTC(), ProcessedAt: utc(row.ProcessedAt), DurationMS: row.DurationMs, ReplayOf: text(row.ReplayOf),
	}
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	moved := at.UTC()
	return &moved
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
