#include "turngate/config/restart.hpp"

#include <functional>
#include <string_view>
#include <tuple>

namespace turngate::config {
namespace {

struct Row
{
    std::string_view key;
    std::function<bool(const Config&, const Config&)> differs;
};

template <class Get>
Row row(std::string_view key, Get get)
{
    return {key, [get](const Config& a, const Config& b) { return get(a) != get(b); }};
}

// What is made once, before the first client comes. All other keys are asked for by each turn,
// socket or connection that begins.
const std::vector<Row>& rows()
{
    using C = const Config&;
    static const std::vector<Row> all{
        row("server.listen", [](C c) { return c.server.listen; }),
        row("server.threads", [](C c) { return c.server.threads; }),
        row("server.drain_timeout", [](C c) { return c.server.drain_timeout; }),
        row("admin.listen", [](C c) { return c.admin.listen; }),
        row("admin.query_timeout", [](C c) { return c.admin.query_timeout; }),
        row("pool.park_ttl", [](C c) { return c.pool.park_ttl; }),
        row("pool.ping_interval", [](C c) { return c.pool.ping_interval; }),
        row("pool.pong_timeout", [](C c) { return c.pool.pong_timeout; }),
        row("relay.silence_timeout", [](C c) { return c.relay.silence_timeout; }),
        row("continuity.chain_max_per_session",
            [](C c) { return c.continuity.chain_max_per_session; }),
        row("continuity.chain_max_total", [](C c) { return c.continuity.chain_max_total; }),
        row("state.backend", [](C c) { return c.state.backend; }),
        row("state.instance", [](C c) { return c.state.instance; }),
        row("state.redis.url",
            [](C c) {
                const Redis& redis = c.state.redis;
                return std::tuple(redis.host, redis.port, redis.path, redis.database);
            }),
        row("state.redis.user", [](C c) { return c.state.redis.user; }),
        row("state.redis.password", [](C c) { return c.state.redis.password; }),
        row("state.redis.timeout", [](C c) { return c.state.redis.timeout; }),
        row("state.redis.hold_timeout", [](C c) { return c.state.redis.hold_timeout; }),
        row("usage.repository", [](C c) { return c.usage.repository; }),
        row("usage.sqlite.path", [](C c) { return c.usage.sqlite_path; }),
        row("usage.postgres.url", [](C c) { return c.usage.postgres.url; }),
        row("usage.postgres.pool", [](C c) { return c.usage.postgres.pool; }),
        row("usage.journal.dir", [](C c) { return c.usage.journal.dir; }),
        row("usage.journal.fsync", [](C c) { return c.usage.journal.fsync; }),
        row("log.level", [](C c) { return c.log.level; }),
        row("log.format", [](C c) { return c.log.format; }),
    };
    return all;
}

} // namespace

std::vector<std::string> restart_keys()
{
    std::vector<std::string> keys;
    for (const Row& row : rows())
        keys.emplace_back(row.key);
    return keys;
}

std::vector<std::string> changed_until_restart(const Config& before, const Config& after)
{
    std::vector<std::string> keys;
    for (const Row& row : rows())
        if (row.differs(before, after))
            keys.emplace_back(row.key);
    return keys;
}

} // namespace turngate::config
