package ops

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/events"
	"ukbot/sql/db"
)

// find is the record that an id means: the record's own, whose time tells the
// partition, or the provider's. Several sources may use the same id: then the
// source decides, or the error is AmbiguousError.
func find(ctx context.Context, deps Deps, tenant, id, source string) (db.WebhookEvent, error) {
	if err := checkID(tenant, id, source); err != nil {
		return db.WebhookEvent{}, err
	}
	if at, ok := rowTime(id); ok {
		row, err := record(ctx, deps, tenant, uuid.MustParse(id), at)
		if err == nil && source != "" && row.Source != source {
			return db.WebhookEvent{}, ErrNotFound
		}
		if !errors.Is(err, ErrNotFound) {
			return row, err
		}
	}
	return findByProvider(ctx, deps, tenant, id, source)
}

func checkID(tenant, id, source string) error {
	switch {
	case !events.ValidName(tenant):
		return InvalidError{"tenant", "lower-case letters, digits, - and _, at most 48"}
	case id == "" || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl):
		return InvalidError{"id", "is a record's id (a UUID) or the provider's own"}
	case !storable(source):
		return InvalidError{"source", "is not the name of a source"}
	}
	return nil
}

// rowTime is the time inside a record's id; RowTime alone takes dashes anywhere.
func rowTime(id string) (time.Time, bool) {
	if _, err := uuid.Parse(id); err != nil {
		return time.Time{}, false
	}
	return events.RowTime(strings.ToLower(id))
}

// record reads one record. The id holds the milliseconds of its partition key.
func record(ctx context.Context, deps Deps, tenant string, id uuid.UUID, at time.Time) (db.WebhookEvent, error) {
	row, err := deps.queries().Webhook(ctx, db.WebhookParams{TenantID: tenant, ID: id, ReceivedAt: at})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrNotFound
	}
	if err != nil {
		return row, fmt.Errorf("event %s: %w", id, err)
	}
	return row, nil
}

func findByProvider(ctx context.Context, deps Deps, tenant, id, source string) (db.WebhookEvent, error) {
	keys, err := deps.queries().WebhookKeys(ctx, tenant, events.CapID(id))
	if err != nil {
		return db.WebhookEvent{}, fmt.Errorf("event by its provider's id: %w", err)
	}
	var candidates []Candidate
	for _, key := range keys {
		if source == "" || key.Source == source {
			candidates = append(candidates, Candidate{ID: key.ID.String(), Source: key.Source, ReceivedAt: key.ReceivedAt.UTC()})
		}
	}
	switch len(candidates) {
	case 0:
		return db.WebhookEvent{}, ErrNotFound
	case 1:
		return record(ctx, deps, tenant, uuid.MustParse(candidates[0].ID), candidates[0].ReceivedAt)
	}
	return db.WebhookEvent{}, AmbiguousError{candidates}
}
