-- name: SetHook :one
-- SetHook creates or replaces a tenant's webhook configuration; its id stays.
INSERT INTO webhook_configs (tenant_id, source, id, config) VALUES (@tenant_id, @source, @id, @config)
ON CONFLICT (tenant_id, source) DO UPDATE SET config = excluded.config, updated_at = now()
RETURNING *;

-- name: Hook :one
-- Hook is one webhook configuration of a tenant.
SELECT * FROM webhook_configs WHERE tenant_id = @tenant_id AND source = @source;

-- name: Hooks :many
-- Hooks is every webhook configuration of a tenant.
SELECT * FROM webhook_configs WHERE tenant_id = @tenant_id ORDER BY source;

-- name: AllHooks :many
-- AllHooks is every webhook configuration of all tenants, for the copy in NATS.
SELECT * FROM webhook_configs ORDER BY tenant_id, source;

-- name: RemoveHook :execrows
-- RemoveHook deletes a webhook configuration of a tenant.
DELETE FROM webhook_configs WHERE tenant_id = @tenant_id AND source = @source;
