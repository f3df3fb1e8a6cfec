#include "scratch.hpp"

#include "turngate/config/restart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace turngate::config::test {
namespace {

using testing::ElementsAre;

// Taken by the next turn, socket or connection: the code that asks for them was read.
constexpr const char* kAtOnce = R"(
server.tls.cert server.tls.key server.deflate server.trusted_proxies server.cors_origins admin.token admin.hosts
accounts.name accounts.kind accounts.base_url accounts.api_key accounts.credentials.command
accounts.credentials.refresh accounts.groups accounts.mode accounts.concurrency
accounts.max_connections accounts.priority accounts.cost_multiplier accounts.models accounts.proxy
accounts.transport accounts.stores accounts.compaction accounts.drop.fields accounts.drop.tools
accounts.drop.items accounts.keep_idle accounts.lanes accounts.control_events accounts.max_age accounts.forward_headers accounts.headers
groups.name groups.mode groups.http groups.multiplier
users.name users.concurrency users.balance_usd users.group_multipliers
keys.name keys.key keys.user keys.group keys.quota_usd keys.rpm keys.tpm keys.allow_ips
lanes.overlap
relay.hold_lifecycle relay.max_buffer relay.client_write_timeout relay.event_timeout
pool.spares continuity.unknown_parent continuity.shorten_resends recovery.max_attempts recovery.budget
scheduler.pick scheduler.top_k scheduler.temperature scheduler.sticky_max_error_rate
scheduler.weights.priority scheduler.weights.load scheduler.weights.queue
scheduler.weights.error_rate scheduler.weights.ttft scheduler.breaker.failures
scheduler.breaker.open scheduler.breaker.max_open scheduler.breaker.probes
usage.journal.on_failure usage.aborted_turns usage.drain_timeout
pricing.file pricing.unknown_model
limits.max_client_message limits.max_request_body limits.waiting_per_session limits.waiting_total limits.message_timeout
limits.sockets_per_key limits.sockets_per_ip limits.sockets limits.handshake_timeout
limits.first_create limits.idle
http.idle http.head_after http.keepalive http.keepalive_event http.keepalive_event_interval
http.document_keepalive http.pass_rate_limits http.background_timeout http.account_timeout
models.catalogue background.max_log background.max_total background.keep
)";

std::set<std::string> words(const std::string& text)
{
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), {}};
}

// All keys that a file may have: every kind of item is in this one.
std::set<std::string> all_keys()
{
    const Loaded loaded = load_text(kEnough + "groups: [{name: default}]\nusers: [{name: u}]\n");
    std::set<std::string> keys = loaded.keys;
    std::erase_if(keys, [&](const std::string& key) { // what has keys of its own
        const auto below = loaded.keys.lower_bound(key + ".");
        return below != loaded.keys.end() && below->starts_with(key + ".");
    });
    return keys;
}

TEST(Restart, IsDecidedForEveryKeyThereIs)
{
    const std::set<std::string> at_once = words(kAtOnce), all = all_keys();
    const auto table = restart_keys();
    const std::set<std::string> restart(table.begin(), table.end());
    for (const std::string& key : all)
        EXPECT_NE(at_once.contains(key), restart.contains(key))
            << key << ": into the table of config/restart.cpp, or into the list of this test";
    for (const auto& keys : {at_once, restart})
        for (const std::string& key : keys)
            EXPECT_TRUE(all.contains(key)) << key << " is no key";
}

TEST(Restart, IsNeededByWhatHasChanged)
{
    const auto changed = [](const std::string& before, const std::string& after) {
        const auto a = load_text("accounts: [{name: a, base_url: https://x.test, api_key: up}]\n"
                                 "keys: [{name: k, key: s}]\n" +
                                 before);
        const auto b = load_text("accounts: [{name: b, base_url: https://y.test, api_key: up}]\n"
                                 "keys: [{name: l, key: s}]\n" +
                                 after);
        EXPECT_THAT(texts(b.complaints), ElementsAre());
        return changed_until_restart(*a.config, *b.config);
    };
    // The data of two files in two folders are in two places.
    const std::string data = "usage: {sqlite: {path: /u}, journal: {dir: /j}}\n";
    EXPECT_THAT(changed(data, data + "server: {deflate: off}\nlimits: {idle: 1m}\n"),
                ElementsAre());
    EXPECT_THAT(changed(data, data + "server: {listen: 127.0.0.1:0, threads: 3}\n"),
                ElementsAre("server.listen", "server.threads"));
    EXPECT_THAT(changed(data + "state: {redis: {url: 'redis://a:b@c:1/2'}}\n",
                        data + "state: {redis: {url: 'redis://a:d@c:1/3'}}\n"),
                ElementsAre("state.redis.url", "state.redis.password"));
    EXPECT_THAT(changed(data, "usage: {sqlite: {path: /v}, journal: {dir: /k}}\n"),
                ElementsAre("usage.sqlite.path", "usage.journal.dir"));
}

} // namespace
} // namespace turngate::config::test
