-- name: LockSigningKeys :exec
-- LockSigningKeys lets one replica at a time make signing keys, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('ukbot.auth_signing_keys'));

-- name: SigningKeys :many
-- SigningKeys is every key whose signatures still count, the newest first.
SELECT kid, public, private, signs_from, gone_at FROM auth_signing_keys
WHERE gone_at IS NULL OR gone_at > @now::timestamptz
ORDER BY signs_from DESC, kid;

-- name: AddSigningKey :exec
-- AddSigningKey adds a key pair, its private half sealed.
INSERT INTO auth_signing_keys (kid, public, private, signs_from, created_at) VALUES (@kid, @public, @private, @signs_from, @created_at);

-- name: RetireSigningKeys :exec
-- RetireSigningKeys says until when the keys before a new one are good.
UPDATE auth_signing_keys SET gone_at = @gone_at::timestamptz WHERE gone_at IS NULL AND kid <> @kid;

-- name: SweepSigningKeys :execrows
-- SweepSigningKeys removes keys that have verified nothing since a time.
DELETE FROM auth_signing_keys WHERE gone_at < @before::timestamptz;

-- name: AuthUserByTelegram :one
-- AuthUserByTelegram is the person of a tenant with a Telegram account.
SELECT * FROM users WHERE tenant_id = @tenant_id AND telegram_id = @telegram_id::bigint;

-- name: AuthUser :one
-- AuthUser is a person of a tenant.
SELECT * FROM users WHERE tenant_id = @tenant_id AND id = @id;

-- name: ShareAuthUser :one
-- ShareAuthUser is a person of a tenant who stays as they are until the transaction ends.
SELECT * FROM users WHERE tenant_id = @tenant_id AND id = @id FOR SHARE;

-- name: LockAuthUser :one
-- LockAuthUser is a person of a tenant whom the transaction will change.
SELECT * FROM users WHERE tenant_id = @tenant_id AND id = @id FOR NO KEY UPDATE;

-- name: SetActiveRole :one
-- SetActiveRole makes one of a person's roles the active one.
UPDATE users SET active_role = @active_role, version = version + 1, updated_at = @now
WHERE tenant_id = @tenant_id AND id = @id
RETURNING *;

-- name: AddSession :exec
-- AddSession begins a login.
INSERT INTO auth_sessions (tenant_id, id, user_id, client, created_at, last_used_at, expires_at)
VALUES (@tenant_id, @id, @user_id, @client, @created_at, @created_at, @expires_at);

-- name: AuthSession :one
-- AuthSession is a login of a tenant.
SELECT * FROM auth_sessions WHERE tenant_id = @tenant_id AND id = @id;

-- name: LockSession :one
-- LockSession is a login that the transaction will change.
SELECT * FROM auth_sessions WHERE tenant_id = @tenant_id AND id = @id FOR NO KEY UPDATE;

-- name: UseSession :exec
-- UseSession keeps a login alive: when its last access token was issued, and until when it lasts.
UPDATE auth_sessions SET last_used_at = @last_used_at, expires_at = @expires_at WHERE tenant_id = @tenant_id AND id = @id;

-- name: EndSession :one
-- EndSession ends a login, if it has not ended before.
UPDATE auth_sessions SET revoked_at = @now::timestamptz, reason = @reason::text
WHERE tenant_id = @tenant_id AND id = @id AND revoked_at IS NULL
RETURNING *;

-- name: EndSessions :many
-- EndSessions ends every login of a person.
UPDATE auth_sessions SET revoked_at = @now::timestamptz, reason = @reason::text
WHERE tenant_id = @tenant_id AND user_id = @user_id AND revoked_at IS NULL
RETURNING id, expires_at > @now::timestamptz AS alive;

-- name: Sessions :many
-- Sessions is a person's logins that last, the newest first.
SELECT * FROM auth_sessions
WHERE tenant_id = @tenant_id AND user_id = @user_id AND revoked_at IS NULL AND expires_at > @now
  AND (created_at, id) < (@before_at::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC LIMIT @n;

-- name: AddRefreshToken :exec
-- AddRefreshToken keeps the hash of a login's next refresh token.
INSERT INTO auth_refresh_tokens (tenant_id, hash, session_id, issued_at, expires_at)
VALUES (@tenant_id, @hash, @session_id, @issued_at, @expires_at);

-- name: RefreshToken :one
-- RefreshToken is a refresh token of a tenant and whose it is.
SELECT t.session_id, t.expires_at, t.used_at, s.user_id FROM auth_refresh_tokens t
JOIN auth_sessions s ON s.tenant_id = t.tenant_id AND s.id = t.session_id
WHERE t.tenant_id = @tenant_id AND t.hash = @hash;

-- name: UseRefreshToken :execrows
-- UseRefreshToken marks a token as used; no row if it was before.
UPDATE auth_refresh_tokens SET used_at = @now::timestamptz WHERE tenant_id = @tenant_id AND hash = @hash AND used_at IS NULL;

-- name: Revoke :one
-- Revoke makes access tokens of a session, a person or an API key count no more: those issued until now, and
-- those that a replica with a faster clock has issued already.
INSERT INTO auth_revocations (tenant_id, kind, id, at)
VALUES (@tenant_id, @kind, @id, GREATEST(@now::timestamptz, (
    SELECT max(s.last_used_at) FROM auth_sessions s
    WHERE s.tenant_id = @tenant_id AND ((@kind = 'session' AND s.id = @id) OR (@kind = 'user' AND s.user_id = @id)))))
ON CONFLICT (tenant_id, kind, id) DO UPDATE SET at = GREATEST(auth_revocations.at, excluded.at)
RETURNING at;

-- name: RevokedAt :one
-- RevokedAt is when access tokens of a person were last revoked; no row if they were not lately.
SELECT at FROM auth_revocations WHERE tenant_id = @tenant_id AND kind = 'user' AND id = @id;

-- name: RecentRevocations :many
-- RecentRevocations is what was revoked since a time, of all tenants.
SELECT tenant_id, kind, id, at FROM auth_revocations WHERE at > @since;

-- name: SweepRevocations :execrows
-- SweepRevocations forgets revocations that no token is old enough for, of all tenants.
DELETE FROM auth_revocations WHERE at < @before;

-- name: SweepSessions :execrows
-- SweepSessions removes logins that are over, with their tokens, of all tenants.
DELETE FROM auth_sessions WHERE ctid = ANY (ARRAY (SELECT s.ctid FROM auth_sessions s WHERE s.expires_at < @before LIMIT @n));

-- name: SweepRefreshTokens :execrows
-- SweepRefreshTokens removes tokens that have expired, of all tenants.
DELETE FROM auth_refresh_tokens WHERE ctid = ANY (ARRAY (SELECT t.ctid FROM auth_refresh_tokens t WHERE t.expires_at < @before LIMIT @n));

-- name: AddAPIKey :one
-- AddAPIKey keeps the hash of a new key; no row if a key of that name is in use.
INSERT INTO api_keys (tenant_id, id, name, hash, scopes, created_by, created_at, expires_at)
VALUES (@tenant_id, @id, @name, @hash, @scopes, @created_by, @created_at, @expires_at)
ON CONFLICT (tenant_id, name) WHERE revoked_at IS NULL DO NOTHING
RETURNING *;

-- name: APIKeyByHash :one
-- APIKeyByHash is a key by its hash. It knows no tenant: it says which.
SELECT tenant_id, id, name, scopes, expires_at, revoked_at FROM api_keys WHERE hash = @hash;

-- name: APIKeys :many
-- APIKeys is the keys of a tenant, the newest first.
SELECT * FROM api_keys
WHERE tenant_id = @tenant_id AND (created_at, id) < (@before_at::timestamptz, @before_id::uuid)
ORDER BY created_at DESC, id DESC LIMIT @n;

-- name: EndAPIKey :one
-- EndAPIKey revokes a key of a tenant; the time of an earlier revocation stays.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, @now::timestamptz) WHERE tenant_id = @tenant_id AND id = @id
RETURNING *;

-- name: TouchAPIKey :exec
-- TouchAPIKey notes the use of a key, unless one was noted after a time.
UPDATE api_keys SET last_used_at = @used_at::timestamptz
WHERE tenant_id = @tenant_id AND id = @id AND (last_used_at IS NULL OR last_used_at <= @noted_before::timestamptz);
