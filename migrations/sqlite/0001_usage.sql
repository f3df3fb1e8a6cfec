-- One row for each response (behaviour.md section 7). No checks: a bill must never be refused for its content.
CREATE TABLE usage_records (
    response_uid          TEXT PRIMARY KEY NOT NULL,
    turn_id               TEXT NOT NULL,
    upstream_response_id  TEXT NOT NULL,
    user_name             TEXT NOT NULL,
    key_name              TEXT NOT NULL,
    group_name            TEXT NOT NULL,
    account_name          TEXT NOT NULL,
    requested_model       TEXT NOT NULL,
    upstream_model        TEXT NOT NULL,
    lane                  TEXT NOT NULL,
    session               TEXT NOT NULL,
    request_type          INTEGER NOT NULL, -- 0 unknown, 1 sync, 2 stream, 3 ws_v2
    input_tokens          INTEGER NOT NULL,
    cached_tokens         INTEGER NOT NULL,
    cache_write_tokens    INTEGER NOT NULL,
    output_tokens         INTEGER NOT NULL,
    reasoning_tokens      INTEGER NOT NULL,
    total_tokens          INTEGER NOT NULL,
    web_searches          INTEGER NOT NULL,
    status                INTEGER NOT NULL, -- 0 completed, 1 incomplete, 2 failed, 3 cancelled, 4 aborted
    reason                TEXT NOT NULL,
    estimated             INTEGER NOT NULL,
    attempts              INTEGER NOT NULL,
    retry_reason          TEXT NOT NULL,
    service_tier          TEXT NOT NULL,
    price_version         TEXT NOT NULL,
    multiplier_ppm        INTEGER NOT NULL,
    cost_nano_usd         INTEGER NOT NULL,
    account_cost_nano_usd INTEGER NOT NULL,
    queue_ms              INTEGER NOT NULL,
    first_token_ms        INTEGER,
    total_ms              INTEGER NOT NULL,
    started_at            INTEGER NOT NULL, -- microseconds since 1970, UTC
    user_agent            TEXT NOT NULL,
    client_ip             TEXT NOT NULL
) STRICT;

CREATE INDEX usage_records_newest ON usage_records (started_at DESC, response_uid DESC);
CREATE INDEX usage_records_key ON usage_records (key_name, started_at);
CREATE INDEX usage_records_user ON usage_records (user_name, started_at);
CREATE INDEX usage_records_account ON usage_records (account_name, started_at);
CREATE INDEX usage_records_model ON usage_records (requested_model, started_at);
