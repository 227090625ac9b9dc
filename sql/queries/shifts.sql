-- name: OnShift :one
-- OnShift says whether a person has an open shift now.
SELECT EXISTS (SELECT 1 FROM shifts WHERE tenant_id = @tenant_id AND user_id = @user_id::uuid AND status = 'open');

-- name: LockShiftPerson :exec
-- LockShiftPerson makes whoever changes the time of one person wait for one
-- another, until commit. Lock the shift before, several persons by their ids.
SELECT pg_advisory_xact_lock_shared(hashtextextended('shifts/' || @tenant_id::text, 0)),
       pg_advisory_xact_lock(hashtextextended('shifts/' || @tenant_id::text || '/' || @user_id::text, 0));

-- name: LockShiftPeople :exec
-- LockShiftPeople is LockShiftPerson for all people of a tenant at once.
SELECT pg_advisory_xact_lock(hashtextextended('shifts/' || @tenant_id::text, 0));

-- name: Shift :one
-- Shift is one shift and the name of its person.
SELECT sqlc.embed(s), u.name AS person FROM shifts s
LEFT JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
WHERE s.tenant_id = @tenant_id AND s.id = @id;

-- name: LockShift :one
-- LockShift is one shift, nobody else's to change until commit.
SELECT * FROM shifts WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: ListShifts :many
-- ListShifts is a page of shifts by start, after a shift: all, those of a person, or free ones.
SELECT sqlc.embed(s), u.name AS person FROM shifts s
LEFT JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
WHERE s.tenant_id = @tenant_id
  AND (s.starts_at, s.id) > (@after_start::timestamptz, @after_id::uuid)
  AND (sqlc.narg('ends_after')::timestamptz IS NULL OR s.ends_at > sqlc.narg('ends_after'))
  AND (sqlc.narg('starts_before')::timestamptz IS NULL OR s.starts_at < sqlc.narg('starts_before'))
  AND (sqlc.narg('person')::uuid IS NULL OR s.user_id = sqlc.narg('person'))
  AND (sqlc.narg('role')::text IS NULL OR s.role = sqlc.narg('role'))
  AND (sqlc.narg('status')::text IS NULL OR s.status = sqlc.narg('status'))
  AND (NOT @free::boolean OR s.user_id IS NULL)
ORDER BY s.starts_at, s.id
LIMIT @items;

-- name: OverlappingShift :one
-- OverlappingShift is a shift that a person has at some moment of a time; one is left out.
SELECT * FROM shifts
WHERE tenant_id = @tenant_id AND user_id = @user_id::uuid AND status <> 'cancelled' AND id <> @but
  AND tstzrange(starts_at, ends_at) && tstzrange(@starts_at::timestamptz, @ends_at::timestamptz)
ORDER BY starts_at LIMIT 1;

-- name: OpenShift :one
-- OpenShift is the open shift of a person.
SELECT * FROM shifts WHERE tenant_id = @tenant_id AND user_id = @user_id::uuid AND status = 'open';

-- name: LockForgottenShift :one
-- LockForgottenShift is an open shift that ended before a time, of one person or anybody, locked; none that is being changed.
SELECT * FROM shifts
WHERE tenant_id = @tenant_id AND status = 'open' AND ends_at <= @before
  AND (sqlc.narg('person')::uuid IS NULL OR user_id = sqlc.narg('person'))
ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: LockShiftsLeft :many
-- LockShiftsLeft is what a person who loses roles leaves, locked by ids: shifts
-- that are open or to come, and others' shifts that are offered to them.
SELECT * FROM shifts s
WHERE s.tenant_id = @tenant_id AND s.role = ANY (@roles::text[]) AND s.status IN ('planned', 'open')
  AND (s.user_id = @user_id::uuid AND (s.status = 'open' OR s.ends_at > @now)
    OR s.id IN (SELECT h.shift_id FROM shift_handovers h WHERE h.tenant_id = @tenant_id AND h.to_id = @user_id::uuid AND h.status = 'offered'))
ORDER BY s.id FOR UPDATE;

-- name: CountShiftsLeft :one
-- CountShiftsLeft counts what LockShiftsLeft locks.
SELECT count(*) FROM shifts s
WHERE s.tenant_id = @tenant_id AND s.role = ANY (@roles::text[]) AND s.status IN ('planned', 'open')
  AND (s.user_id = @user_id::uuid AND (s.status = 'open' OR s.ends_at > @now)
    OR s.id IN (SELECT h.shift_id FROM shift_handovers h WHERE h.tenant_id = @tenant_id AND h.to_id = @user_id::uuid AND h.status = 'offered'));

-- name: ManagersOnShift :many
-- ManagersOnShift is the managers who have an open shift, at most 50.
SELECT user_id::uuid FROM shifts WHERE tenant_id = @tenant_id AND status = 'open' AND role = 'manager' ORDER BY user_id LIMIT 50;

-- name: InsertShift :exec
-- InsertShift stores a new shift.
INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, note, opened_at, created_at, updated_at)
VALUES (@tenant_id, @id, @user_id, @role, @starts_at, @ends_at, @status, @note, @opened_at, @now, @now);

-- name: InsertPatternShifts :copyfrom
-- InsertPatternShifts stores shifts made from usual weeks.
INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, pattern_user_id, pattern_starts_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: UpdateShift :one
-- UpdateShift writes a locked shift back, one version on.
UPDATE shifts SET user_id = @user_id, role = @role, starts_at = @starts_at, ends_at = @ends_at, status = @status, note = @note,
    reason = @reason, opened_at = @opened_at, closed_at = @closed_at, version = version + 1, updated_at = @now
WHERE tenant_id = @tenant_id AND id = @id
RETURNING *;

-- name: ShiftPerson :one
-- ShiftPerson is what shifts ask about a person.
SELECT id, name, status, roles FROM users WHERE tenant_id = @tenant_id AND id = @id;

-- name: ShiftOpenRequests :one
-- ShiftOpenRequests counts what a person still has to finish.
SELECT count(*) FROM requests
WHERE tenant_id = @tenant_id AND executor_id = @user_id::uuid AND status IN ('in_progress', 'purchase', 'clarification', 'returned');

-- name: InsertHandover :exec
-- InsertHandover stores the offer of a shift.
INSERT INTO shift_handovers (tenant_id, id, shift_id, from_id, to_id, reason, status, created_at)
VALUES (@tenant_id, @id, @shift_id, @from_id, @to_id, @reason, 'offered', @now);

-- name: Handover :one
-- Handover is one hand-over with its shift and the names of both people.
SELECT sqlc.embed(h), sqlc.embed(s), f.name AS from_name, t.name AS to_name, u.name AS person FROM shift_handovers h
JOIN shifts s ON s.tenant_id = h.tenant_id AND s.id = h.shift_id
JOIN users f ON f.tenant_id = h.tenant_id AND f.id = h.from_id
JOIN users t ON t.tenant_id = h.tenant_id AND t.id = h.to_id
LEFT JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
WHERE h.tenant_id = @tenant_id AND h.id = @id;

-- name: OfferedHandover :one
-- OfferedHandover is the offer of a shift that waits for its answer. The shift is locked.
SELECT * FROM shift_handovers WHERE tenant_id = @tenant_id AND shift_id = @shift_id AND status = 'offered';

-- name: DecideHandover :one
-- DecideHandover ends an offer; no row if it is over. Its shift is locked.
UPDATE shift_handovers SET status = @status, answer = @answer, moved = @moved, next_shift_id = @next_shift_id, decided_at = @now
WHERE tenant_id = @tenant_id AND id = @id AND status = 'offered'
RETURNING *;

-- name: ListHandovers :many
-- ListHandovers is a page of hand-overs, newest first: to a person, from one, or both ways of who sees them.
SELECT sqlc.embed(h), sqlc.embed(s), f.name AS from_name, t.name AS to_name, u.name AS person FROM shift_handovers h
JOIN shifts s ON s.tenant_id = h.tenant_id AND s.id = h.shift_id
JOIN users f ON f.tenant_id = h.tenant_id AND f.id = h.from_id
JOIN users t ON t.tenant_id = h.tenant_id AND t.id = h.to_id
LEFT JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
WHERE h.tenant_id = @tenant_id
  AND (sqlc.narg('before_time')::timestamptz IS NULL OR (h.created_at, h.id) < (sqlc.narg('before_time'), @before_id::uuid))
  AND (sqlc.narg('to_id')::uuid IS NULL OR h.to_id = sqlc.narg('to_id'))
  AND (sqlc.narg('from_id')::uuid IS NULL OR h.from_id = sqlc.narg('from_id'))
  AND (sqlc.narg('seen_by')::uuid IS NULL OR h.to_id = sqlc.narg('seen_by') OR h.from_id = sqlc.narg('seen_by'))
  AND (sqlc.narg('status')::text IS NULL OR h.status = sqlc.narg('status'))
ORDER BY h.created_at DESC, h.id DESC
LIMIT @items;

-- name: ShiftPattern :many
-- ShiftPattern is a person's usual week.
SELECT * FROM shift_patterns WHERE tenant_id = @tenant_id AND user_id = @user_id ORDER BY weekday, starts;

-- name: ClearShiftPattern :exec
-- ClearShiftPattern forgets a person's usual week.
DELETE FROM shift_patterns WHERE tenant_id = @tenant_id AND user_id = @user_id;

-- name: InsertShiftPattern :copyfrom
-- InsertShiftPattern stores a person's usual week.
INSERT INTO shift_patterns (tenant_id, user_id, weekday, starts, ends) VALUES ($1, $2, $3, $4, $5);

-- name: WeekPatterns :many
-- WeekPatterns is the usual weeks of some people, or of all, and what planning asks about each.
SELECT sqlc.embed(p), u.name, u.status, u.roles FROM shift_patterns p
JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id
WHERE p.tenant_id = @tenant_id AND (NOT @chosen::boolean OR p.user_id = ANY (@users::uuid[]))
ORDER BY p.user_id, p.weekday, p.starts;

-- name: KnownPeople :many
-- KnownPeople is which of some ids are people of the tenant.
SELECT id FROM users WHERE tenant_id = @tenant_id AND id = ANY (@users::uuid[]);

-- name: ShiftsOfPeople :many
-- ShiftsOfPeople is what some people have in a time; open ones last until now at
-- least. None that lasts until since starts before earliest: that bounds the index.
SELECT * FROM shifts
WHERE tenant_id = @tenant_id AND user_id = ANY (@users::uuid[]) AND status <> 'cancelled'
  AND starts_at < @until::timestamptz
  AND (ends_at > @since::timestamptz AND starts_at > @earliest::timestamptz
       OR status = 'open' AND @now::timestamptz > @since::timestamptz)
ORDER BY starts_at, id;

-- name: PatternShifts :many
-- PatternShifts is which starts of some people's usual weeks were planned before.
SELECT pattern_user_id::uuid AS person, pattern_starts_at::timestamptz AS starts_at FROM shifts
WHERE tenant_id = @tenant_id AND pattern_user_id = ANY (@users::uuid[])
  AND pattern_starts_at >= @since::timestamptz AND pattern_starts_at < @until::timestamptz;

-- name: AbsencesOfPeople :many
-- AbsencesOfPeople is when some people are away in a time.
SELECT * FROM absences
WHERE tenant_id = @tenant_id AND user_id = ANY (@users::uuid[]) AND ends_at > @since AND starts_at < @until
ORDER BY starts_at, id;

-- name: ListAbsences :many
-- ListAbsences is a page of a person's absences, latest end first.
SELECT * FROM absences
WHERE tenant_id = @tenant_id AND user_id = @user_id
  AND (sqlc.narg('before_end')::timestamptz IS NULL OR (ends_at, id) < (sqlc.narg('before_end'), @before_id::uuid))
ORDER BY ends_at DESC, id DESC
LIMIT @items;

-- name: InsertAbsence :exec
-- InsertAbsence stores when a person is away.
INSERT INTO absences (tenant_id, id, user_id, starts_at, ends_at, reason, created_at)
VALUES (@tenant_id, @id, @user_id, @starts_at, @ends_at, @reason, @now);

-- name: LockAbsence :one
-- LockAbsence is one absence, nobody else's to change until commit.
SELECT * FROM absences WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE;

-- name: DeleteAbsence :exec
-- DeleteAbsence forgets an absence.
DELETE FROM absences WHERE tenant_id = @tenant_id AND id = @id;

-- name: AvailablePeople :many
-- AvailablePeople is a page of approved staff with a role and perhaps a specialisation, by id.
SELECT id, name, roles, specialisations FROM users
WHERE tenant_id = @tenant_id AND status = 'approved' AND roles && ARRAY['executor', 'manager', 'admin']
  AND @role::text = ANY (roles)
  AND (sqlc.narg('specialisation')::text IS NULL OR sqlc.narg('specialisation') = ANY (specialisations))
  AND id > @after
ORDER BY id
LIMIT @items;
