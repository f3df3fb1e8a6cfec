-- One row for each response (behaviour.md section 7). No checks: a bill must never be refused for its content.
-- Not partitioned: response_uid alone must stay unique, which a table partitioned by time cannot promise.
-- COLLATE "C": names compare as bytes, here as everywhere else.
CREATE TABLE usage_records (
    response_uid          text COLLATE "C" PRIMARY KEY,
    turn_id               text COLLATE "C" NOT NULL,
    upstream_response_id  text COLLATE "C" NOT NULL,
    user_name             text COLLATE "C" NOT NULL,
    key_name              text COLLATE "C" NOT NULL,
    group_name            text COLLATE "C" NOT NULL,
    account_name          text COLLATE "C" NOT NULL,
    requested_model       text COLLATE "C" NOT NULL,
    upstream_model        text COLLATE "C" NOT NULL,
    lane                  text COLLATE "C" NOT NULL,
    session               text COLLATE "C" NOT NULL,
    request_type          smallint NOT NULL, -- 0 unknown, 1 sync, 2 stream, 3 ws_v2
    input_tokens          bigint NOT NULL,
    cached_tokens         bigint NOT NULL,
    cache_write_tokens    bigint NOT NULL,
    output_tokens         bigint NOT NULL,
    reasoning_tokens      bigint NOT NULL,
    total_tokens          bigint NOT NULL,
    web_searches          bigint NOT NULL,
    status                smallint NOT NULL, -- 0 completed, 1 incomplete, 2 failed, 3 cancelled, 4 aborted
    reason                text COLLATE "C" NOT NULL,
    estimated             smallint NOT NULL, -- 0, 1
    attempts              integer NOT NULL,
    retry_reason          text COLLATE "C" NOT NULL,
    service_tier          text COLLATE "C" NOT NULL,
    price_version         text COLLATE "C" NOT NULL,
    multiplier_ppm        bigint NOT NULL,
    cost_nano_usd         bigint NOT NULL,
    account_cost_nano_usd bigint NOT NULL,
    queue_ms              bigint NOT NULL,
    first_token_ms        bigint,
    total_ms              bigint NOT NULL,
    started_at            bigint NOT NULL, -- microseconds since 1970, UTC
    user_agent            text COLLATE "C" NOT NULL,
    client_ip             text COLLATE "C" NOT NULL,
    routing               text COLLATE "C" NOT NULL
);

CREATE INDEX usage_records_newest ON usage_records (started_at DESC, response_uid DESC);
CREATE INDEX usage_records_key ON usage_records (key_name, started_at);
CREATE INDEX usage_records_user ON usage_records (user_name, started_at);
CREATE INDEX usage_records_account ON usage_records (account_name, started_at);
CREATE INDEX usage_records_model ON usage_records (requested_model, started_at);
