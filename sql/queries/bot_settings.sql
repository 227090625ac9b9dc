-- name: NoticeSettings :one
-- NoticeSettings is what a person of a tenant wants to be told, and when not.
SELECT muted, quiet_from, quiet_to FROM bot_people WHERE tenant_id = @tenant_id AND person_id = @person_id;

-- name: KnowPerson :exec
-- KnowPerson adds a person of a tenant who is not there yet, so that settings have a row.
INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, language, roles)
VALUES (@tenant_id, @person_id, @chat_id, @name, @role, @language, @roles)
ON CONFLICT (tenant_id, person_id) DO NOTHING;

-- name: MuteNotices :exec
-- MuteNotices stops one kind of notices for a person of a tenant; again is harmless.
UPDATE bot_people SET muted = array_append(array_remove(muted, @kind::text), @kind::text)
WHERE tenant_id = @tenant_id AND person_id = @person_id;

-- name: UnmuteNotices :exec
-- UnmuteNotices lets one kind of notices through to a person of a tenant; again is harmless.
UPDATE bot_people SET muted = array_remove(muted, @kind::text)
WHERE tenant_id = @tenant_id AND person_id = @person_id;

-- name: SetQuietHours :exec
-- SetQuietHours sets between which minutes of the day a person of a tenant hears only what is urgent; NULLs end it.
UPDATE bot_people SET quiet_from = sqlc.narg(quiet_from), quiet_to = sqlc.narg(quiet_to)
WHERE tenant_id = @tenant_id AND person_id = @person_id;
