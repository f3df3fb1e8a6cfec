-- Bills have numbers: what settles later has a greater one, for ever. Who reads by them misses none.
-- SQLite numbers rows by itself, but a table gets that with its making only.
DROP INDEX usage_records_newest;
DROP INDEX usage_records_key;
DROP INDEX usage_records_user;
DROP INDEX usage_records_account;
DROP INDEX usage_records_model;
ALTER TABLE usage_records RENAME TO unnumbered;

CREATE TABLE usage_records (
    settled_seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    response_uid          TEXT NOT NULL UNIQUE,
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
    client_ip             TEXT NOT NULL,
    routing               TEXT NOT NULL DEFAULT ''
) STRICT;

-- What the usage_records come to, a day (since 1970, UTC) and whatever they can be asked by: reports of millions of
-- bills. Kept by triggers, so that it is so whoever comes and goes. A sum that has no room stays at the most: no bill
-- is refused for it.
CREATE TABLE usage_daily (
    day                   INTEGER NOT NULL,
    user_name             TEXT NOT NULL,
    key_name              TEXT NOT NULL,
    group_name            TEXT NOT NULL,
    account_name          TEXT NOT NULL,
    requested_model       TEXT NOT NULL,
    request_type          INTEGER NOT NULL,
    responses             INTEGER NOT NULL,
    input_tokens          INTEGER NOT NULL,
    cached_tokens         INTEGER NOT NULL,
    cache_write_tokens    INTEGER NOT NULL,
    output_tokens         INTEGER NOT NULL,
    reasoning_tokens      INTEGER NOT NULL,
    total_tokens          INTEGER NOT NULL,
    web_searches          INTEGER NOT NULL,
    cost_nano_usd         INTEGER NOT NULL,
    account_cost_nano_usd INTEGER NOT NULL,
    PRIMARY KEY (day, user_name, key_name, group_name, account_name, requested_model, request_type)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER usage_daily_adds AFTER INSERT ON usage_records BEGIN
    INSERT INTO usage_daily VALUES (
        NEW.started_at / 86400000000,
        NEW.user_name, NEW.key_name, NEW.group_name, NEW.account_name, NEW.requested_model, NEW.request_type,
        1, NEW.input_tokens, NEW.cached_tokens, NEW.cache_write_tokens, NEW.output_tokens,
        NEW.reasoning_tokens, NEW.total_tokens, NEW.web_searches, NEW.cost_nano_usd,
        NEW.account_cost_nano_usd)
    ON CONFLICT DO UPDATE SET
        responses = responses + 1,
        input_tokens = max(-9223372036854775808, min(9223372036854775807, input_tokens + excluded.input_tokens)),
        cached_tokens = max(-9223372036854775808, min(9223372036854775807, cached_tokens + excluded.cached_tokens)),
        cache_write_tokens = max(-9223372036854775808, min(9223372036854775807, cache_write_tokens + excluded.cache_write_tokens)),
        output_tokens = max(-9223372036854775808, min(9223372036854775807, output_tokens + excluded.output_tokens)),
        reasoning_tokens = max(-9223372036854775808, min(9223372036854775807, reasoning_tokens + excluded.reasoning_tokens)),
        total_tokens = max(-9223372036854775808, min(9223372036854775807, total_tokens + excluded.total_tokens)),
        web_searches = max(-9223372036854775808, min(9223372036854775807, web_searches + excluded.web_searches)),
        cost_nano_usd = max(-9223372036854775808, min(9223372036854775807, cost_nano_usd + excluded.cost_nano_usd)),
        account_cost_nano_usd = max(-9223372036854775808, min(9223372036854775807, account_cost_nano_usd + excluded.account_cost_nano_usd));
END;

CREATE TRIGGER usage_daily_takes AFTER DELETE ON usage_records BEGIN
    UPDATE usage_daily SET
        responses = responses - 1,
        input_tokens = max(-9223372036854775808, min(9223372036854775807, input_tokens - OLD.input_tokens)),
        cached_tokens = max(-9223372036854775808, min(9223372036854775807, cached_tokens - OLD.cached_tokens)),
        cache_write_tokens = max(-9223372036854775808, min(9223372036854775807, cache_write_tokens - OLD.cache_write_tokens)),
        output_tokens = max(-9223372036854775808, min(9223372036854775807, output_tokens - OLD.output_tokens)),
        reasoning_tokens = max(-9223372036854775808, min(9223372036854775807, reasoning_tokens - OLD.reasoning_tokens)),
        total_tokens = max(-9223372036854775808, min(9223372036854775807, total_tokens - OLD.total_tokens)),
        web_searches = max(-9223372036854775808, min(9223372036854775807, web_searches - OLD.web_searches)),
        cost_nano_usd = max(-9223372036854775808, min(9223372036854775807, cost_nano_usd - OLD.cost_nano_usd)),
        account_cost_nano_usd = max(-9223372036854775808, min(9223372036854775807, account_cost_nano_usd - OLD.account_cost_nano_usd))
    WHERE day = OLD.started_at / 86400000000
        AND user_name = OLD.user_name
        AND key_name = OLD.key_name
        AND group_name = OLD.group_name
        AND account_name = OLD.account_name
        AND requested_model = OLD.requested_model
        AND request_type = OLD.request_type;
END;

INSERT INTO usage_records (
    response_uid, turn_id, upstream_response_id, user_name, key_name, group_name, account_name,
    requested_model, upstream_model, lane, session, request_type, input_tokens, cached_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, total_tokens, web_searches, status, reason,
    estimated, attempts, retry_reason, service_tier, price_version, multiplier_ppm, cost_nano_usd,
    account_cost_nano_usd, queue_ms, first_token_ms, total_ms, started_at, user_agent, client_ip, routing)
SELECT
    response_uid, turn_id, upstream_response_id, user_name, key_name, group_name, account_name,
    requested_model, upstream_model, lane, session, request_type, input_tokens, cached_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, total_tokens, web_searches, status, reason,
    estimated, attempts, retry_reason, service_tier, price_version, multiplier_ppm, cost_nano_usd,
    account_cost_nano_usd, queue_ms, first_token_ms, total_ms, started_at, user_agent, client_ip, routing
FROM unnumbered ORDER BY rowid;
DROP TABLE unnumbered;

CREATE INDEX usage_records_newest ON usage_records (started_at DESC, response_uid DESC);
CREATE INDEX usage_records_key ON usage_records (key_name, started_at DESC, response_uid DESC);
CREATE INDEX usage_records_user ON usage_records (user_name, started_at DESC, response_uid DESC);
CREATE INDEX usage_records_account ON usage_records (account_name, started_at DESC, response_uid DESC);
CREATE INDEX usage_records_model ON usage_records (requested_model, started_at DESC, response_uid DESC);

-- What was paid in, by whom and why. users.credit_nano_usd is what it comes to.
CREATE TABLE credits (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_name       TEXT NOT NULL,
    added_nano_usd  INTEGER,          -- NULL: it was set, not added to
    credit_nano_usd INTEGER,          -- after it; NULL: no limit
    by_whom         TEXT NOT NULL,
    note            TEXT NOT NULL,
    made_at         INTEGER NOT NULL  -- microseconds since 1970, UTC
) STRICT;
CREATE INDEX credits_user ON credits (user_name, number DESC);

INSERT INTO credits (user_name, credit_nano_usd, by_whom, note, made_at)
    SELECT name, credit_nano_usd, '', 'before there was a book', unixepoch() * 1000000
    FROM users WHERE credit_nano_usd IS NOT NULL;
