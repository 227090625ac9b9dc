-- name: Audience :many
-- Audience is who of a tenant can be told: the named persons, and everybody of the roles who is not blocked.
SELECT person_id, chat_id, name, role, roles, language, blocked, muted, quiet_from, quiet_to FROM bot_people
WHERE tenant_id = @tenant_id AND unreachable_at IS NULL
  AND (person_id = ANY (@person_ids::text[])
       OR NOT blocked AND (role = ANY (@roles::text[]) OR roles && @roles::text[]))
ORDER BY person_id;

-- name: FollowPeople :exec
-- FollowPeople brings what is known of a tenant's people up to what the housing services say of them.
INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, language, roles, blocked)
SELECT u.tenant_id, u.id::text, u.telegram_id, u.name, u.active_role, u.language,
       CASE u.status WHEN 'approved' THEN u.roles ELSE '{}' END, u.status = 'blocked'
FROM users u
WHERE u.tenant_id = @tenant_id AND u.id = ANY (@ids::uuid[]) AND u.telegram_id IS NOT NULL
ON CONFLICT (tenant_id, person_id) DO UPDATE
SET chat_id = excluded.chat_id, name = excluded.name, role = excluded.role, language = excluded.language,
    roles = excluded.roles, blocked = excluded.blocked,
    unreachable_at = CASE WHEN bot_people.chat_id = excluded.chat_id THEN bot_people.unreachable_at END;

-- name: ForgetPeople :exec
-- ForgetPeople forgets people of a tenant who have no Telegram any more.
DELETE FROM bot_people p USING users u
WHERE p.tenant_id = @tenant_id AND u.tenant_id = @tenant_id AND u.id = ANY (@ids::uuid[]) AND u.telegram_id IS NULL AND p.person_id = u.id::text;

-- name: CompanyZone :one
-- CompanyZone is the time zone that a tenant lives by.
SELECT time_zone FROM companies WHERE tenant_id = @tenant_id;
