-- The bot: whose bots there are, what people want to be told, which commands a
-- company changed, how the bot was used.

-- +goose Up

-- bots: one Telegram bot per tenant. config is the bot's token and its key for
-- the housing services, sealed by the keyset; the gateway reads a copy in NATS.
CREATE TABLE bots (
    tenant_id  text        PRIMARY KEY,
    bot_id     bigint      NOT NULL UNIQUE, -- the public half of the token
    username   text        NOT NULL,
    config     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- bot_people: also what a person's roles are and what they want to be told.
ALTER TABLE bot_people
    ADD COLUMN roles      text[]   NOT NULL DEFAULT '{}', -- all of them; role is the active one
    ADD COLUMN blocked    boolean  NOT NULL DEFAULT false, -- by the company: hears of that and of nothing else
    ADD COLUMN muted      text[]   NOT NULL DEFAULT '{}', -- kinds of notices not wanted
    ADD COLUMN quiet_from smallint,                       -- minute of the company's day; both or none
    ADD COLUMN quiet_to   smallint,
    ADD CONSTRAINT bot_people_quiet CHECK (
        (quiet_from IS NULL) = (quiet_to IS NULL)
        AND coalesce(quiet_from, 0) BETWEEN 0 AND 1439 AND coalesce(quiet_to, 0) BETWEEN 0 AND 1439);
UPDATE bot_people SET roles = ARRAY[role];
CREATE INDEX bot_people_roles ON bot_people USING gin (roles);

-- bot_commands: what a company changes about the bot's commands.
CREATE TABLE bot_commands (
    tenant_id    text    NOT NULL,
    command      text    NOT NULL,
    enabled      boolean NOT NULL DEFAULT true,
    roles        text[],                        -- NULL: as the bot has it
    descriptions jsonb   NOT NULL DEFAULT '{}', -- by language
    PRIMARY KEY (tenant_id, command)
);

-- bot_metrics: how the bot was used, per hour and per day (UTC). Durations are
-- sums and maxima in milliseconds; divide by updates for a mean.
CREATE TABLE bot_metrics (
    tenant_id   text        NOT NULL,
    period      text        NOT NULL CHECK (period IN ('hour', 'day')),
    began_at    timestamptz NOT NULL,
    kind        text        NOT NULL, -- text, command, tap, photo …
    name        text        NOT NULL, -- command, button or step; '' for none
    outcome     text        NOT NULL, -- done, limited, refused, away, failed …
    updates     bigint      NOT NULL,
    handler_ms  double precision NOT NULL, -- without Telegram's time
    handler_max double precision NOT NULL,
    api_ms      double precision NOT NULL,
    telegram_ms double precision NOT NULL,
    PRIMARY KEY (tenant_id, period, began_at, kind, name, outcome)
);
CREATE INDEX bot_metrics_age ON bot_metrics USING brin (began_at);

-- +goose Down
DROP TABLE bot_metrics, bot_commands, bots;
DROP INDEX bot_people_roles;
ALTER TABLE bot_people DROP CONSTRAINT bot_people_quiet, DROP COLUMN roles, DROP COLUMN blocked, DROP COLUMN muted, DROP COLUMN quiet_from, DROP COLUMN quiet_to;
