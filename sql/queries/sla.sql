-- name: LockClockedRequest :one
-- LockClockedRequest is a request for its clocks, locked until they are set.
SELECT * FROM requests WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;
