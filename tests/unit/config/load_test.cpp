#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace turngate::config::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::shared_ptr<const Config> good(std::string_view yaml)
{
    Loaded loaded = load_text(yaml);
    EXPECT_THAT(texts(loaded.complaints), ElementsAre());
    return loaded.config ? loaded.config : std::make_shared<const Config>();
}

TEST(Load, NeedsNoMoreThanAnAccountAndAKey)
{
    const auto config = good(kEnough);
    EXPECT_THAT(config->server.listen, ElementsAre("127.0.0.1:0"));
    EXPECT_TRUE(config->server.deflate);
    EXPECT_FALSE(config->server.tls);
    EXPECT_EQ(config->admin.listen, "127.0.0.1:9090");
    ASSERT_EQ(config->accounts.size(), 1u);
    EXPECT_EQ(config->accounts[0].base_url, "https://x.test/v1");
    EXPECT_EQ(config->accounts[0].api_key, "up");
    EXPECT_THAT(config->accounts[0].groups, ElementsAre("default"));
    EXPECT_EQ(config->accounts[0].concurrency, 64u);
    EXPECT_EQ(config->accounts[0].max_age, 55min);
    ASSERT_EQ(config->groups.size(), 1u);
    EXPECT_EQ(config->groups[0].name, "default");
    ASSERT_EQ(config->users.size(), 1u);
    EXPECT_EQ(config->users[0].name, "default");
    ASSERT_EQ(config->keys.size(), 1u);
    EXPECT_EQ(config->keys[0].digest, core::sha256("secret"));
    EXPECT_EQ(config->keys[0].user, "default");
    EXPECT_EQ(config->keys[0].group, "default");
    EXPECT_EQ(config->limits.idle, 30min);
    EXPECT_EQ(config->limits.waiting_per_session, 32u << 20);
    EXPECT_EQ(config->limits.waiting_total, 1u << 30);
    EXPECT_EQ(config->limits.message_timeout, 60s);
    EXPECT_EQ(config->http.keepalive_event, KeepaliveEvent::codex);
    EXPECT_EQ(config->http.keepalive_event_interval, 100s);
}

TEST(Load, TakesAlwaysForAnFsyncOfEachBill)
{
    const auto config = good(kEnough + "usage: {journal: {fsync: always}}\n");
    EXPECT_EQ(config->usage.journal.fsync, 0ms);
}

TEST(Load, TakesPostgresWithItsUrl)
{
    const Environment environment("TURNGATE_TEST_PASSWORD", "p%20w");
    const auto config =
        good(kEnough + "usage:\n"
                       "  repository: postgres\n"
                       "  postgres:\n"
                       "    url: postgresql://turngate:${TURNGATE_TEST_PASSWORD}@db/x\n"
                       "    pool: 8\n");
    EXPECT_EQ(config->usage.repository, UsageBackend::postgres);
    EXPECT_EQ(config->usage.postgres.url, "postgresql://turngate:p%20w@db/x");
    EXPECT_EQ(config->usage.postgres.pool, 8u);
    EXPECT_EQ(good(kEnough)->usage.repository, UsageBackend::sqlite);
}

TEST(Load, ReadsEveryPart)
{
    const auto config = good(R"(
server:
  listen: [127.0.0.1:0, '[::1]:8080', 'unix:/run/turngate.sock']
  threads: 3
  deflate: off
  trusted_proxies: [10.0.0.0/8, ::1, unix]
admin: {listen: 0.0.0.0:9090, token: t, hosts: [gate.test], query_timeout: 2s}
accounts:
  - name: a
    kind: xai
    base_url: wss://x.test:8443/v1
    api_key: up
    groups: [vip, default]
    mode: off
    concurrency: 1
    max_connections: 2
    priority: -5
    cost_multiplier: 0.5
    models: {gpt-5.2: grok, other.model: o}
    proxy: socks5h://me:pw@p.test:1080
    forward_headers: [X-Mine]
    headers: {X-Team: "a, b", User-Agent: gate/1}
groups: [{name: default, multiplier: 1.000001}, {name: vip, mode: off, multiplier: 0}]
users: [{name: u, concurrency: 8, group_multipliers: {vip: 0.8}}]
keys: [{name: k, key: secret, user: u, group: vip, allow_ips: [192.0.2.1]}]
relay: {max_buffer: 64KiB, client_write_timeout: 5s}
pool: {ping_interval: 250ms}
continuity: {unknown_parent: forward}
usage:
  sqlite: {path: /tmp/u.db}
  journal: {dir: /tmp/j, fsync: 5ms, on_failure: continue}
  aborted_turns: free
  drain_timeout: 5s
pricing: {file: /nowhere/p.yaml, unknown_model: gpt-5.2}
http: {keepalive_event: all, keepalive_event_interval: 20s}
limits: {max_client_message: 1MiB, waiting_per_session: 2MiB, waiting_total: 3MiB, message_timeout: 5s, sockets_per_key: 1, sockets_per_ip: 2, sockets: 3, handshake_timeout: 1s, first_create: 2s, idle: 1h}
log: {level: debug, format: json}
)");
    EXPECT_THAT(config->server.listen,
                ElementsAre("127.0.0.1:0", "[::1]:8080", "unix:/run/turngate.sock"));
    EXPECT_EQ(config->server.threads, 3u);
    EXPECT_FALSE(config->server.deflate);
    EXPECT_THAT(config->server.trusted_proxies, ElementsAre("10.0.0.0/8", "::1", "unix"));
    EXPECT_EQ(config->admin.token, "t");
    EXPECT_THAT(config->admin.hosts, ElementsAre("gate.test"));
    EXPECT_EQ(config->admin.query_timeout, 2s);

    ASSERT_EQ(config->accounts.size(), 1u);
    const Account& account = config->accounts[0];
    EXPECT_EQ(account.kind, AccountKind::xai);
    EXPECT_THAT(account.groups, ElementsAre("vip", "default"));
    EXPECT_EQ(account.mode, Mode::off);
    EXPECT_EQ(account.concurrency, 1u);
    EXPECT_EQ(account.max_connections, 2u);
    EXPECT_EQ(account.priority, -5);
    EXPECT_EQ(account.cost_multiplier.value, 500'000);
    EXPECT_THAT(account.models,
                ElementsAre(testing::Pair("gpt-5.2", "grok"), testing::Pair("other.model", "o")));
    EXPECT_EQ(account.proxy, "socks5h://me:pw@p.test:1080");
    EXPECT_FALSE(account.lanes);
    EXPECT_EQ(account.max_age, 20min);
    EXPECT_THAT(account.forward_headers, ElementsAre("x-mine"));
    EXPECT_THAT(
        account.headers,
        ElementsAre(testing::Pair("user-agent", "gate/1"), testing::Pair("x-team", "a, b")));

    ASSERT_EQ(config->groups.size(), 2u);
    EXPECT_EQ(config->groups[0].multiplier.value, 1'000'001);
    EXPECT_EQ(config->groups[1].mode, Mode::off);
    EXPECT_EQ(config->groups[1].multiplier.value, 0);
    ASSERT_EQ(config->users.size(), 1u);
    EXPECT_EQ(config->users[0].concurrency, 8u);
    EXPECT_EQ(config->users[0].group_multipliers.at("vip").value, 800'000);
    ASSERT_EQ(config->keys.size(), 1u);
    EXPECT_EQ(config->keys[0].user, "u");
    EXPECT_EQ(config->keys[0].group, "vip");
    EXPECT_THAT(config->keys[0].allow_ips, ElementsAre("192.0.2.1"));

    EXPECT_EQ(config->relay.max_buffer, 65'536u);
    EXPECT_EQ(config->relay.client_write_timeout, 5s);
    EXPECT_EQ(config->pool.ping_interval, 250ms);
    EXPECT_EQ(config->continuity.unknown_parent, UnknownParent::forward);
    EXPECT_EQ(config->usage.sqlite_path, "/tmp/u.db");
    EXPECT_EQ(config->usage.journal.dir, "/tmp/j");
    EXPECT_EQ(config->usage.journal.fsync, 5ms);
    EXPECT_EQ(config->usage.journal.on_failure, OnJournalFailure::keep_serving);
    EXPECT_EQ(config->usage.aborted_turns, AbortedTurns::free);
    EXPECT_EQ(config->usage.drain_timeout, 5s);
    EXPECT_EQ(config->pricing.file, "/nowhere/p.yaml");
    EXPECT_EQ(config->pricing.unknown_model, "gpt-5.2");
    EXPECT_EQ(config->limits.max_client_message, 1'048'576u);
    EXPECT_EQ(config->limits.waiting_per_session, 2u << 20);
    EXPECT_EQ(config->limits.waiting_total, 3u << 20);
    EXPECT_EQ(config->limits.message_timeout, 5s);
    EXPECT_EQ(config->http.keepalive_event, KeepaliveEvent::all);
    EXPECT_EQ(config->http.keepalive_event_interval, 20s);
    EXPECT_EQ(config->limits.sockets_per_key, 1u);
    EXPECT_EQ(config->limits.sockets_per_ip, 2u);
    EXPECT_EQ(config->limits.sockets, 3u);
    EXPECT_EQ(config->limits.handshake_timeout, 1s);
    EXPECT_EQ(config->limits.first_create, 2s);
    EXPECT_EQ(config->limits.idle, 1h);
    EXPECT_EQ(config->log.level, LogLevel::debug);
    EXPECT_EQ(config->log.format, LogFormat::json);
}

Redis redis_of(const std::string& fields)
{
    return good(kEnough + "state: {redis: {" + fields + "}}\n")->state.redis;
}

TEST(Load, ReadsWhereRedisIs)
{
    const Redis usual = redis_of("");
    EXPECT_EQ(usual.host, "127.0.0.1");
    EXPECT_EQ(usual.port, 6379);
    EXPECT_EQ(usual.timeout, 50ms);
    EXPECT_EQ(usual.hold_timeout, 250ms);

    const Redis full =
        redis_of("url: 'redis://me:p%40ss%3a@[::1]:7000/3', timeout: 20ms, hold_timeout: 1s");
    EXPECT_EQ(full.host, "::1");
    EXPECT_EQ(full.port, 7000);
    EXPECT_EQ(full.database, 3u);
    EXPECT_EQ(full.user, "me");
    EXPECT_EQ(full.password, "p@ss:");
    EXPECT_EQ(full.timeout, 20ms);
    EXPECT_EQ(full.hold_timeout, 1s);

    const Redis password_only = redis_of("url: 'redis://:secret@cache.test/'");
    EXPECT_EQ(password_only.host, "cache.test");
    EXPECT_EQ(password_only.port, 6379);
    EXPECT_EQ(password_only.user, "");
    EXPECT_EQ(password_only.password, "secret");
    EXPECT_EQ(password_only.database, 0u);

    const Redis beside = redis_of("url: 'unix:/run/redis.sock?db=2', user: me, password: 'p%w'");
    EXPECT_EQ(beside.path, "/run/redis.sock");
    EXPECT_EQ(beside.database, 2u);
    EXPECT_EQ(beside.user, "me");
    EXPECT_EQ(beside.password, "p%w");
}

TEST(Load, ReadsWhoThisGatewayIs)
{
    EXPECT_EQ(good(kEnough)->state.backend, StateBackend::memory);
    EXPECT_EQ(good(kEnough)->state.instance, "");
    const auto shared = good(kEnough + "state: {backend: redis, instance: 'gate 1'}\n");
    EXPECT_EQ(shared->state.backend, StateBackend::redis);
    EXPECT_EQ(shared->state.instance, "gate 1");
}

TEST(Load, ReadsTheScheduler)
{
    const auto defaults = good(kEnough)->scheduler;
    EXPECT_EQ(defaults.pick, Pick::weighted_top_k);
    EXPECT_EQ(defaults.top_k, 7u);
    EXPECT_EQ(defaults.weights.queue, 0.7);
    EXPECT_EQ(defaults.breaker.open, 30s);

    const auto given = good(kEnough + "scheduler:\n"
                                      "  pick: softmax\n"
                                      "  top_k: 3\n"
                                      "  temperature: 1.5\n"
                                      "  sticky_max_error_rate: 0.25\n"
                                      "  weights: {priority: 0, load: 2.5, ttft: 0.125}\n"
                                      "  breaker: {failures: 2, open: 10m, probes: 1}\n")
                           ->scheduler;
    EXPECT_EQ(given.pick, Pick::softmax);
    EXPECT_EQ(given.top_k, 3u);
    EXPECT_EQ(given.temperature, 1.5);
    EXPECT_EQ(given.sticky_max_error_rate, 0.25);
    EXPECT_EQ(given.weights.priority, 0);
    EXPECT_EQ(given.weights.load, 2.5);
    EXPECT_EQ(given.weights.queue, 0.7);
    EXPECT_EQ(given.weights.ttft, 0.125);
    EXPECT_EQ(given.breaker.failures, 2u);
    EXPECT_EQ(given.breaker.open, 10min);
    EXPECT_EQ(given.breaker.max_open, 10min); // never shorter than the first time
    EXPECT_EQ(given.breaker.probes, 1u);
}

TEST(Load, SetsWhatAnAccountCanDoByItsKind)
{
    const auto config =
        good("accounts:\n"
             "  - {name: o, kind: openai, base_url: https://x.test, api_key: k}\n"
             "  - {name: a, kind: azure, base_url: https://x.test, api_key: k}\n"
             "  - {name: x, kind: xai, lanes: true, base_url: https://x.test, api_key: k}\n"
             "  - {name: c, kind: custom, lanes: off, base_url: https://x.test, api_key: k}\n"
             "keys: [{name: k, key: s}]\n");
    ASSERT_EQ(config->accounts.size(), 4u);
    EXPECT_TRUE(config->accounts[0].lanes);
    EXPECT_FALSE(config->accounts[1].lanes);
    EXPECT_TRUE(config->accounts[2].lanes);
    EXPECT_FALSE(config->accounts[3].lanes);
}

TEST(Load, TakesABlankProxyAndABlankCertificateForNone)
{
    const auto config =
        good("server: {tls: {cert: , key: }}\n"
             "accounts: [{name: a, base_url: https://x.test, api_key: k, proxy: }]\n"
             "keys: [{name: k, key: s}]\n");
    EXPECT_FALSE(config->server.tls);
    ASSERT_EQ(config->accounts.size(), 1u);
    EXPECT_EQ(config->accounts[0].proxy, "");
}

TEST(Load, TakesKeysHashedOrPlainOrFromAFile)
{
    const Scratch scratch;
    const std::string secret = scratch.write("secret", "from-file\r\n");
    const auto config =
        good("accounts: [{name: a, base_url: https://x.test, api_key: 'file:" + secret +
             "'}]\nkeys:\n  - {name: p, key: plain}\n  - {name: f, key: 'file:" + secret +
             "'}\n  - {name: h, key: 'sha256:" + core::sha256("hashed").hex() + "'}\n");
    ASSERT_EQ(config->keys.size(), 3u);
    EXPECT_EQ(config->accounts[0].api_key, "from-file");
    EXPECT_EQ(config->keys[0].digest, core::sha256("plain"));
    EXPECT_EQ(config->keys[1].digest, core::sha256("from-file"));
    EXPECT_EQ(config->keys[2].digest, core::sha256("hashed"));
}

TEST(Load, WarnsOfOldModeNames)
{
    const Loaded loaded = load_text(kEnough + "groups: [{name: default, mode: shared}, "
                                              "{name: b, mode: dedicated}]\n");
    EXPECT_THAT(texts(loaded.complaints), ElementsAre());
    EXPECT_THAT(texts(loaded.warnings),
                ElementsAre("4: groups[0].mode: \"shared\" is an old name of ctx_pool",
                            "4: groups[1].mode: \"dedicated\" is an old name of ctx_pool"));
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->groups[0].mode, Mode::ctx_pool);
}

TEST(Load, PutsVariablesIntoAnyStringAlsoInsideBraces)
{
    const Environment name("TURNGATE_TEST_NAME", "team: [a] # not yaml");
    const Environment empty("TURNGATE_TEST_EMPTY", "");
    const auto config =
        good("accounts: [{name: ${TURNGATE_TEST_NAME}, base_url: 'https://${NO_SUCH:-x.test}/v1',"
             " api_key: ${NO_SUCH:-up}}]\n"
             "keys:\n"
             "  - name: ${TURNGATE_TEST_EMPTY:-dev}\n"
             "    key: a$${b}\n");
    ASSERT_EQ(config->accounts.size(), 1u);
    EXPECT_EQ(config->accounts[0].name, "team: [a] # not yaml");
    EXPECT_EQ(config->accounts[0].base_url, "https://x.test/v1");
    EXPECT_EQ(config->accounts[0].api_key, "up");
    ASSERT_EQ(config->keys.size(), 1u);
    EXPECT_EQ(config->keys[0].name, "dev");
    EXPECT_EQ(config->keys[0].digest, core::sha256("a${b}"));
}

TEST(Load, TakesYamlAliases)
{
    const auto config = good("accounts:\n"
                             "  - {name: a, base_url: &url https://x.test, api_key: k}\n"
                             "  - {name: b, base_url: *url, api_key: k}\n"
                             "keys: [{name: k, key: s}]\n");
    ASSERT_EQ(config->accounts.size(), 2u);
    EXPECT_EQ(config->accounts[1].base_url, "https://x.test");
}

TEST(Load, FindsThePricesBesideTheFile)
{
    const Scratch scratch;
    const std::string prices = scratch.write("pricing.yaml", "");
    const std::string named =
        scratch.write("named.yaml", kEnough + "pricing: {file: pricing.yaml}\n");
    const std::string silent = scratch.write("silent.yaml", kEnough);
    EXPECT_EQ(load(named).config->pricing.file, prices);
    EXPECT_EQ(load(silent).config->pricing.file, prices);
}

// So that each command finds the same ones, wherever it is run.
TEST(Load, ReadsWhosePagesMayAsk)
{
    const std::string rest = "accounts: [{name: a, base_url: https://x.test/v1, api_key: up}]\n"
                             "keys: [{name: k, key: s}]\n";
    const Loaded good =
        load_text("server: {cors_origins: [https://app.test, 'http://[::1]:3000', '*']}\n" + rest);
    ASSERT_TRUE(good.config);
    EXPECT_EQ(good.config->server.cors_origins,
              (std::vector<std::string>{"https://app.test", "http://[::1]:3000", "*"}));
    for (const char* odd :
         {"app.test", "https://", "://app.test", "https://app.test/", "a b://c"}) {
        const Loaded bad =
            load_text("server: {cors_origins: ['" + std::string(odd) + "']}\n" + rest);
        EXPECT_EQ(bad.complaints.size(), 1) << odd;
    }
}

TEST(Load, ReadsTheModelsThatCodexWants)
{
    const std::string entry =
        R"({"slug":"m","display_name":"M","supported_reasoning_levels":[],"shell_type":"x",)"
        R"("visibility":"list","supported_in_api":true,"priority":1,"base_instructions":"",)"
        R"("support_verbosity":true,"truncation_policy":{},"experimental_supported_tools":[]})";
    const auto load_with = [](const std::string& text) {
        const Scratch scratch;
        scratch.write("models.json", text);
        return load(scratch.write("config.yaml", kEnough + "models: {catalogue: models.json}\n"));
    };
    for (const std::string& good : {"[" + entry + "]", "{\"models\":[" + entry + "]}"}) {
        const Loaded loaded = load_with(good);
        ASSERT_TRUE(loaded.config) << good;
        EXPECT_NE(loaded.config->models.catalogue.find("display_name"), std::string::npos);
    }
    for (const std::string& bad : {std::string("{"),
                                   std::string("{}"),
                                   std::string("[1]"),
                                   std::string("[{\"slug\":\"m\"}]"),
                                   "[" + entry + ",{}]"}) {
        const Loaded loaded = load_with(bad);
        ASSERT_EQ(loaded.complaints.size(), 1) << bad;
        EXPECT_EQ(loaded.complaints[0].key, "models.catalogue") << bad;
    }
}

TEST(Load, TakesRelativePathsFromTheFolderOfTheFile)
{
    const Scratch scratch;
    scratch.write("secret", "up\n");
    scratch.write("pem", "x");
    const auto loaded = load(scratch.write(
        "c.yaml",
        "accounts: [{name: a, base_url: https://x.test, api_key: 'file:secret'},\n"
        "  {name: b, base_url: https://x.test, credentials: {command: [./get, it]}}]\n"
        "keys: [{name: k, key: 'file:./secret'}]\n"
        "server: {tls: {cert: pem, key: pem}}\n"
        "usage: {sqlite: {path: u/usage.db}, journal: {dir: ../j}}\n"
        "pricing: {file: prices.yaml}\n"));
    ASSERT_THAT(texts(loaded.complaints), ElementsAre());
    const Config& config = *loaded.config;
    EXPECT_EQ(config.accounts[0].api_key, "up");
    EXPECT_EQ(config.accounts[0].api_key_file, scratch.path("secret"));
    EXPECT_THAT(config.accounts[1].credentials.command, ElementsAre(scratch.path("get"), "it"));
    EXPECT_EQ(config.accounts[1].credentials.refresh, 30min);
    EXPECT_EQ(config.keys[0].digest, core::sha256("up"));
    EXPECT_EQ(config.server.tls->cert, scratch.path("pem"));
    EXPECT_EQ(config.usage.sqlite_path, scratch.path("u/usage.db"));
    EXPECT_EQ(config.usage.journal.dir,
              std::filesystem::path(scratch.path("../j")).lexically_normal());
    EXPECT_EQ(config.pricing.file, scratch.path("prices.yaml"));
}

TEST(Load, HasItsDataWhereAServiceMayWrite)
{
    const Scratch scratch;
    const std::string file = scratch.write("c.yaml", kEnough);
    EXPECT_EQ(load(file).config->usage.sqlite_path, scratch.path("data/usage.db"));
    const Environment service("STATE_DIRECTORY", "/var/lib/x");
    EXPECT_EQ(load(file).config->usage.sqlite_path, "/var/lib/x/data/usage.db");
    EXPECT_EQ(load(file).config->usage.journal.dir, "/var/lib/x/data/journal");
}

TEST(Load, FindsWhatIsInTheWorkingDirectoryAlone)
{
    const Scratch scratch;
    const auto before = std::filesystem::current_path();
    std::filesystem::create_directories(scratch.path("work/old"));
    std::filesystem::current_path(scratch.path("work"));
    const Loaded loaded = load(
        scratch.write("c.yaml", kEnough + "usage: {journal: {dir: old}, sqlite: {path: new}}\n"));
    std::filesystem::current_path(before);
    EXPECT_EQ(loaded.config->usage.journal.dir, scratch.path("work/old"));
    EXPECT_EQ(loaded.config->usage.sqlite_path, scratch.path("new"));
    EXPECT_THAT(texts(loaded.warnings),
                ElementsAre(testing::StartsWith("4: usage.journal.dir: is in the working")));
}

TEST(Load, AcceptsTheSampleFilesWithoutAWord)
{
    const Environment upstream("OPENAI_API_KEY", "sk-upstream");
    const Environment client("TURNGATE_KEY", "tg-client");
    const auto folder = std::filesystem::path(TURNGATE_SOURCE_DIR) / "config";
    for (const char* name : {"config.yaml", "minimal.yaml"}) {
        const Loaded loaded = load((folder / name).string());
        EXPECT_THAT(texts(loaded.complaints), ElementsAre()) << name;
        EXPECT_THAT(texts(loaded.warnings), ElementsAre()) << name;
        ASSERT_TRUE(loaded.config) << name;
        EXPECT_EQ(loaded.config->accounts.at(0).api_key, "sk-upstream");
        EXPECT_EQ(loaded.config->keys.at(0).digest, core::sha256("tg-client"));
    }
}

} // namespace
} // namespace turngate::config::test
