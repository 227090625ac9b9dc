-- name: RequestByID :one
-- RequestByID is one request.
SELECT * FROM requests WHERE tenant_id = @tenant_id AND id = @id;

-- name: RequestByNumber :one
-- RequestByNumber is one request by the number that people say.
SELECT * FROM requests WHERE tenant_id = @tenant_id AND number = @number;

-- name: LockRequest :one
-- LockRequest is one request, locked: its changes queue here, and so do its events.
SELECT * FROM requests WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: LockRequestByNumber :one
-- LockRequestByNumber is LockRequest by number.
SELECT * FROM requests WHERE tenant_id = @tenant_id AND number = @number FOR UPDATE;

-- name: LockHeldRequests :many
-- LockHeldRequests is what an executor has in hand, locked in the order of ids.
SELECT * FROM requests
WHERE tenant_id = @tenant_id AND executor_id = @executor_id::uuid AND status IN ('in_progress', 'purchase', 'clarification', 'returned')
ORDER BY id FOR UPDATE;

-- name: OpenRequests :many
-- OpenRequests is a page of the requests that are not closed, by the deadline of completion.
SELECT * FROM requests
WHERE tenant_id = @tenant_id AND status NOT IN ('accepted', 'cancelled') AND (completion_due, id) > (@after_due::timestamptz, @after_id::uuid)
ORDER BY completion_due, id LIMIT @max;

-- name: LockRequests :many
-- LockRequests is some requests, locked in the order of ids.
SELECT * FROM requests WHERE tenant_id = @tenant_id AND id = ANY (@ids::uuid[]) ORDER BY id FOR UPDATE;

-- name: NextRequestNumber :one
-- NextRequestNumber counts a tenant's day on. The row stays locked until commit: call it late.
INSERT INTO request_numbers AS n (tenant_id, day, last) VALUES (@tenant_id, @day, 1)
ON CONFLICT (tenant_id, day) DO UPDATE SET last = n.last + 1
RETURNING last;

-- name: InsertRequest :exec
-- InsertRequest stores a new request.
INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, apartment_id, address, applicant_id,
    created_by, status_since, reaction_seconds, completion_seconds, reaction_due, completion_due, version, created_at, updated_at)
VALUES (@tenant_id, @id, @number, @status, @category, @urgency, @description, @building_id, @apartment_id, @address, @applicant_id,
    @created_by, @status_since, @reaction_seconds, @completion_seconds, @reaction_due, @completion_due, @version, @created_at, @updated_at);

-- name: UpdateRequest :execrows
-- UpdateRequest stores what may change of a request; no row if it is not locked at the version before.
UPDATE requests SET status = @status, category = @category, urgency = @urgency, description = @description, executor_id = @executor_id,
    status_since = @status_since, reacted_at = @reacted_at, completed_at = @completed_at, closed_at = @closed_at,
    reaction_seconds = @reaction_seconds, completion_seconds = @completion_seconds,
    reaction_due = @reaction_due, completion_due = @completion_due, paused_at = @paused_at,
    reaction_warned_at = @reaction_warned_at, reaction_overdue_at = @reaction_overdue_at,
    completion_warned_at = @completion_warned_at, completion_overdue_at = @completion_overdue_at,
    stars = @stars, review = @review, version = @version, updated_at = @updated_at
WHERE tenant_id = @tenant_id AND id = @id AND version = @was::bigint;

-- name: InsertRequestHistory :exec
-- InsertRequestHistory stores one change.
INSERT INTO request_history (tenant_id, request_id, seq, at, actor_id, actor_role, action, from_status, to_status, executor_id, reason, changes, seconds)
VALUES (@tenant_id, @request_id, @seq, @at, @actor_id, @actor_role, @action, @from_status, @to_status, @executor_id, @reason, @changes, @seconds);

-- name: RequestAudience :one
-- RequestAudience is what an event tells besides the request: its executor's name, its apartment's number, and the managers on shift, at most 50.
SELECT coalesce((SELECT u.name FROM users u WHERE u.tenant_id = @tenant_id AND u.id = sqlc.narg(executor_id)::uuid), '')::text AS executor_name,
    coalesce((SELECT a.number FROM apartments a WHERE a.tenant_id = @tenant_id AND a.id = sqlc.narg(apartment_id)::uuid), '')::text AS apartment,
    ARRAY(SELECT s.user_id FROM shifts s WHERE s.tenant_id = @tenant_id AND s.status = 'open' AND s.role = 'manager' ORDER BY s.user_id LIMIT 50)::uuid[] AS managers;

-- name: RequestNames :many
-- RequestNames is what requests call by id: people, buildings, apartments.
SELECT u.id, u.name, coalesce(u.phone, '')::text AS phone FROM users u WHERE u.tenant_id = @tenant_id AND u.id = ANY (@users::uuid[])
UNION ALL
SELECT b.id, b.address, '' FROM buildings b WHERE b.tenant_id = @tenant_id AND b.id = ANY (@buildings::uuid[])
UNION ALL
SELECT a.id, a.number, '' FROM apartments a WHERE a.tenant_id = @tenant_id AND a.id = ANY (@apartments::uuid[]);

-- name: RequestPerson :one
-- RequestPerson is a person as far as requests ask: who may work on what.
SELECT name, status, roles, specialisations FROM users WHERE tenant_id = @tenant_id AND id = @id;

-- name: RequestPlace :one
-- RequestPlace is a building's address, and an apartment's number if it is in it.
SELECT b.address, a.number AS apartment FROM buildings b
LEFT JOIN apartments a ON a.tenant_id = b.tenant_id AND a.building_id = b.id AND a.id = sqlc.narg(apartment_id)::uuid
WHERE b.tenant_id = @tenant_id AND b.id = @building_id;

-- name: LivesAt :one
-- LivesAt says whether a person has an approved link to an apartment, or to any of the building if none is named.
SELECT EXISTS (
    SELECT 1 FROM user_apartments l JOIN apartments a ON a.tenant_id = l.tenant_id AND a.id = l.apartment_id
    WHERE l.tenant_id = @tenant_id AND l.user_id = @user_id AND l.status = 'approved' AND a.building_id = @building_id
        AND a.id = coalesce(sqlc.narg(apartment_id)::uuid, a.id));

-- name: UseRequestPhotos :many
-- UseRequestPhotos marks photos of a request as given with an action, each once.
UPDATE request_files SET used_for = @used_for::text
WHERE tenant_id = @tenant_id AND request_id = @request_id AND id = ANY (@ids::uuid[]) AND photo AND used_for IS NULL
RETURNING id;

-- name: InsertRequestComment :exec
-- InsertRequestComment stores a comment.
INSERT INTO request_comments (tenant_id, id, request_id, author_id, author_role, visibility, body, created_at)
VALUES (@tenant_id, @id, @request_id, @author_id, @author_role, @visibility, @body, @created_at);

-- name: RequestComments :many
-- RequestComments is a page of comments, oldest first; internal ones only for staff.
SELECT id, author_id, author_role, visibility, body, created_at FROM request_comments
WHERE tenant_id = @tenant_id AND request_id = @request_id AND (created_at, id) > (@after_at::timestamptz, @after_id::uuid)
    AND (visibility = 'public' OR @inside::boolean)
ORDER BY created_at, id LIMIT @max;

-- name: RequestHistoryPage :many
-- RequestHistoryPage is a page of changes, oldest first; internal comments and clocks only for staff.
SELECT * FROM request_history
WHERE tenant_id = @tenant_id AND request_id = @request_id AND seq > @after AND (@inside::boolean OR action NOT IN ('note', 'sla'))
ORDER BY seq LIMIT @max;
