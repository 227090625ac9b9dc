-- name: InsertOutbox :copyfrom
-- InsertOutbox queues events for publishing, in the order given.
INSERT INTO outbox (tenant_id, subject, message_id, headers, data) VALUES ($1, $2, $3, $4, $5);

-- name: WakeOutbox :exec
-- WakeOutbox tells the relay, at commit, that there is something to publish.
SELECT pg_notify('outbox', '');

-- name: NextOutbox :many
-- NextOutbox is the oldest unpublished events of all tenants, after one: one relay serves them all.
SELECT seq, tenant_id, subject, message_id, headers, data FROM outbox WHERE seq > @after::bigint ORDER BY seq LIMIT @batch_size;

-- name: DeleteOutbox :exec
-- DeleteOutbox removes published events, of all tenants.
DELETE FROM outbox WHERE seq = ANY (@seqs::bigint[]);

-- name: QueuedOutbox :many
-- QueuedOutbox is which of some events of a tenant are not published yet.
SELECT message_id FROM outbox WHERE tenant_id = @tenant_id AND message_id = ANY (@message_ids::text[]);

-- name: OutboxAge :one
-- OutboxAge is how many events of all tenants wait and since when the oldest does.
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_s FROM outbox;
