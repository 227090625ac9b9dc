-- name: SetBot :exec
-- SetBot gives a tenant its bot, instead of the one it had.
INSERT INTO bots (tenant_id, bot_id, username, config) VALUES (@tenant_id, @bot_id, @username, @config)
ON CONFLICT (tenant_id) DO UPDATE SET bot_id = excluded.bot_id, username = excluded.username, config = excluded.config, updated_at = now();

-- name: FindBot :one
-- FindBot is a tenant's bot.
SELECT * FROM bots WHERE tenant_id = @tenant_id;

-- name: AllBots :many
-- AllBots is every tenant's bot, for the copy in NATS.
SELECT * FROM bots ORDER BY tenant_id;

-- name: RemoveBot :execrows
-- RemoveBot takes a tenant's bot away.
DELETE FROM bots WHERE tenant_id = @tenant_id;
