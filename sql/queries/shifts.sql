-- name: OnShift :one
-- OnShift says whether a person has an open shift now.
SELECT EXISTS (SELECT 1 FROM shifts WHERE tenant_id = @tenant_id AND user_id = @user_id::uuid AND status = 'open');
