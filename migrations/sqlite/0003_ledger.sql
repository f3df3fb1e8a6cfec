-- What bills come to. A row comes with a user's or key's first bill, wherever its definition is.
CREATE TABLE users (
    name            TEXT PRIMARY KEY NOT NULL,
    credit_nano_usd INTEGER,          -- what was paid in; NULL: nothing is known here
    spent_nano_usd  INTEGER NOT NULL  -- the sum of the user's usage_records
) STRICT;

CREATE TABLE keys (
    name            TEXT PRIMARY KEY NOT NULL,
    used_nano_usd   INTEGER NOT NULL, -- the sum of the key's usage_records
    sha256          TEXT UNIQUE,      -- of the secret; NULL: the key is none of this table, and neither is the rest
    user_name       TEXT,
    group_name      TEXT,
    quota_nano_usd  INTEGER,          -- NULL: no limit
    rpm             INTEGER,          -- 0: no limit
    tpm             INTEGER,
    expires_at      INTEGER,          -- microseconds since 1970, UTC, as the next ones
    revoked_at      INTEGER,
    created_at      INTEGER
) STRICT;

-- Bills that could not be taken, and why.
CREATE TABLE dead_letters (
    sha256       TEXT PRIMARY KEY NOT NULL, -- of the record
    response_uid TEXT NOT NULL,
    reason       TEXT NOT NULL,
    record       TEXT NOT NULL,             -- JSON, as the API shows records
    refused_at   INTEGER NOT NULL
) STRICT;

INSERT INTO users (name, spent_nano_usd)
    SELECT user_name, sum(cost_nano_usd) FROM usage_records WHERE user_name <> '' GROUP BY user_name;
INSERT INTO keys (name, used_nano_usd)
    SELECT key_name, sum(cost_nano_usd) FROM usage_records WHERE key_name <> '' GROUP BY key_name;
