-- name: Companies :many
-- Companies is every tenant of the installation, for whoever operates it.
SELECT * FROM companies ORDER BY tenant_id;

-- name: FirstActingAs :one
-- FirstActingAs is the tenant's longest known approved person whose active role this is.
SELECT * FROM users WHERE tenant_id = @tenant_id AND status = 'approved' AND active_role = @role ORDER BY created_at, id LIMIT 1;

-- name: Person :one
-- Person is one person of a tenant.
SELECT * FROM users WHERE tenant_id = @tenant_id AND id = @id;
