-- name: BotCommands :many
-- BotCommands is what a tenant changed about its bot's commands.
SELECT command, enabled, roles, descriptions FROM bot_commands WHERE tenant_id = @tenant_id ORDER BY command;

-- name: SetBotCommand :exec
-- SetBotCommand changes a command of a tenant's bot; roles NULL leaves them as the bot has them.
INSERT INTO bot_commands (tenant_id, command, enabled, roles, descriptions)
VALUES (@tenant_id, @command, @enabled, sqlc.narg(roles)::text[], @descriptions)
ON CONFLICT (tenant_id, command) DO UPDATE SET enabled = excluded.enabled, roles = excluded.roles, descriptions = excluded.descriptions;

-- name: ResetBotCommand :execrows
-- ResetBotCommand leaves a command of a tenant's bot as the bot has it.
DELETE FROM bot_commands WHERE tenant_id = @tenant_id AND command = @command;
