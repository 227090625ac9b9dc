-- name: ClaimIdempotencyKey :execrows
-- ClaimIdempotencyKey reserves a caller's key for one request: 1 row where it is free or what held it is
-- over, 0 where an answer is stored. While another transaction holds the same key, it waits for its end.
INSERT INTO idempotency_keys (tenant_id, caller, key, operation, fingerprint, status, headers, body, created_at)
VALUES (@tenant_id, @caller, @key, @operation, @fingerprint, 0, '{}', '', @now)
ON CONFLICT (tenant_id, caller, key) DO UPDATE
SET operation = excluded.operation, fingerprint = excluded.fingerprint, status = 0, headers = '{}', body = '', created_at = excluded.created_at
WHERE idempotency_keys.tenant_id = @tenant_id AND idempotency_keys.created_at < @over;

-- name: StoreIdempotentAnswer :exec
-- StoreIdempotentAnswer keeps what a claimed request answered.
UPDATE idempotency_keys SET status = @status, headers = @headers, body = @body
WHERE tenant_id = @tenant_id AND caller = @caller AND key = @key;

-- name: IdempotentAnswer :one
-- IdempotentAnswer is what the first request with a key was and answered.
SELECT operation, fingerprint, status, headers, body FROM idempotency_keys
WHERE tenant_id = @tenant_id AND caller = @caller AND key = @key;

-- name: PruneIdempotencyKeys :execrows
-- PruneIdempotencyKeys removes keys past their day, of all tenants, a bounded number at a time.
DELETE FROM idempotency_keys k WHERE k.ctid = ANY (ARRAY(SELECT o.ctid FROM idempotency_keys o WHERE o.created_at < @over ORDER BY o.created_at LIMIT 10000));
