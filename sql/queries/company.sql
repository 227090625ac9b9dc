-- name: Company :one
-- Company is a tenant and how it wants to work.
SELECT * FROM companies WHERE tenant_id = @tenant_id;

-- name: AddCompany :execrows
-- AddCompany makes a tenant if there is none of that name.
INSERT INTO companies (tenant_id, name, time_zone, language, settings) VALUES (@tenant_id, @name, @time_zone, @language, @settings)
ON CONFLICT (tenant_id) DO NOTHING;

-- name: UpdateCompany :one
-- UpdateCompany changes a tenant; no row if the version is another.
UPDATE companies SET name = @name, time_zone = @time_zone, language = @language, settings = @settings, version = version + 1, updated_at = @now
WHERE tenant_id = @tenant_id AND version = @version
RETURNING *;
