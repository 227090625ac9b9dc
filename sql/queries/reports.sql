-- name: FindRequests :many
-- FindRequests is a page of a list, in no order. It must be planned with its arguments (reports.planned): what is not
-- asked for folds away, ORDER BY becomes the one sort that is asked for, and the index that fits serves it.
-- words are looked up in the search index; within only among the @window first requests that all else selects.
SELECT r.* FROM (
    SELECT w.tenant_id, w.id FROM (
        SELECT k.tenant_id, k.id FROM requests k
        WHERE k.tenant_id = @tenant_id
            AND (sqlc.narg(statuses)::text[] IS NULL OR k.status = ANY (sqlc.narg(statuses)::text[]))
            AND (sqlc.narg(categories)::text[] IS NULL OR k.category = ANY (sqlc.narg(categories)::text[]))
            AND (sqlc.narg(urgency)::text IS NULL OR k.urgency = sqlc.narg(urgency)::text)
            AND (sqlc.narg(building)::uuid IS NULL OR k.building_id = sqlc.narg(building)::uuid)
            AND (sqlc.narg(apartment)::uuid IS NULL OR k.apartment_id = sqlc.narg(apartment)::uuid)
            AND (sqlc.narg(applicant)::uuid IS NULL OR k.applicant_id = sqlc.narg(applicant)::uuid)
            AND (sqlc.narg(executor)::uuid IS NULL OR k.executor_id = sqlc.narg(executor)::uuid)
            AND (NOT @free::boolean OR k.executor_id IS NULL)
            AND (sqlc.narg(since)::timestamptz IS NULL OR k.created_at >= sqlc.narg(since)::timestamptz)
            AND (sqlc.narg(until)::timestamptz IS NULL OR k.created_at < sqlc.narg(until)::timestamptz)
            AND (sqlc.narg(overdue_at)::timestamptz IS NULL
                OR k.completion_due < coalesce(k.paused_at, sqlc.narg(overdue_at)::timestamptz)
                OR k.status = 'new' AND k.reaction_due < sqlc.narg(overdue_at)::timestamptz)
            AND (sqlc.narg(number_prefix)::text IS NULL OR k.number LIKE sqlc.narg(number_prefix)::text || '%')
            AND (sqlc.narg(words)::text IS NULL OR k.search @@ plainto_tsquery('russian', sqlc.narg(words)::text))
            AND (NOT @open_only::boolean OR k.status NOT IN ('accepted', 'cancelled'))
            AND (sqlc.narg(before_at)::timestamptz IS NULL OR (k.created_at, k.id) < (sqlc.narg(before_at)::timestamptz, @after_id::uuid))
            AND (sqlc.narg(after_at)::timestamptz IS NULL OR (k.created_at, k.id) > (sqlc.narg(after_at)::timestamptz, @after_id::uuid))
            AND (sqlc.narg(after_due)::timestamptz IS NULL OR (k.completion_due, k.id) > (sqlc.narg(after_due)::timestamptz, @after_id::uuid))
        ORDER BY
            CASE WHEN @sort::text = 'newest' THEN k.created_at END DESC, CASE WHEN @sort = 'newest' THEN k.id END DESC,
            CASE WHEN @sort = 'oldest' THEN k.created_at END, CASE WHEN @sort = 'oldest' THEN k.id END,
            CASE WHEN @sort = 'due' THEN k.completion_due END, CASE WHEN @sort = 'due' THEN k.id END,
            -- The same orders, but not those of an index: all that was found is sorted.
            CASE WHEN @sort = 'newest found' THEN k.created_at + interval '0' END DESC, CASE WHEN @sort = 'newest found' THEN k.id END DESC,
            CASE WHEN @sort = 'oldest found' THEN k.created_at + interval '0' END, CASE WHEN @sort = 'oldest found' THEN k.id END
        LIMIT @first) w
    -- A lookup for each, not a join: it stops when @max are found.
    WHERE (sqlc.narg(within)::text IS NULL OR (SELECT s.search @@ plainto_tsquery('russian', sqlc.narg(within)::text)
        FROM requests s WHERE s.tenant_id = w.tenant_id AND s.id = w.id)::boolean)
    LIMIT @max) page
JOIN requests r ON r.tenant_id = page.tenant_id AND r.id = page.id;

-- name: CountedDays :many
-- CountedDays is how far the days of a period are counted, as days of this time zone.
SELECT day, until FROM request_days WHERE tenant_id = @tenant_id AND time_zone = @time_zone AND day BETWEEN @first AND @last;

-- name: DayFigures :many
-- DayFigures is the packed figures of days, as far as they are counted.
SELECT day, figures FROM request_days WHERE tenant_id = @tenant_id AND time_zone = @time_zone AND day BETWEEN @first AND @last;

-- name: CountChanges :many
-- CountChanges is the changes of status in a time, by what they were and by how long the status before had lasted:
-- bucket n is 1.05^n to 1.05^(n+1) seconds. Stars are those of requests accepted.
SELECT r.category, coalesce(h.executor_id, '00000000-0000-0000-0000-000000000000')::uuid AS executor_id, h.from_status, h.to_status,
    floor(ln(greatest(h.seconds, 1)::float8) / ln(1.05::float8))::integer AS bucket, count(*)::integer AS n,
    (count(*) FILTER (WHERE h.at <= r.completion_due))::integer AS in_time, (count(*) FILTER (WHERE h.at <= r.reaction_due))::integer AS reacted_in_time,
    count(r.stars)::integer AS rated, coalesce(sum(r.stars), 0)::integer AS stars
FROM request_history h
JOIN requests r ON r.tenant_id = h.tenant_id AND r.id = h.request_id
WHERE h.tenant_id = @tenant_id AND h.at >= @since AND h.at < @until AND h.from_status <> h.to_status
    AND (sqlc.narg(category)::text IS NULL OR r.category = sqlc.narg(category)::text)
    AND (sqlc.narg(executor)::uuid IS NULL OR h.executor_id = sqlc.narg(executor)::uuid)
GROUP BY 1, 2, 3, 4, 5;

-- name: CountOpen :many
-- CountOpen is how many requests are in each status now, but for closed ones.
SELECT r.status, r.category, coalesce(r.executor_id, '00000000-0000-0000-0000-000000000000')::uuid AS executor_id, count(*)::integer AS n
FROM requests r
WHERE r.tenant_id = @tenant_id AND r.status NOT IN ('accepted', 'cancelled')
    AND (sqlc.narg(category)::text IS NULL OR r.category = sqlc.narg(category)::text)
    AND (sqlc.narg(executor)::uuid IS NULL OR r.executor_id = sqlc.narg(executor)::uuid)
GROUP BY 1, 2, 3;

-- name: BeginDay :exec
-- BeginDay makes a day to count, unless it is there.
INSERT INTO request_days (tenant_id, day, time_zone, until, figures) VALUES (@tenant_id, @day, @time_zone, @until, @figures)
ON CONFLICT (tenant_id, day) DO NOTHING;

-- name: LockDay :one
-- LockDay is a day as far as it is counted. Others who count it wait.
SELECT time_zone, until, figures FROM request_days WHERE tenant_id = @tenant_id AND day = @day FOR UPDATE;

-- name: FinishDay :exec
-- FinishDay stores what a day's figures are now.
UPDATE request_days SET time_zone = @time_zone, until = @until, figures = @figures WHERE tenant_id = @tenant_id AND day = @day;

-- name: ForgetDays :exec
-- ForgetDays has all days counted again: counting one begins with its figures of another time zone, which are none.
UPDATE request_days SET time_zone = '' WHERE tenant_id = @tenant_id;
