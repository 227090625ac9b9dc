-- name: SettlePayments :many
-- SettlePayments stores the newest state of payments in bulk and returns the
-- ids it changed. Providers do not keep order: an older event never overwrites a newer state.
-- The caller passes each (tenant, source, external id) once.
INSERT INTO payments (tenant_id, source, external_id, kind, status, amount_minor, currency, payer, parent_id, description, provider_time, provider_rank, webhook_id)
SELECT p.tenant_id, p.source, p.external_id, p.kind, p.status, p.amount_minor, p.currency,
       nullif(p.payer, ''), nullif(p.parent_id, ''), nullif(p.description, ''), p.provider_time, p.provider_rank, p.webhook_id
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@sources::text[]) AS source,
             unnest(@external_ids::text[]) AS external_id,
             unnest(@kinds::text[]) AS kind,
             unnest(@statuses::text[]) AS status,
             unnest(@amounts_minor::bigint[]) AS amount_minor,
             unnest(@currencies::text[]) AS currency,
             unnest(@payers::text[]) AS payer,
             unnest(@parent_ids::text[]) AS parent_id,
             unnest(@descriptions::text[]) AS description,
             unnest(@provider_times::timestamptz[]) AS provider_time,
             unnest(@provider_ranks::smallint[]) AS provider_rank,
             unnest(@webhook_ids::uuid[]) AS webhook_id) p
ORDER BY p.tenant_id, p.source, p.external_id
ON CONFLICT (tenant_id, source, external_id) DO UPDATE SET
    status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency,
    payer = coalesce(excluded.payer, payments.payer), parent_id = coalesce(excluded.parent_id, payments.parent_id),
    description = coalesce(excluded.description, payments.description), provider_time = excluded.provider_time,
    provider_rank = excluded.provider_rank, webhook_id = excluded.webhook_id, updated_at = now()
WHERE (payments.provider_time, payments.provider_rank) <= (excluded.provider_time, excluded.provider_rank)
RETURNING external_id;

-- name: Payments :many
-- Payments returns payments of a tenant's source by their provider's ids.
SELECT * FROM payments WHERE tenant_id = @tenant_id AND source = @source AND external_id = ANY (@external_ids::text[]) ORDER BY external_id;
