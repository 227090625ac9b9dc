-- name: HasBuildings :one
-- HasBuildings says whether a company is in use already: it has buildings.
SELECT EXISTS (SELECT 1 FROM buildings WHERE tenant_id = @tenant_id);

-- name: LockCompany :exec
-- LockCompany lets one process at a time fill a company.
SELECT 1 FROM companies WHERE tenant_id = @tenant_id FOR UPDATE;

-- name: KnownChats :many
-- KnownChats is the Telegram accounts that a company's people have.
SELECT telegram_id::bigint FROM users WHERE tenant_id = @tenant_id AND telegram_id IS NOT NULL;

-- name: SeedYards :copyfrom
-- SeedYards stores many yards.
INSERT INTO yards (tenant_id, id, name) VALUES (@tenant_id, @id, @name);

-- name: SeedBuildings :copyfrom
-- SeedBuildings stores many buildings.
INSERT INTO buildings (tenant_id, id, yard_id, address, lat, lon, search) VALUES (@tenant_id, @id, @yard_id, @address, @lat, @lon, @search);

-- name: SeedEntrances :copyfrom
-- SeedEntrances stores many entrances.
INSERT INTO entrances (tenant_id, id, building_id, number) VALUES (@tenant_id, @id, @building_id, @number);

-- name: SeedApartments :copyfrom
-- SeedApartments stores many apartments.
INSERT INTO apartments (tenant_id, id, building_id, entrance_id, number, floor) VALUES (@tenant_id, @id, @building_id, @entrance_id, @number, @floor);

-- name: SeedUsers :copyfrom
-- SeedUsers stores many people.
INSERT INTO users (tenant_id, id, telegram_id, name, phone, language, status, roles, active_role, specialisations, status_reason,
    decided_by, decided_at, search, created_at, updated_at)
VALUES (@tenant_id, @id, @telegram_id, @name, @phone, @language, @status, @roles, @active_role, @specialisations, @status_reason,
    @decided_by, @decided_at, @search, @created_at, @updated_at);

-- name: SeedHomes :copyfrom
-- SeedHomes stores who lives where.
INSERT INTO user_apartments (tenant_id, user_id, apartment_id, relation, status, asked_at, decided_by, decided_at)
VALUES (@tenant_id, @user_id, @apartment_id, @relation, @status, @asked_at, @decided_by, @decided_at);

-- name: SeedShifts :copyfrom
-- SeedShifts stores many shifts.
INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, note, opened_at, closed_at, created_at, updated_at)
VALUES (@tenant_id, @id, @user_id, @role, @starts_at, @ends_at, @status, @note, @opened_at, @closed_at, @created_at, @updated_at);

-- name: SeedNumbers :copyfrom
-- SeedNumbers stores the last numbers of days.
INSERT INTO request_numbers (tenant_id, day, last) VALUES (@tenant_id, @day, @last);

-- name: SeedRequests :copyfrom
-- SeedRequests stores requests as they have become.
INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, apartment_id, address, applicant_id,
    created_by, executor_id, status_since, reacted_at, completed_at, closed_at, reaction_seconds, completion_seconds, reaction_due,
    completion_due, paused_at, reaction_warned_at, reaction_overdue_at, completion_warned_at, completion_overdue_at, stars, review,
    version, created_at, updated_at)
VALUES (@tenant_id, @id, @number, @status, @category, @urgency, @description, @building_id, @apartment_id, @address, @applicant_id,
    @created_by, @executor_id, @status_since, @reacted_at, @completed_at, @closed_at, @reaction_seconds, @completion_seconds, @reaction_due,
    @completion_due, @paused_at, @reaction_warned_at, @reaction_overdue_at, @completion_warned_at, @completion_overdue_at, @stars, @review,
    @version, @created_at, @updated_at);

-- name: SeedHistory :copyfrom
-- SeedHistory stores the changes of requests.
INSERT INTO request_history (tenant_id, request_id, seq, at, actor_id, actor_role, action, from_status, to_status, executor_id, reason, changes, seconds)
VALUES (@tenant_id, @request_id, @seq, @at, @actor_id, @actor_role, @action, @from_status, @to_status, @executor_id, @reason, @changes, @seconds);

-- name: SeedComments :copyfrom
-- SeedComments stores comments.
INSERT INTO request_comments (tenant_id, id, request_id, author_id, author_role, visibility, body, created_at)
VALUES (@tenant_id, @id, @request_id, @author_id, @author_role, @visibility, @body, @created_at);
