-- The company: people, buildings, requests and shifts.
-- Every table belongs to tenants: tenant_id leads each key, and foreign keys
-- carry it, so that no row can point into another company.

-- +goose Up

CREATE EXTENSION IF NOT EXISTS pg_trgm;    -- search that forgives spelling
CREATE EXTENSION IF NOT EXISTS btree_gin;  -- tenant_id inside the same index
CREATE EXTENSION IF NOT EXISTS btree_gist; -- no overlapping shifts of one person

-- companies: the tenants, and how each wants to work.
CREATE TABLE companies (
    tenant_id  text        PRIMARY KEY,
    name       text        NOT NULL,
    time_zone  text        NOT NULL DEFAULT 'Asia/Tashkent', -- IANA; numbers, days and reports follow it
    language   text        NOT NULL DEFAULT 'ru' CHECK (language IN ('ru', 'uz', 'en')),
    settings   jsonb       NOT NULL DEFAULT '{}', -- company.Settings; what is missing has its default there
    version    bigint      NOT NULL DEFAULT 1,    -- the ETag
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

---------------------------------------------------------------- buildings

CREATE TABLE yards (
    tenant_id  text        NOT NULL REFERENCES companies,
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE buildings (
    tenant_id  text        NOT NULL REFERENCES companies,
    id         uuid        NOT NULL,
    yard_id    uuid        NOT NULL,
    address    text        NOT NULL,
    lat        double precision CHECK (lat BETWEEN -90 AND 90),   -- degrees, WGS 84
    lon        double precision CHECK (lon BETWEEN -180 AND 180),
    search     text        NOT NULL, -- spelling.Fold of the address
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, address),
    FOREIGN KEY (tenant_id, yard_id) REFERENCES yards,
    CHECK ((lat IS NULL) = (lon IS NULL))
);
CREATE INDEX buildings_yard ON buildings (tenant_id, yard_id, address);
CREATE INDEX buildings_search ON buildings USING gin (tenant_id, search gin_trgm_ops);

CREATE TABLE entrances (
    tenant_id   text NOT NULL REFERENCES companies,
    id          uuid NOT NULL,
    building_id uuid NOT NULL,
    number      text NOT NULL, -- "1", "2А"
    -- Numbers in the order people count: 2 before 10, 10 before 10А.
    sort_key    text COLLATE "C" NOT NULL GENERATED ALWAYS AS
                (lpad(substring(number FROM '^[0-9]*'), 20, '0') || substring(number FROM '^[0-9]*(.*)$')) STORED,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, building_id, number),
    UNIQUE (tenant_id, building_id, id), -- for apartments: an entrance of the same building
    FOREIGN KEY (tenant_id, building_id) REFERENCES buildings
);

CREATE TABLE apartments (
    tenant_id   text        NOT NULL REFERENCES companies,
    id          uuid        NOT NULL,
    building_id uuid        NOT NULL,
    entrance_id uuid,
    number      text        NOT NULL, -- "12", "12А"
    sort_key    text        COLLATE "C" NOT NULL GENERATED ALWAYS AS -- as of entrances
                (lpad(substring(number FROM '^[0-9]*'), 20, '0') || substring(number FROM '^[0-9]*(.*)$')) STORED,
    floor       smallint,
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, building_id, number),
    UNIQUE (tenant_id, building_id, id), -- for requests: an apartment of the same building
    FOREIGN KEY (tenant_id, building_id) REFERENCES buildings,
    FOREIGN KEY (tenant_id, building_id, entrance_id) REFERENCES entrances (tenant_id, building_id, id)
);
CREATE INDEX apartments_list ON apartments (tenant_id, building_id, sort_key, id);
CREATE INDEX apartments_entrance ON apartments (tenant_id, entrance_id);

---------------------------------------------------------------- people

CREATE TABLE users (
    tenant_id       text        NOT NULL REFERENCES companies,
    id              uuid        NOT NULL,
    telegram_id     bigint,               -- none for a resident who only phones
    name            text        NOT NULL,
    phone           text,                 -- E.164: +998901234567
    language        text        NOT NULL CHECK (language IN ('ru', 'uz', 'en')),
    status          text        NOT NULL CHECK (status IN ('pending', 'approved', 'blocked')),
    roles           text[]      NOT NULL CHECK (roles <@ ARRAY['applicant', 'executor', 'manager', 'admin'] AND cardinality(roles) > 0),
    active_role     text        NOT NULL,
    specialisations text[]      NOT NULL DEFAULT '{}', -- categories of requests, of an executor
    status_reason   text,                 -- why blocked
    decided_by      uuid,                 -- who approved or blocked
    decided_at      timestamptz,
    search          text        NOT NULL, -- spelling.Fold of name and phone
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, telegram_id),
    CHECK (active_role = ANY (roles))
);
CREATE INDEX users_list ON users (tenant_id, created_at DESC, id DESC);
CREATE INDEX users_waiting ON users (tenant_id, created_at DESC, id DESC) WHERE status <> 'approved';
CREATE INDEX users_phone ON users (tenant_id, phone) WHERE phone IS NOT NULL;
-- The space makes the first word begin like every other: '% ki%' finds it.
CREATE INDEX users_search ON users USING gin (tenant_id, (' ' || search) gin_trgm_ops);
-- Staff are few among residents.
CREATE INDEX users_staff ON users (tenant_id, created_at DESC, id DESC) WHERE roles && ARRAY['executor', 'manager', 'admin'];

-- user_apartments: who lives where; counts once a manager has approved it.
CREATE TABLE user_apartments (
    tenant_id    text        NOT NULL REFERENCES companies,
    user_id      uuid        NOT NULL,
    apartment_id uuid        NOT NULL,
    relation     text        NOT NULL CHECK (relation IN ('owner', 'tenant', 'family')),
    status       text        NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
    asked_at     timestamptz NOT NULL DEFAULT now(),
    decided_by   uuid,
    decided_at   timestamptz,
    reason       text,
    PRIMARY KEY (tenant_id, user_id, apartment_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users,
    FOREIGN KEY (tenant_id, apartment_id) REFERENCES apartments
);
CREATE INDEX user_apartments_people ON user_apartments (tenant_id, apartment_id);
CREATE INDEX user_apartments_status ON user_apartments (tenant_id, status, asked_at, user_id, apartment_id);

-- invitations: one-time links that make somebody a resident or staff without waiting.
CREATE TABLE invitations (
    tenant_id       text        NOT NULL REFERENCES companies,
    id              uuid        NOT NULL,
    hash            bytea       NOT NULL, -- SHA-256 of the token; the token is shown once
    role            text        NOT NULL CHECK (role IN ('applicant', 'executor', 'manager', 'admin')),
    apartment_id    uuid,
    relation        text CHECK (relation IN ('owner', 'tenant', 'family')), -- to the apartment
    specialisations text[]      NOT NULL DEFAULT '{}',
    created_by      text        NOT NULL, -- a user's id, or an API key's name
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    used_by         uuid,
    revoked_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, hash),
    CHECK ((apartment_id IS NULL) = (relation IS NULL)),
    FOREIGN KEY (tenant_id, apartment_id) REFERENCES apartments
);
CREATE INDEX invitations_list ON invitations (tenant_id, created_at DESC, id DESC);

---------------------------------------------------------------- access

-- auth_signing_keys: what signs access tokens, for the whole installation.
CREATE TABLE auth_signing_keys (
    kid        text        PRIMARY KEY,
    public     bytea       NOT NULL, -- Ed25519, 32 bytes
    private    text        NOT NULL, -- the seed, sealed by the keyset
    signs_from timestamptz NOT NULL, -- published before it signs, so that no replica is surprised
    created_at timestamptz NOT NULL DEFAULT now(),
    gone_at    timestamptz           -- verifies until then; set when a newer one signs
);

-- auth_sessions: one per login; the family of its refresh tokens.
CREATE TABLE auth_sessions (
    tenant_id    text        NOT NULL REFERENCES companies,
    id           uuid        NOT NULL,
    user_id      uuid        NOT NULL,
    client       text        NOT NULL, -- the API key that logged the person in, for the person to recognise
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    reason       text CHECK (reason IN ('logout', 'revoked', 'reuse', 'blocked')),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users
);
CREATE INDEX auth_sessions_user ON auth_sessions (tenant_id, user_id, created_at DESC);
CREATE INDEX auth_sessions_age ON auth_sessions USING brin (expires_at);

-- auth_refresh_tokens: every token of a family, so that an old one is recognised.
CREATE TABLE auth_refresh_tokens (
    tenant_id  text        NOT NULL,
    hash       bytea       NOT NULL, -- SHA-256
    session_id uuid        NOT NULL,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, session_id) REFERENCES auth_sessions ON DELETE CASCADE
);
CREATE INDEX auth_refresh_tokens_session ON auth_refresh_tokens (tenant_id, session_id);
CREATE INDEX auth_refresh_tokens_age ON auth_refresh_tokens USING brin (expires_at);

-- auth_revocations: access tokens of a session, a person or an API key that count no more. Replicas hear of
-- it through NATS and read it here, should that be lost; an hour later no token is old enough to matter.
CREATE TABLE auth_revocations (
    tenant_id text        NOT NULL REFERENCES companies,
    kind      text        NOT NULL CHECK (kind IN ('session', 'user', 'key')),
    id        uuid        NOT NULL,
    at        timestamptz NOT NULL, -- tokens issued until then
    PRIMARY KEY (tenant_id, kind, id)
);
CREATE INDEX auth_revocations_age ON auth_revocations (at);

-- api_keys: machines. The key is shown once.
CREATE TABLE api_keys (
    tenant_id    text        NOT NULL REFERENCES companies,
    id           uuid        NOT NULL,
    name         text        NOT NULL,
    hash         bytea       NOT NULL UNIQUE, -- SHA-256 of the key, which has 260 random bits
    scopes       text[]      NOT NULL CHECK (cardinality(scopes) > 0), -- access.Action
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz, -- to the minute
    revoked_at   timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_name ON api_keys (tenant_id, name) WHERE revoked_at IS NULL;

-- idempotency_keys: answers of POSTs, for 24 hours. The row commits with what
-- the POST did, so a repeat finds both or neither.
CREATE TABLE idempotency_keys (
    tenant_id   text        NOT NULL,
    caller      text        NOT NULL, -- a user's or API key's id
    key         text        NOT NULL,
    operation   text        NOT NULL,
    fingerprint bytea       NOT NULL, -- SHA-256 of path, query and body
    status      integer     NOT NULL,
    headers     jsonb       NOT NULL,
    body        text        NOT NULL, -- sealed: it may hold tokens
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, caller, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys USING brin (created_at);

---------------------------------------------------------------- requests

-- request_numbers: the last number given on a day of the company's zone. The
-- row stays locked until the request commits: no number is lost or used twice.
CREATE TABLE request_numbers (
    tenant_id text    NOT NULL REFERENCES companies,
    day       date    NOT NULL,
    last      integer NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

CREATE TABLE requests (
    tenant_id             text        NOT NULL REFERENCES companies,
    id                    uuid        NOT NULL,
    number                text        COLLATE "C" NOT NULL, -- YYMMDD-NNN, wider past 999; "C" finds beginnings by index
    status                text        NOT NULL CHECK (status IN ('new', 'in_progress', 'purchase', 'clarification',
                                      'completed', 'confirmed', 'returned', 'accepted', 'cancelled')),
    category              text        NOT NULL CHECK (category IN ('electricity', 'plumbing', 'heating', 'ventilation', 'lift',
                                      'cleaning', 'grounds', 'security', 'internet_tv', 'other')),
    urgency               text        NOT NULL CHECK (urgency IN ('normal', 'medium', 'urgent', 'critical')),
    description           text        NOT NULL,
    building_id           uuid        NOT NULL,
    apartment_id          uuid,                 -- none: the building's common parts
    address               text        NOT NULL, -- as it was when the request was made, for people
    applicant_id          uuid        NOT NULL,
    created_by            text        NOT NULL, -- a user's id, or an API key's name
    executor_id           uuid,
    status_since          timestamptz NOT NULL,
    reacted_at            timestamptz,          -- left "new"
    completed_at          timestamptz,          -- last reported done
    closed_at             timestamptz,          -- accepted or cancelled
    -- The clocks (housing/sla). Due times move on by what a pause took.
    reaction_seconds      integer     NOT NULL,
    completion_seconds    integer     NOT NULL,
    reaction_due          timestamptz NOT NULL,
    completion_due        timestamptz NOT NULL,
    paused_at             timestamptz,          -- the completion clock stands since
    reaction_warned_at    timestamptz,          -- 80 % had passed
    reaction_overdue_at   timestamptz,          -- 100 % had passed
    completion_warned_at  timestamptz,
    completion_overdue_at timestamptz,
    stars                 smallint CHECK (stars BETWEEN 1 AND 5),
    review                text,                 -- what the resident said with the stars
    version               bigint      NOT NULL DEFAULT 1, -- the ETag; also the number of history rows
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    -- Russian stems Cyrillic words; Latin ones go through English's, which is the same for text and query. Apostrophes
    -- of Uzbek words are written in many ways and would cut them; queries drop them too (SearchNewest).
    search                tsvector    NOT NULL GENERATED ALWAYS AS
                          (to_tsvector('russian', translate(description || ' ' || address, 'Ёё''`´‘’ʻʼ', 'Ее'))) STORED,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, building_id) REFERENCES buildings,
    FOREIGN KEY (tenant_id, building_id, apartment_id) REFERENCES apartments (tenant_id, building_id, id),
    FOREIGN KEY (tenant_id, applicant_id) REFERENCES users,
    FOREIGN KEY (tenant_id, executor_id) REFERENCES users,
    CHECK (status IN ('new', 'cancelled') OR executor_id IS NOT NULL)
) WITH (fillfactor = 85);
-- Lists go newest first; each filter that selects little has an index in that order. What else lists filter by
-- lies in the index too: the rows passed over are not fetched.
CREATE INDEX requests_list ON requests (tenant_id, created_at DESC, id DESC) INCLUDE (status, category, urgency, executor_id, building_id);
CREATE INDEX requests_applicant ON requests (tenant_id, applicant_id, created_at DESC, id DESC);
CREATE INDEX requests_executor ON requests (tenant_id, executor_id, created_at DESC, id DESC) INCLUDE (status, category, urgency, building_id);
CREATE INDEX requests_building ON requests (tenant_id, building_id, created_at DESC, id DESC) INCLUDE (status, category, urgency, executor_id);
CREATE INDEX requests_apartment ON requests (tenant_id, apartment_id, created_at DESC, id DESC) WHERE apartment_id IS NOT NULL;
CREATE INDEX requests_category ON requests (tenant_id, category, created_at DESC, id DESC) INCLUDE (status, urgency, executor_id, building_id);
CREATE INDEX requests_urgent ON requests (tenant_id, urgency, created_at DESC, id DESC) INCLUDE (status, category, executor_id, building_id)
    WHERE urgency IN ('urgent', 'critical');
-- Open requests are few among all: queues, loads and clocks read only these.
CREATE INDEX requests_open ON requests (tenant_id, status, created_at DESC, id DESC)
    INCLUDE (category, urgency, executor_id, building_id, completion_due, reaction_due, paused_at)
    WHERE status NOT IN ('accepted', 'cancelled');
CREATE INDEX requests_load ON requests (tenant_id, executor_id) WHERE status IN ('in_progress', 'purchase', 'clarification', 'returned');
CREATE INDEX requests_due ON requests (tenant_id, completion_due, id) WHERE status NOT IN ('accepted', 'cancelled');
-- With the category: a common word of one category is looked up, not filtered.
CREATE INDEX requests_search ON requests USING gin (tenant_id, category, search);

-- request_history: every change; seq is the version it made. Replayed, it gives the request.
CREATE TABLE request_history (
    tenant_id   text        NOT NULL,
    request_id  uuid        NOT NULL,
    seq         bigint      NOT NULL,
    at          timestamptz NOT NULL,
    actor_id    text        NOT NULL, -- a user's id, an API key's name, or "clock"
    actor_role  text        NOT NULL, -- a role, "key" or "system"
    action      text        NOT NULL, -- workflow.Action, or "create", "edit", "comment", "note" (internal), "file", "hand_over", "sla"
    from_status text        NOT NULL, -- empty for the first
    to_status   text        NOT NULL,
    executor_id uuid,                 -- after the change
    reason      text,                 -- reason, comment or review that came with it
    changes     jsonb       NOT NULL DEFAULT '{}', -- field: [from, to]
    seconds     bigint      NOT NULL, -- spent in from_status until now; 0 where the status stays
    PRIMARY KEY (tenant_id, request_id, seq),
    FOREIGN KEY (tenant_id, request_id) REFERENCES requests
);
CREATE INDEX request_history_day ON request_history (tenant_id, at);

CREATE TABLE request_comments (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    request_id  uuid        NOT NULL,
    author_id   text        NOT NULL,
    author_role text        NOT NULL,
    visibility  text        NOT NULL CHECK (visibility IN ('public', 'internal')), -- internal: staff only
    body        text        NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES requests
);
CREATE INDEX request_comments_list ON request_comments (tenant_id, request_id, created_at, id);

-- request_files: photos and documents; the bytes lie in the object store "files".
CREATE TABLE request_files (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    request_id  uuid        NOT NULL,
    name        text        NOT NULL, -- as the sender called it, cleaned
    media_type  text        NOT NULL, -- sniffed, not what the sender said
    bytes       bigint      NOT NULL,
    sha256      bytea       NOT NULL,
    photo       boolean     NOT NULL,
    uploaded_by text        NOT NULL,
    used_for    text CHECK (used_for IN ('complete', 'return')), -- the action it was given with
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES requests
);
CREATE INDEX request_files_list ON request_files (tenant_id, request_id, created_at, id);

-- request_days: statistics, counted once; changes of the last minutes are counted from the history itself.
CREATE TABLE request_days (
    tenant_id text        NOT NULL REFERENCES companies,
    day       date        NOT NULL, -- of the company's zone
    time_zone text        NOT NULL, -- it is counted in; a day of another zone is counted anew
    until     timestamptz NOT NULL, -- changes before are counted
    -- The figures by category and executor, with histograms of how long requests stayed in each status, packed by
    -- housing/reports. As rows they are 500 a day in a company of a million requests, and 90 days are read at once.
    figures   bytea       NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

---------------------------------------------------------------- shifts

CREATE TABLE shifts (
    tenant_id  text        NOT NULL REFERENCES companies,
    id         uuid        NOT NULL,
    user_id    uuid,                 -- none: free, for whoever takes it
    role       text        NOT NULL CHECK (role IN ('executor', 'manager')),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL, -- planned; moved to closed_at when it closes earlier, but not before starts_at
    status     text        NOT NULL CHECK (status IN ('planned', 'open', 'closed', 'cancelled')),
    note       text        NOT NULL DEFAULT '',
    reason     text,                 -- why it was cancelled, or released last
    opened_at  timestamptz,          -- up to an hour before starts_at
    closed_at  timestamptz,
    pattern_user_id   uuid,          -- whose usual week it was made from,
    pattern_starts_at timestamptz,   -- and for when: no week is planned twice, whatever became of the shift
    version    bigint      NOT NULL DEFAULT 1, -- the ETag; each has its event
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users,
    FOREIGN KEY (tenant_id, pattern_user_id) REFERENCES users,
    -- A shift closed before its start takes up no time. 25 hours: round the clock when the clocks go back.
    CHECK (ends_at > starts_at OR (status = 'closed' AND ends_at = starts_at)),
    CHECK (ends_at <= starts_at + interval '25 hours'),
    CHECK (user_id IS NOT NULL OR status IN ('planned', 'cancelled')),
    CHECK ((pattern_user_id IS NULL) = (pattern_starts_at IS NULL)),
    CONSTRAINT shifts_no_overlap EXCLUDE USING gist (tenant_id WITH =, user_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (user_id IS NOT NULL AND status <> 'cancelled')
);
CREATE INDEX shifts_list ON shifts (tenant_id, starts_at, id);
CREATE INDEX shifts_person ON shifts (tenant_id, user_id, starts_at, id);
CREATE INDEX shifts_free ON shifts (tenant_id, starts_at, id) WHERE user_id IS NULL;
-- What is to come is little beside what was.
CREATE INDEX shifts_ahead ON shifts (tenant_id, status, starts_at, id) WHERE status IN ('planned', 'open');
CREATE UNIQUE INDEX shifts_open ON shifts (tenant_id, user_id) WHERE status = 'open';
CREATE UNIQUE INDEX shifts_pattern ON shifts (tenant_id, pattern_user_id, pattern_starts_at) WHERE pattern_user_id IS NOT NULL;

-- shift_handovers: a shift offered to somebody, with the open requests on it.
CREATE TABLE shift_handovers (
    tenant_id  text        NOT NULL,
    id         uuid        NOT NULL,
    shift_id   uuid        NOT NULL,
    from_id    uuid        NOT NULL,
    to_id      uuid        NOT NULL,
    reason     text        NOT NULL,
    status     text        NOT NULL CHECK (status IN ('offered', 'accepted', 'declined', 'withdrawn')),
    answer     text,                 -- why declined
    moved      integer     NOT NULL DEFAULT 0, -- requests that went along
    next_shift_id uuid,              -- what the other person got: this shift, or the rest of an open one
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, shift_id) REFERENCES shifts,
    FOREIGN KEY (tenant_id, next_shift_id) REFERENCES shifts,
    FOREIGN KEY (tenant_id, from_id) REFERENCES users,
    FOREIGN KEY (tenant_id, to_id) REFERENCES users,
    CHECK (from_id <> to_id)
);
CREATE UNIQUE INDEX shift_handovers_open ON shift_handovers (tenant_id, shift_id) WHERE status = 'offered';
CREATE INDEX shift_handovers_to ON shift_handovers (tenant_id, to_id, created_at DESC);
CREATE INDEX shift_handovers_from ON shift_handovers (tenant_id, from_id, created_at DESC);

-- shift_patterns: a person's usual week, in the company's zone.
CREATE TABLE shift_patterns (
    tenant_id text     NOT NULL,
    user_id   uuid     NOT NULL,
    weekday   smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7), -- 1 is Monday
    starts    time     NOT NULL,
    ends      time     NOT NULL, -- not after starts: it goes into the next day
    PRIMARY KEY (tenant_id, user_id, weekday, starts),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users
);

-- absences: when a person is not available.
CREATE TABLE absences (
    tenant_id  text        NOT NULL,
    id         uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    reason     text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users,
    CHECK (ends_at > starts_at)
);
CREATE INDEX absences_person ON absences (tenant_id, user_id, ends_at);

-- +goose Down
DROP TABLE absences, shift_patterns, shift_handovers, shifts;
DROP TABLE request_days, request_files, request_comments, request_history, requests, request_numbers;
DROP TABLE idempotency_keys, api_keys, auth_revocations, auth_refresh_tokens, auth_sessions, auth_signing_keys;
DROP TABLE invitations, user_apartments, users, apartments, entrances, buildings, yards, companies;
DROP EXTENSION btree_gist;
DROP EXTENSION btree_gin;
DROP EXTENSION pg_trgm;
