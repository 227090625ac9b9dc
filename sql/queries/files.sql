-- name: RequestFiles :many
-- RequestFiles is a request's photos and documents, oldest first; there are ten at most.
SELECT * FROM request_files WHERE tenant_id = @tenant_id AND request_id = @request_id ORDER BY created_at, id;

-- name: RequestFile :one
-- RequestFile is one of them.
SELECT * FROM request_files WHERE tenant_id = @tenant_id AND request_id = @request_id AND id = @id;

-- name: CountRequestFiles :one
-- CountRequestFiles says how many a request has; sure only while the request is locked.
SELECT count(*) FROM request_files WHERE tenant_id = @tenant_id AND request_id = @request_id;

-- name: InsertRequestFile :exec
-- InsertRequestFile stores what there is to know about bytes that lie in the object store already.
INSERT INTO request_files (tenant_id, id, request_id, name, media_type, bytes, sha256, photo, uploaded_by, created_at)
VALUES (@tenant_id, @id, @request_id, @name, @media_type, @bytes, @sha256, @photo, @uploaded_by, @created_at);

-- name: DeleteRequestFile :execrows
-- DeleteRequestFile forgets a file, unless it was given with an action.
DELETE FROM request_files WHERE tenant_id = @tenant_id AND request_id = @request_id AND id = @id AND used_for IS NULL;

-- name: KnownFiles :many
-- KnownFiles is which of these ids have a row: the objects of the others are swept.
SELECT id FROM request_files WHERE tenant_id = @tenant_id AND id = ANY (@ids::uuid[]);
