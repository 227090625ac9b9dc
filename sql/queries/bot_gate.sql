-- name: MeetPerson :exec
-- MeetPerson notes whom the bot of a tenant may write to, as they logged in; who writes can be reached.
INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, roles, language)
VALUES (@tenant_id, @person_id, @chat_id, @name, @role, @roles, @language)
ON CONFLICT (tenant_id, person_id) DO UPDATE SET chat_id = excluded.chat_id, name = excluded.name, role = excluded.role, roles = excluded.roles,
    language = excluded.language, unreachable_at = NULL;

-- name: MarkReachable :exec
-- MarkReachable notes that a chat of a tenant has the bot again.
UPDATE bot_people SET unreachable_at = NULL WHERE tenant_id = @tenant_id AND chat_id = @chat_id AND unreachable_at IS NOT NULL;

-- name: MarkSubscriptionsReachable :exec
-- MarkSubscriptionsReachable notes that a chat of a tenant, a group perhaps, took the bot in again.
UPDATE bot_subscriptions SET unreachable_at = NULL WHERE tenant_id = @tenant_id AND chat_id = @chat_id AND unreachable_at IS NOT NULL;
