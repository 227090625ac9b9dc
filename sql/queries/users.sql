-- name: UserByID :one
-- UserByID is a person of a tenant.
SELECT * FROM users WHERE tenant_id = @tenant_id AND id = @id;

-- name: LockUser :one
-- LockUser is a person whom the transaction will change. Rows that refer to the
-- person may still be written meanwhile.
SELECT * FROM users WHERE tenant_id = @tenant_id AND id = @id FOR NO KEY UPDATE;

-- name: LockUserByTelegram :one
-- LockUserByTelegram is LockUser by the Telegram account.
SELECT * FROM users WHERE tenant_id = @tenant_id AND telegram_id = @telegram_id::bigint FOR NO KEY UPDATE;

-- name: LockUsersWithoutTelegram :many
-- LockUsersWithoutTelegram is those who were entered by this phone; two at most,
-- for with two it is not clear who it is.
SELECT * FROM users WHERE tenant_id = @tenant_id AND phone = @phone::text AND telegram_id IS NULL
ORDER BY id LIMIT 2 FOR NO KEY UPDATE;

-- name: LockPhone :exec
-- LockPhone makes whoever enters people with one phone wait for one another, until commit.
SELECT pg_advisory_xact_lock(hashtextextended('phone/' || @tenant_id::text || '/' || @phone::text, 0));

-- name: UserByPhone :one
-- UserByPhone is the first who has a phone.
SELECT id, name FROM users WHERE tenant_id = @tenant_id AND phone = @phone::text ORDER BY created_at, id LIMIT 1;

-- name: LockAdmins :many
-- LockAdmins is the administrators who may act; until commit nobody makes them fewer.
SELECT id FROM users
WHERE tenant_id = @tenant_id AND status = 'approved' AND roles && ARRAY['executor', 'manager', 'admin'] AND 'admin' = ANY (roles)
ORDER BY id FOR NO KEY UPDATE;

-- name: UserNames :many
-- UserNames is what people are called.
SELECT id, name FROM users WHERE tenant_id = @tenant_id AND id = ANY (@ids::uuid[]);

-- name: AddUser :execrows
-- AddUser enters a person; none if the Telegram account is somebody's already.
INSERT INTO users (tenant_id, id, telegram_id, name, phone, language, status, roles, active_role, specialisations,
                   decided_by, decided_at, search, created_at, updated_at)
VALUES (@tenant_id, @id, @telegram_id, @name, @phone, @language, @status, @roles, @active_role, @specialisations,
        @decided_by, @decided_at, @search, @now, @now)
ON CONFLICT (tenant_id, telegram_id) DO NOTHING;

-- name: SaveUser :one
-- SaveUser writes what may change of a locked person, as the next version.
UPDATE users SET telegram_id = @telegram_id, name = @name, phone = @phone, language = @language, status = @status,
    roles = @roles, active_role = @active_role, specialisations = @specialisations, status_reason = @status_reason,
    decided_by = @decided_by, decided_at = @decided_at, search = @search, version = version + 1, updated_at = @now
WHERE tenant_id = @tenant_id AND id = @id
RETURNING *;

-- name: Users :many
-- Users is a page of people, newest first. This and the next five are one for
-- each way into the table, so that a prepared plan for unknown arguments takes
-- that way's index; their other filters are the same.
SELECT * FROM users u
WHERE u.tenant_id = @tenant_id
  AND (@role::text = '' OR @role = ANY (u.roles)) AND (@status::text = '' OR u.status = @status)
  AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
  AND (u.created_at, u.id) < (@before::timestamptz, @before_id::uuid)
ORDER BY u.created_at DESC, u.id DESC LIMIT @page_size;

-- name: UsersNotApproved :many
-- UsersNotApproved is a page of those who wait or are blocked: few among all.
SELECT * FROM users u
WHERE u.tenant_id = @tenant_id AND u.status <> 'approved'
  AND (@role::text = '' OR @role = ANY (u.roles)) AND (@status::text = '' OR u.status = @status)
  AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
  AND (u.created_at, u.id) < (@before::timestamptz, @before_id::uuid)
ORDER BY u.created_at DESC, u.id DESC LIMIT @page_size;

-- name: Staff :many
-- Staff is a page of those who are more than residents: few among all.
SELECT * FROM users u
WHERE u.tenant_id = @tenant_id AND u.roles && ARRAY['executor', 'manager', 'admin']
  AND (@role::text = '' OR @role = ANY (u.roles)) AND (@status::text = '' OR u.status = @status)
  AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
  AND (u.created_at, u.id) < (@before::timestamptz, @before_id::uuid)
ORDER BY u.created_at DESC, u.id DESC LIMIT @page_size;

-- name: UsersAmong :many
-- UsersAmong is a page of the people with these ids.
SELECT * FROM users u
WHERE u.tenant_id = @tenant_id AND u.id = ANY (@among::uuid[])
  AND (@role::text = '' OR @role = ANY (u.roles)) AND (@status::text = '' OR u.status = @status)
  AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
  AND (u.created_at, u.id) < (@before::timestamptz, @before_id::uuid)
ORDER BY u.created_at DESC, u.id DESC LIMIT @page_size;

-- name: BeginSearch :exec
-- BeginSearch makes searches of the transaction take words of which half the
-- trigrams are there, and plan for the words asked: rare ones go through the
-- index, frequent ones are met soon by reading the newest people.
SELECT set_config('pg_trgm.word_similarity_threshold', '0.5', true), set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: UsersWithWords :many
-- UsersWithWords is a page of people whose searchable form, with a space before
-- its first word, matches all patterns, newest first: two that choose the way
-- into the index, and any number more. All people, or those among ids.
SELECT * FROM users u
WHERE u.tenant_id = @tenant_id AND (' ' || u.search) LIKE @pattern::text AND (' ' || u.search) LIKE @other_pattern::text
  AND (' ' || u.search) LIKE ALL (@more::text[])
  AND (sqlc.narg(among)::uuid[] IS NULL OR u.id = ANY (sqlc.narg(among)::uuid[]))
  AND (@role::text = '' OR @role = ANY (u.roles)) AND (@status::text = '' OR u.status = @status)
  AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
  AND (u.created_at, u.id) < (@before::timestamptz, @before_id::uuid)
ORDER BY u.created_at DESC, u.id DESC LIMIT @page_size;

-- name: UsersAlike :many
-- UsersAlike is a page of people by how well a searchable form is found in
-- theirs, the best first; all people, or those among ids. To compare takes ten
-- microseconds each, so of what the index offers only a thousand are compared.
WITH alike AS (
    SELECT u.id, word_similarity(@form::text, ' ' || u.search)::real AS score FROM users u
    WHERE u.tenant_id = @tenant_id AND (' ' || u.search) %> @form::text
      AND (sqlc.narg(among)::uuid[] IS NULL OR u.id = ANY (sqlc.narg(among)::uuid[]))
      AND (@role::text = '' OR @role = ANY (u.roles)) AND (@status::text = '' OR u.status = @status)
      AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
    LIMIT 1000
), page AS (
    SELECT a.id, a.score FROM alike a WHERE (a.score, a.id) < (@below::real, @before_id::uuid)
    ORDER BY a.score DESC, a.id DESC LIMIT @page_size
)
SELECT sqlc.embed(w), p.score FROM page p JOIN users w ON w.tenant_id = @tenant_id AND w.id = p.id
ORDER BY p.score DESC, p.id DESC;

-- name: ResidentsOfApartment :many
-- ResidentsOfApartment is who lives in an apartment.
SELECT user_id FROM user_apartments WHERE tenant_id = @tenant_id AND apartment_id = @apartment_id AND status = 'approved';

-- name: ResidentsOfBuilding :many
-- ResidentsOfBuilding is who lives in a building.
SELECT DISTINCT l.user_id FROM apartments a
JOIN user_apartments l ON l.tenant_id = a.tenant_id AND l.apartment_id = a.id
WHERE a.tenant_id = @tenant_id AND a.building_id = @building_id AND l.status = 'approved';

-- name: Executors :many
-- Executors is a page of those who can do the work, by how many requests they
-- have in work or by name. Stars are read for the page alone, of the last 100 requests each.
WITH able AS MATERIALIZED (
    SELECT u.tenant_id, u.id, u.name, u.phone, u.specialisations,
        EXISTS (SELECT 1 FROM shifts s WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id AND s.status = 'open') AS on_shift,
        (SELECT count(*) FROM requests r WHERE r.tenant_id = u.tenant_id AND r.executor_id = u.id
             AND r.status IN ('in_progress', 'purchase', 'clarification', 'returned')) AS open_requests
    FROM users u
    WHERE u.tenant_id = @tenant_id AND u.roles && ARRAY['executor', 'manager', 'admin'] AND 'executor' = ANY (u.roles)
      AND u.status = 'approved' AND (@specialisation::text = '' OR @specialisation = ANY (u.specialisations))
), page AS (
    SELECT *, CASE WHEN @by_load::boolean THEN open_requests ELSE 0 END AS load FROM able
    WHERE (sqlc.narg(on_shift)::boolean IS NULL OR on_shift = sqlc.narg(on_shift)::boolean)
      AND (CASE WHEN @by_load::boolean THEN open_requests ELSE 0 END, name, id) > (@after_load::bigint, @after_name::text, @after_id::uuid)
    ORDER BY load, name, id LIMIT @page_size
)
SELECT p.id, p.name, p.phone, p.specialisations, p.on_shift, p.open_requests, p.load::bigint AS load, coalesce(m.rating, 0)::float8 AS rating
FROM page p CROSS JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY l.stars) AS rating
    FROM (SELECT q.stars FROM requests q WHERE q.tenant_id = p.tenant_id AND q.executor_id = p.id
          ORDER BY q.created_at DESC, q.id DESC LIMIT 100) l
) m
ORDER BY p.load, p.name, p.id;

-- name: ShareApartmentPlace :one
-- ShareApartmentPlace is an apartment and where it lies; it stays until commit.
SELECT a.id, a.building_id, a.number, b.address FROM apartments a
JOIN buildings b ON b.tenant_id = a.tenant_id AND b.id = a.building_id
WHERE a.tenant_id = @tenant_id AND a.id = @id FOR KEY SHARE OF a;

-- name: LockLink :one
-- LockLink is a person's link to an apartment; lock the person before.
SELECT * FROM user_apartments
WHERE tenant_id = @tenant_id AND user_id = @user_id AND apartment_id = @apartment_id FOR UPDATE;

-- name: SaveLink :exec
-- SaveLink writes a link as it is now.
INSERT INTO user_apartments (tenant_id, user_id, apartment_id, relation, status, asked_at, decided_by, decided_at, reason)
VALUES (@tenant_id, @user_id, @apartment_id, @relation, @status, @asked_at, @decided_by, @decided_at, @reason)
ON CONFLICT (tenant_id, user_id, apartment_id) DO UPDATE SET relation = excluded.relation, status = excluded.status,
    asked_at = excluded.asked_at, decided_by = excluded.decided_by, decided_at = excluded.decided_at, reason = excluded.reason;

-- name: DeleteLink :execrows
-- DeleteLink removes a link.
DELETE FROM user_apartments WHERE tenant_id = @tenant_id AND user_id = @user_id AND apartment_id = @apartment_id;

-- name: CountPendingLinks :one
-- CountPendingLinks is how many links of a person wait.
SELECT count(*) FROM user_apartments WHERE tenant_id = @tenant_id AND user_id = @user_id AND status = 'pending';

-- name: LinksOfUser :many
-- LinksOfUser is where a person lives, has asked to be linked to, or was refused.
SELECT sqlc.embed(l), u.name, a.building_id, a.number, b.address FROM user_apartments l
JOIN users u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
JOIN apartments a ON a.tenant_id = l.tenant_id AND a.id = l.apartment_id
JOIN buildings b ON b.tenant_id = l.tenant_id AND b.id = a.building_id
WHERE l.tenant_id = @tenant_id AND l.user_id = @user_id
ORDER BY l.asked_at DESC, l.apartment_id LIMIT 500;

-- name: LinkDetails :one
-- LinkDetails is one link with its names.
SELECT sqlc.embed(l), u.name, a.building_id, a.number, b.address FROM user_apartments l
JOIN users u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
JOIN apartments a ON a.tenant_id = l.tenant_id AND a.id = l.apartment_id
JOIN buildings b ON b.tenant_id = l.tenant_id AND b.id = a.building_id
WHERE l.tenant_id = @tenant_id AND l.user_id = @user_id AND l.apartment_id = @apartment_id;

-- name: LinksByStatus :many
-- LinksByStatus is a page of links, those who asked first come first.
SELECT sqlc.embed(l), u.name, a.building_id, a.number, b.address FROM user_apartments l
JOIN users u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
JOIN apartments a ON a.tenant_id = l.tenant_id AND a.id = l.apartment_id
JOIN buildings b ON b.tenant_id = l.tenant_id AND b.id = a.building_id
WHERE l.tenant_id = @tenant_id AND l.status = @status
  AND (l.asked_at, l.user_id, l.apartment_id) > (@after::timestamptz, @after_user::uuid, @after_apartment::uuid)
ORDER BY l.asked_at, l.user_id, l.apartment_id LIMIT @page_size;

-- name: AddInvitation :one
-- AddInvitation keeps an invitation; of its token only the hash.
INSERT INTO invitations (tenant_id, id, hash, role, apartment_id, relation, specialisations, created_by, created_at, expires_at)
VALUES (@tenant_id, @id, @hash, @role, @apartment_id, @relation, @specialisations, @created_by, @created_at, @expires_at)
RETURNING *;

-- name: LockInvitationByHash :one
-- LockInvitationByHash is the invitation of a token; of several who come with it one is first.
SELECT * FROM invitations WHERE tenant_id = @tenant_id AND hash = @hash FOR UPDATE;

-- name: LockInvitation :one
-- LockInvitation is an invitation that the transaction will change.
SELECT * FROM invitations WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: UseUpInvitation :exec
-- UseUpInvitation notes who came with a locked invitation.
UPDATE invitations SET used_at = @now::timestamptz, used_by = @used_by::uuid WHERE tenant_id = @tenant_id AND id = @id;

-- name: WithdrawInvitation :exec
-- WithdrawInvitation makes a locked invitation void.
UPDATE invitations SET revoked_at = @now::timestamptz WHERE tenant_id = @tenant_id AND id = @id;

-- name: Invitations :many
-- Invitations is a page of invitations, newest first.
SELECT * FROM invitations
WHERE tenant_id = @tenant_id AND (created_at, id) < (@before::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC LIMIT @page_size;
