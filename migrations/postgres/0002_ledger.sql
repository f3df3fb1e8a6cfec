-- What bills come to. A row comes with a user's or key's first bill, wherever its definition is.
CREATE TABLE users (
    name            text COLLATE "C" PRIMARY KEY,
    credit_nano_usd bigint,          -- what was paid in; NULL: nothing is known here
    spent_nano_usd  bigint NOT NULL  -- the sum of the user's usage_records
);

CREATE TABLE keys (
    name            text COLLATE "C" PRIMARY KEY,
    used_nano_usd   bigint NOT NULL, -- the sum of the key's usage_records
    sha256          text COLLATE "C" UNIQUE, -- of the secret; NULL: the key is none of this table, and neither is the rest
    user_name       text COLLATE "C",
    group_name      text COLLATE "C",
    quota_nano_usd  bigint,          -- NULL: no limit
    rpm             bigint,          -- 0: no limit
    tpm             bigint,
    expires_at      bigint,          -- microseconds since 1970, UTC, as the next ones
    revoked_at      bigint,
    created_at      bigint
);

-- Bills that could not be taken, and why.
CREATE TABLE dead_letters (
    sha256       text COLLATE "C" PRIMARY KEY, -- of the record
    response_uid text COLLATE "C" NOT NULL,
    reason       text NOT NULL,
    record       text NOT NULL,                -- JSON, as the API shows records
    refused_at   bigint NOT NULL
);

INSERT INTO users (name, spent_nano_usd)
    SELECT user_name, sum(cost_nano_usd) FROM usage_records WHERE user_name <> '' GROUP BY user_name;
INSERT INTO keys (name, used_nano_usd)
    SELECT key_name, sum(cost_nano_usd) FROM usage_records WHERE key_name <> '' GROUP BY key_name;
