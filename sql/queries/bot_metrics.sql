-- name: AddBotMetrics :exec
-- AddBotMetrics adds to the hours and the days (UTC) of several tenants' bots. The order keeps two replicas from a deadlock.
INSERT INTO bot_metrics (tenant_id, period, began_at, kind, name, outcome, updates, handler_ms, handler_max, api_ms, telegram_ms)
SELECT n.tenant_id, p.period, date_trunc(p.period, n.hour, 'UTC'), n.kind, n.name, n.outcome,
       sum(n.updates), sum(n.handler_ms), max(n.handler_max), sum(n.api_ms), sum(n.telegram_ms)
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@hours::timestamptz[]) AS hour,
             unnest(@kinds::text[]) AS kind,
             unnest(@names::text[]) AS name,
             unnest(@outcomes::text[]) AS outcome,
             unnest(@updates::bigint[]) AS updates,
             unnest(@handler_ms::double precision[]) AS handler_ms,
             unnest(@handler_max::double precision[]) AS handler_max,
             unnest(@api_ms::double precision[]) AS api_ms,
             unnest(@telegram_ms::double precision[]) AS telegram_ms) n
CROSS JOIN (VALUES ('hour'), ('day')) p(period)
GROUP BY n.tenant_id, p.period, date_trunc(p.period, n.hour, 'UTC'), n.kind, n.name, n.outcome
ORDER BY n.tenant_id, p.period, date_trunc(p.period, n.hour, 'UTC'), n.kind, n.name, n.outcome
ON CONFLICT (tenant_id, period, began_at, kind, name, outcome) DO UPDATE SET
    updates = bot_metrics.updates + excluded.updates,
    handler_ms = bot_metrics.handler_ms + excluded.handler_ms,
    handler_max = greatest(bot_metrics.handler_max, excluded.handler_max),
    api_ms = bot_metrics.api_ms + excluded.api_ms,
    telegram_ms = bot_metrics.telegram_ms + excluded.telegram_ms;

-- name: BotMetrics :many
-- BotMetrics is how the bot of a tenant was used since a moment, by hour or by day.
SELECT * FROM bot_metrics WHERE tenant_id = @tenant_id AND period = @period AND began_at >= @since::timestamptz ORDER BY began_at, kind, name, outcome;

-- name: PruneBotMetrics :execrows
-- PruneBotMetrics removes figures past retention, of all tenants.
DELETE FROM bot_metrics WHERE began_at < @before::timestamptz;
