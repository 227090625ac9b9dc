-- name: ClaimWebhooks :many
-- ClaimWebhooks takes the idempotency keys that nobody has yet and returns the
-- sequences of the messages that got theirs: the events that are new.
-- The order keeps two workers from waiting for each other in a circle.
INSERT INTO webhook_keys (tenant_id, source, event_id, id, received_at, stream_sequence)
SELECT k.tenant_id, k.source, k.event_id, k.id, k.received_at, k.stream_sequence
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@sources::text[]) AS source,
             unnest(@event_ids::text[]) AS event_id,
             unnest(@ids::uuid[]) AS id,
             unnest(@received_ats::timestamptz[]) AS received_at,
             unnest(@stream_sequences::bigint[]) AS stream_sequence) k
ORDER BY k.tenant_id, k.source, k.event_id, k.stream_sequence
ON CONFLICT DO NOTHING
RETURNING stream_sequence;

-- name: KnownWebhooks :many
-- KnownWebhooks locks and returns the records behind idempotency keys that were
-- taken before. A key without its record was left by retention.
SELECT k.tenant_id, k.source, k.event_id, k.id, k.received_at, k.stream_sequence,
       e.status, e.retry_count, e.next_retry_at, e.last_error, e.replay_of, (e.effects <> '[]')::boolean AS announced
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@sources::text[]) AS source,
             unnest(@event_ids::text[]) AS event_id) w
JOIN webhook_keys k ON k.tenant_id = w.tenant_id AND k.source = w.source AND k.event_id = w.event_id
JOIN webhook_events e ON e.id = k.id AND e.received_at = k.received_at AND e.tenant_id = k.tenant_id
ORDER BY k.tenant_id, k.source, k.event_id
FOR UPDATE OF e;

-- name: InsertWebhooks :copyfrom
-- InsertWebhooks stores new records in bulk.
INSERT INTO webhook_events (
    id, tenant_id, source, event_id, event_type, subject, stream_sequence, webhook_config_id, status,
    payload, payload_json, payload_bytes, content_type, headers, signature, signature_scheme, signature_valid,
    remote_ip, user_agent, request_id, trace_id, retry_count, max_retries, next_retry_at, last_error, error_kind,
    effects, received_at, processing_started_at, processed_at, duration_ms, replay_of
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32
);

-- name: UpdateWebhook :exec
-- UpdateWebhook writes the outcome of a later attempt. What an earlier one
-- became stays known when this one failed (effects null).
UPDATE webhook_events SET
    status = @status, retry_count = @retry_count, next_retry_at = sqlc.narg(next_retry_at), last_error = sqlc.narg(last_error),
    error_kind = sqlc.narg(error_kind), effects = coalesce(sqlc.narg(effects), effects), processing_started_at = @processing_started_at,
    processed_at = sqlc.narg(processed_at), duration_ms = @duration_ms, replay_of = sqlc.narg(replay_of), updated_at = now()
WHERE tenant_id = @tenant_id AND id = @id AND received_at = @received_at;

-- name: ClaimRepeats :many
-- ClaimRepeats returns which messages about repeats were not counted yet: a
-- message that is delivered again must not count again.
INSERT INTO webhook_repeats (tenant_id, source, stream_sequence)
SELECT r.tenant_id, r.source, r.stream_sequence
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@sources::text[]) AS source,
             unnest(@stream_sequences::bigint[]) AS stream_sequence) r
ORDER BY r.tenant_id, r.source, r.stream_sequence
ON CONFLICT DO NOTHING
RETURNING stream_sequence;

-- name: CountDuplicates :execrows
-- CountDuplicates adds repeats to records and reports how many there were. The
-- caller passes each event once.
UPDATE webhook_events e SET duplicate_count = e.duplicate_count + r.repeats, updated_at = now()
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@sources::text[]) AS source,
             unnest(@event_ids::text[]) AS event_id,
             unnest(@repeats::integer[]) AS repeats) r
JOIN webhook_keys k ON k.tenant_id = r.tenant_id AND k.source = r.source AND k.event_id = r.event_id
WHERE e.id = k.id AND e.received_at = k.received_at AND e.tenant_id = k.tenant_id;

-- name: InsertAttempts :copyfrom
-- InsertAttempts keeps the attempts that a record's own columns do not tell.
INSERT INTO webhook_attempts (tenant_id, webhook_id, attempt, at, outcome, error, duration_ms, replay)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: Webhook :one
-- Webhook is one record of a tenant. The id tells its partition: the caller passes the time inside it.
SELECT * FROM webhook_events WHERE tenant_id = @tenant_id AND id = @id AND received_at = @received_at;

-- name: WebhookKeys :many
-- WebhookKeys finds records of a tenant by the provider's own event id, over all sources.
SELECT id, received_at, source FROM webhook_keys WHERE tenant_id = @tenant_id AND event_id = @event_id LIMIT 10;

-- name: Webhooks :many
-- Webhooks is a page of a tenant's records, newest first, without their payloads. Filters are
-- optional; (before, before_id) is the last row of the page before (keyset).
SELECT id, tenant_id, source, event_id, event_type, subject, stream_sequence, status, payload_bytes, retry_count, max_retries,
       next_retry_at, last_error, error_kind, duplicate_count, received_at, processed_at, duration_ms, replay_of
FROM webhook_events
WHERE tenant_id = @tenant_id
  AND (sqlc.narg(source)::text IS NULL OR source = sqlc.narg(source))
  AND (sqlc.narg(event_type)::text IS NULL OR event_type LIKE sqlc.narg(event_type))
  AND (sqlc.narg(status)::text IS NULL OR status = sqlc.narg(status))
  AND (sqlc.narg(error)::text IS NULL OR last_error ILIKE sqlc.narg(error))
  AND (sqlc.narg(since)::timestamptz IS NULL OR received_at >= sqlc.narg(since))
  AND (sqlc.narg(until)::timestamptz IS NULL OR received_at < sqlc.narg(until))
  AND (sqlc.narg(before)::timestamptz IS NULL OR (received_at, id) < (sqlc.narg(before), sqlc.narg(before_id)::uuid))
ORDER BY received_at DESC, id DESC
LIMIT @page_size;

-- name: WebhookAttempts :many
-- WebhookAttempts is what was tried on a record, oldest first.
SELECT * FROM webhook_attempts WHERE tenant_id = @tenant_id AND webhook_id = @webhook_id ORDER BY at LIMIT 200;

-- name: WebhookStatuses :many
-- WebhookStatuses counts a tenant's records since a time, by source and status.
SELECT source, status, count(*) AS events, sum(duplicate_count)::bigint AS duplicates
FROM webhook_events WHERE tenant_id = @tenant_id AND received_at >= @since GROUP BY source, status ORDER BY source, status;

-- name: EnsureWebhookPartition :exec
-- EnsureWebhookPartition makes the partition of a day if it is missing.
SELECT ensure_webhook_partition(@day::date);

-- name: DropWebhookPartitions :one
-- DropWebhookPartitions ends the retention of all days before one: of all tenants, by its nature.
SELECT drop_webhook_partitions(@before::date)::integer;

-- name: PruneWebhookKeys :execrows
-- PruneWebhookKeys removes keys whose records are past retention, of all tenants, a bounded number at a time.
DELETE FROM webhook_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM webhook_keys WHERE received_at < @before::timestamptz LIMIT 10000));

-- name: PruneWebhookAttempts :execrows
-- PruneWebhookAttempts removes attempts past retention, of all tenants.
DELETE FROM webhook_attempts WHERE at < @before::timestamptz;

-- name: PruneWebhookRepeats :execrows
-- PruneWebhookRepeats forgets which repeats were counted, of all tenants, once their messages are gone from the stream.
DELETE FROM webhook_repeats WHERE at < @before::timestamptz;

-- name: DatabaseTime :one
-- DatabaseTime is the database's clock.
SELECT now()::timestamptz AS at;
