-- The records of the spine: what came in, what it became, what is to be announced.
-- Every table belongs to tenants: tenant_id leads each unique key.

-- +goose Up

-- webhook_configs: one row per tenant and source. config is events.Hook as JSON,
-- its secrets sealed by the keyset; the ingress reads a copy in NATS.
CREATE TABLE webhook_configs (
    tenant_id  text        NOT NULL,
    source     text        NOT NULL,
    id         uuid        NOT NULL UNIQUE,
    config     jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source)
);

-- webhook_keys: the idempotency key of every event. Not partitioned, because a
-- unique key of a partitioned table must contain the partition's time; this is
-- what makes an event one event however often and whenever it comes.
CREATE TABLE webhook_keys (
    tenant_id       text        NOT NULL,
    source          text        NOT NULL,
    event_id        text        NOT NULL,
    id              uuid        NOT NULL, -- of the row in webhook_events
    received_at     timestamptz NOT NULL, -- its partition
    stream_sequence bigint      NOT NULL, -- the message that was first
    PRIMARY KEY (tenant_id, source, event_id)
);
CREATE INDEX webhook_keys_age ON webhook_keys USING brin (received_at);

-- webhook_repeats: the messages that were counted as repeats of an event.
CREATE TABLE webhook_repeats (
    tenant_id       text        NOT NULL,
    source          text        NOT NULL,
    stream_sequence bigint      NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source, stream_sequence)
);
CREATE INDEX webhook_repeats_age ON webhook_repeats USING brin (at);

CREATE TABLE webhook_events (
    id                    uuid        NOT NULL, -- events.RowID: begins with received_at
    tenant_id             text        NOT NULL,
    source                text        NOT NULL,
    event_id              text        NOT NULL,
    event_type            text        NOT NULL,
    subject               text        NOT NULL,
    stream_sequence       bigint      NOT NULL,
    webhook_config_id     uuid,
    status                text        NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'retrying')),
    payload               bytea       NOT NULL, -- the exact bytes
    payload_json          jsonb,                -- the same, when it is JSON that jsonb can hold
    payload_bytes         integer     NOT NULL,
    content_type          text        NOT NULL,
    headers               jsonb       NOT NULL,
    signature             text,
    signature_scheme      text        NOT NULL,
    signature_valid       boolean     NOT NULL,
    remote_ip             inet,
    user_agent            text,
    request_id            text        NOT NULL,
    trace_id              text,
    retry_count           integer     NOT NULL DEFAULT 0,
    max_retries           integer     NOT NULL,
    next_retry_at         timestamptz,
    last_error            text,
    error_kind            text CHECK (error_kind IN ('transient', 'permanent', 'exhausted')),
    duplicate_count       integer     NOT NULL DEFAULT 0,
    effects               jsonb       NOT NULL DEFAULT '[]', -- what it became: rows and derived events
    received_at           timestamptz NOT NULL, -- at the ingress, milliseconds
    processing_started_at timestamptz,
    processed_at          timestamptz,
    duration_ms           real,
    replay_of             text, -- the replay or manual retry that last ran it
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);
-- Lists go by tenant, newest first; what needs somebody's eye is a small part.
CREATE INDEX webhook_events_list ON webhook_events (tenant_id, received_at DESC, id DESC);
CREATE INDEX webhook_events_open ON webhook_events (tenant_id, status, received_at DESC) WHERE status <> 'completed';

-- webhook_attempts: every attempt but a first one that succeeded (its times are in the row).
CREATE TABLE webhook_attempts (
    tenant_id   text        NOT NULL,
    webhook_id  uuid        NOT NULL,
    attempt     integer     NOT NULL,
    at          timestamptz NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('completed', 'failed', 'retrying')),
    error       text,
    duration_ms real        NOT NULL,
    replay      text        -- set when a replay or manual retry asked for it
);
CREATE INDEX webhook_attempts_story ON webhook_attempts (tenant_id, webhook_id, at);
CREATE INDEX webhook_attempts_age ON webhook_attempts USING brin (at);

-- payments: the last known state of every payment, refund, dispute and invoice of a provider.
CREATE TABLE payments (
    tenant_id     text        NOT NULL,
    source        text        NOT NULL,
    external_id   text        NOT NULL, -- pi_…, ch_…, re_…, dp_…, in_…
    kind          text        NOT NULL CHECK (kind IN ('payment', 'refund', 'dispute', 'invoice')),
    status        text        NOT NULL,
    amount_minor  bigint      NOT NULL,
    currency      text        NOT NULL,
    payer         text,                 -- person the payment names in its metadata
    parent_id     text,                 -- the payment that a refund or dispute is about
    description   text,
    provider_time timestamptz NOT NULL, -- of the event that set this state
    provider_rank smallint    NOT NULL, -- orders events of the same second
    webhook_id    uuid        NOT NULL, -- the event that set this state
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source, external_id)
);
CREATE INDEX payments_payer ON payments (tenant_id, payer) WHERE payer IS NOT NULL;

-- outbox: events that are committed and not yet published, in their order.
CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  text        NOT NULL,
    subject    text        NOT NULL,
    message_id text        NOT NULL, -- Nats-Msg-Id: publishing twice stores once
    headers    jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- bot_people: whom the bot may write to.
CREATE TABLE bot_people (
    tenant_id      text        NOT NULL,
    person_id      text        NOT NULL, -- what a payment's metadata names
    chat_id        bigint      NOT NULL,
    name           text        NOT NULL,
    role           text        NOT NULL CHECK (role IN ('applicant', 'executor', 'manager', 'admin')),
    language       text        NOT NULL CHECK (language IN ('ru', 'uz', 'en')),
    unreachable_at timestamptz,          -- blocked the bot; cleared when the person returns
    PRIMARY KEY (tenant_id, person_id)
);
CREATE INDEX bot_people_role ON bot_people (tenant_id, role);
CREATE INDEX bot_people_chat ON bot_people (tenant_id, chat_id);

-- bot_subscriptions: chats that asked for events by pattern ("github.push", "orders.*").
CREATE TABLE bot_subscriptions (
    tenant_id      text   NOT NULL,
    chat_id        bigint NOT NULL,
    pattern        text   NOT NULL,
    language       text   NOT NULL CHECK (language IN ('ru', 'uz', 'en')),
    unreachable_at timestamptz, -- the group put the bot out; cleared by subscribing again
    PRIMARY KEY (tenant_id, chat_id, pattern)
);

-- bot_notices: who was to be told what about which webhook; whether it reached
-- Telegram stands in the bucket "once".
CREATE TABLE bot_notices (
    tenant_id   text        NOT NULL,
    id          uuid        NOT NULL,
    correlation uuid        NOT NULL, -- the webhook
    event_id    uuid        NOT NULL, -- the derived event
    chat_id     bigint      NOT NULL,
    template    text        NOT NULL,
    language    text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX bot_notices_story ON bot_notices (tenant_id, correlation);
CREATE INDEX bot_notices_age ON bot_notices USING brin (created_at);

-- +goose StatementBegin
-- ensure_webhook_partition makes the partition of a day (UTC) if it is missing.
CREATE FUNCTION ensure_webhook_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'webhook_events_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(name) IS NULL THEN
        LOCK TABLE webhook_events IN SHARE UPDATE EXCLUSIVE MODE; -- as attaching does; inserts go on
        IF to_regclass(name) IS NULL THEN -- nobody made it while we waited
            -- Attached, not created as a partition: that would wait for every running insert.
            EXECUTE format('CREATE TABLE %I (LIKE webhook_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
            EXECUTE format('ALTER TABLE webhook_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
        END IF;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- drop_webhook_partitions drops the partitions of all days before the given one and returns how many.
-- It locks the whole table: behind a long read it gives up rather than make every insert wait.
CREATE FUNCTION drop_webhook_partitions(before date) RETURNS integer LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    part    text;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'webhook_events'::regclass
          AND c.relname < 'webhook_events_' || to_char(before, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP TABLE bot_notices, bot_subscriptions, bot_people, outbox, payments, webhook_attempts, webhook_events, webhook_repeats, webhook_keys, webhook_configs;
DROP FUNCTION drop_webhook_partitions(date);
DROP FUNCTION ensure_webhook_partition(date);
