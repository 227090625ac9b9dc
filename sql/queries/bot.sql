-- name: SetPerson :exec
-- SetPerson adds a person of a tenant or changes one; who was unreachable is tried again.
INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, language) VALUES (@tenant_id, @person_id, @chat_id, @name, @role, @language)
ON CONFLICT (tenant_id, person_id) DO UPDATE SET chat_id = excluded.chat_id, name = excluded.name, role = excluded.role, language = excluded.language,
    unreachable_at = NULL;

-- name: RemovePerson :execrows
-- RemovePerson forgets a person of a tenant.
DELETE FROM bot_people WHERE tenant_id = @tenant_id AND person_id = @person_id;

-- name: AllSubscriptions :many
-- AllSubscriptions is every subscription of a tenant, reachable or not.
SELECT * FROM bot_subscriptions WHERE tenant_id = @tenant_id ORDER BY chat_id, pattern;

-- name: People :many
-- People is everybody of a tenant.
SELECT * FROM bot_people WHERE tenant_id = @tenant_id ORDER BY person_id;

-- name: Subscribe :exec
-- Subscribe lets a chat of a tenant have the events of a pattern.
INSERT INTO bot_subscriptions (tenant_id, chat_id, pattern, language) VALUES (@tenant_id, @chat_id, @pattern, @language)
ON CONFLICT (tenant_id, chat_id, pattern) DO UPDATE SET language = excluded.language, unreachable_at = NULL;

-- name: Unsubscribe :execrows
-- Unsubscribe takes a pattern from a chat of a tenant.
DELETE FROM bot_subscriptions WHERE tenant_id = @tenant_id AND chat_id = @chat_id AND pattern = @pattern;

-- name: Subscriptions :many
-- Subscriptions is every subscription of a tenant whose chat is not known to be unreachable.
SELECT s.chat_id, s.pattern, s.language FROM bot_subscriptions s
WHERE s.tenant_id = @tenant_id AND s.unreachable_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM bot_people p WHERE p.tenant_id = s.tenant_id AND p.chat_id = s.chat_id AND p.unreachable_at IS NOT NULL)
ORDER BY s.chat_id, s.pattern;

-- name: MarkUnreachable :exec
-- MarkUnreachable notes that a chat of a tenant blocked the bot.
UPDATE bot_people SET unreachable_at = now() WHERE tenant_id = @tenant_id AND chat_id = @chat_id AND unreachable_at IS NULL;

-- name: MarkSubscriptionsUnreachable :exec
-- MarkSubscriptionsUnreachable notes that a chat of a tenant, a group perhaps, put the bot out.
UPDATE bot_subscriptions SET unreachable_at = now() WHERE tenant_id = @tenant_id AND chat_id = @chat_id AND unreachable_at IS NULL;

-- name: MigrateChat :exec
-- MigrateChat follows a tenant's group to its new id.
UPDATE bot_people SET chat_id = @new_chat_id WHERE tenant_id = @tenant_id AND chat_id = @chat_id;

-- name: MigrateSubscriptions :exec
-- MigrateSubscriptions follows a tenant's group to its new id.
UPDATE bot_subscriptions SET chat_id = @new_chat_id WHERE tenant_id = @tenant_id AND chat_id = @chat_id;

-- name: InsertNotices :exec
-- InsertNotices records who is to be told; again is harmless.
INSERT INTO bot_notices (tenant_id, id, correlation, event_id, chat_id, template, language)
SELECT n.tenant_id, n.id, n.correlation, n.event_id, n.chat_id, n.template, n.language
FROM (SELECT unnest(@tenant_ids::text[]) AS tenant_id,
             unnest(@ids::uuid[]) AS id,
             unnest(@correlations::uuid[]) AS correlation,
             unnest(@event_ids::uuid[]) AS event_id,
             unnest(@chat_ids::bigint[]) AS chat_id,
             unnest(@templates::text[]) AS template,
             unnest(@languages::text[]) AS language) n
ON CONFLICT DO NOTHING;

-- name: Notices :many
-- Notices is who was to be told about a webhook of a tenant.
SELECT * FROM bot_notices WHERE tenant_id = @tenant_id AND correlation = @correlation ORDER BY created_at, chat_id;

-- name: PruneNotices :execrows
-- PruneNotices removes notices past retention, of all tenants.
DELETE FROM bot_notices WHERE created_at < @before::timestamptz;
