#include "scratch.hpp"

#include "turngate/config/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace turngate::config::test {
namespace {

using testing::ElementsAre;

constexpr std::string_view kNoRedis =
    "4: state.redis.url: must be redis://user:password@host:port/database or unix:/path?db=N";

struct Bad
{
    std::string_view yaml; // on line 4, after what is enough
    std::string_view complaint;
};

constexpr std::string_view kOverHttp = "keys: [{name: k, key: s}]\n"
                                       "accounts:\n"
                                       "  - {name: a, base_url: https://x.test, api_key: up,\n"
                                       "     transport: http}\n";

// http.md section 12: what cannot be had together is never a silent no.
TEST(Complaints, NameWhatAnAccountOverHttpCannotHave)
{
    const auto complaints_of = [](std::string_view more, std::string_view second = {}) {
        std::string text(kOverHttp);
        text.insert(text.size() - 2, more);
        return texts(load_text(text.append(second)).complaints);
    };
    const auto over_http = [](std::string_view key) {
        return "4: accounts[0]." + std::string(key) +
               ": cannot be had over HTTP, which this account's transport is";
    };
    EXPECT_THAT(complaints_of(""), ElementsAre());
    EXPECT_THAT(complaints_of(", lanes: true"), ElementsAre(over_http("lanes")));
    EXPECT_THAT(complaints_of(", control_events: true"), ElementsAre(over_http("control_events")));
    EXPECT_THAT(complaints_of(", lanes: false, control_events: false"), ElementsAre());
    EXPECT_THAT(
        complaints_of("", "pool: {spares: 1}\n"),
        ElementsAre(
            "5: pool.spares: cannot be had over HTTP, which the transport of every account is"));
    EXPECT_THAT(complaints_of("", "pool: {spares: 0}\n"), ElementsAre());
    EXPECT_THAT(complaints_of("",
                              "  - {name: b, base_url: https://y.test, api_key: up}\n"
                              "pool: {spares: 1}\n"),
                ElementsAre());
}

TEST(Complaints, NameTheLineTheKeyAndTheFault)
{
    const Bad rows[] = {
        // keys
        {"sever: {}", "4: sever: unknown key; did you mean server?"},
        {"something: 1", "4: something: unknown key"},
        {"limits: {idel: 1m}", "4: limits.idel: unknown key; did you mean idle?"},
        {"limits: {idle: 1m, idle: 2m}", "4: limits.idle: is given twice, first on line 4"},
        {"keys: []", "4: keys: is given twice, first on line 3"},
        {"? [a, b]\n: 1", "4: a key must be plain text"},
        {"--- {}", "4: only one YAML document is allowed in the file"},
        {"relay: &r\n  nothing: *r", "5: the alias stands inside what it names"},
        // shapes
        {"limits: 3", "4: limits: must be a mapping"},
        {"limits: []", "4: limits: must be a mapping"},
        {"log: {level: {a: b}}", "4: log.level: must be a single value"},
        // words and flags
        {"log: {level: loud}", "4: log.level: must be debug, info, warn or error"},
        {"models: {catalogue: /no/such/file}",
         "4: models.catalogue: the file /no/such/file cannot be read: No such file or directory"},
        {"log: {format: xml}", "4: log.format: must be text or json"},
        {"continuity: {unknown_parent: x}",
         "4: continuity.unknown_parent: must be reject or forward"},
        {"usage: {journal: {on_failure: x}}",
         "4: usage.journal.on_failure: must be refuse or continue"},
        {"state: {backend: etcd}", "4: state.backend: must be memory or redis"},
        {"usage: {repository: oracle}", "4: usage.repository: must be sqlite or postgres"},
        {"usage: {repository: postgres}", "4: usage.postgres.url: is required"},
        {"usage: {repository: postgres, postgres: {url: ''}}",
         "4: usage.postgres.url: must not be empty"},
        {"usage: {postgres: {url: 'mysql://x'}}",
         "4: usage.postgres.url: must be a URL such as postgresql://user@host/database"},
        {"usage: {postgres: {url: 'postgres://x', pool: 1}}",
         "4: usage.postgres.pool: must be a whole number from 2 to 64"},
        // numbers, durations, sizes
        {"limits: {sockets: many}", "4: limits.sockets: must be a whole number from 1 to 10000000"},
        {"http: {keepalive_event: always}", "4: http.keepalive_event: must be codex, all or off"},
        {"limits: {message_timeout: 0}", "4: limits.message_timeout: must be from 100ms to 1h"},
        {"limits: {sockets: 0}", "4: limits.sockets: must be a whole number from 1 to 10000000"},
        {"limits: {sockets: -1}", "4: limits.sockets: must be a whole number from 1 to 10000000"},
        {"limits: {sockets: 99999999999999999999}",
         "4: limits.sockets: must be a whole number from 1 to 10000000"},
        {"limits: {idle: 30}", "4: limits.idle: must be a duration such as 500ms, 30s, 5m or 1h"},
        {"limits: {idle: 1.5h}", "4: limits.idle: must be a duration such as 500ms, 30s, 5m or 1h"},
        {"limits: {idle: 0}", "4: limits.idle: must be from 100ms to 168h"},
        {"usage: {journal: {fsync: 0ms}}", "4: usage.journal.fsync: must be from 1ms to 10s"},
        {"relay: {max_buffer: 1MB}",
         "4: relay.max_buffer: must be a size such as 64KiB, 16MiB or a number of bytes"},
        {"relay: {max_buffer: 1}", "4: relay.max_buffer: must be from 4KiB to 1GiB"},
        // the scheduler
        {"scheduler: {pick: best}", "4: scheduler.pick: must be weighted_top_k, p2c or softmax"},
        {"scheduler: {top_k: 0}", "4: scheduler.top_k: must be a whole number from 1 to 1000"},
        {"scheduler: {temperature: 0}", "4: scheduler.temperature: must be from 0.01 to 100"},
        {"scheduler: {sticky_max_error_rate: 1.1}",
         "4: scheduler.sticky_max_error_rate: must be from 0 to 1"},
        {"scheduler: {weights: {load: -1}}", "4: scheduler.weights.load: must not be negative"},
        {"scheduler: {weights: {load: 1001}}", "4: scheduler.weights.load: must be from 0 to 1000"},
        {"scheduler: {weights: {load: high}}",
         "4: scheduler.weights.load: must be a number such as 0.5, with at most 6 digits after the "
         "point"},
        {"scheduler: {weights: {speed: 1}}", "4: scheduler.weights.speed: unknown key"},
        {"scheduler: {weights: {priority: 0, load: 0, queue: 0, error_rate: 0, ttft: 0}}",
         "4: scheduler.weights: must not all be 0"},
        {"scheduler: {breaker: {failures: 0}}",
         "4: scheduler.breaker.failures: must be a whole number from 1 to 1000"},
        {"scheduler: {breaker: {probes: 32}}",
         "4: scheduler.breaker.probes: must be a whole number from 1 to 31"},
        {"scheduler: {breaker: {open: 10ms}}", "4: scheduler.breaker.open: must be from 1s to 1h"},
        {"scheduler: {breaker: {open: 2m, max_open: 1m}}",
         "4: scheduler.breaker.max_open: must not be less than scheduler.breaker.open"},
        // groups and users
        {"groups: [{name: default}, {name: default}]", "4: groups[1].name: is taken already"},
        {"groups: [{name: default}, {name: ''}]", "4: groups[1].name: must not be empty"},
        {"groups: [{name: default}, {mode: off}]", "4: groups[1].name: is required"},
        {"groups: [{name: default}, {name: \"a\\nb\"}]",
         "4: groups[1].name: must be at most 128 printable characters"},
        {"groups: [{name: default, mode: on}]", "4: groups[0].mode: must be off or ctx_pool"},
        {"groups: [{name: default, multiplier: -1}]",
         "4: groups[0].multiplier: must not be negative"},
        {"groups: [{name: default, multiplier: 1.0000001}]",
         "4: groups[0].multiplier: must be a multiplier such as 1.5, with at most 6 digits after "
         "the point"},
        {"groups: [{name: default, multiplier: 1e3}]",
         "4: groups[0].multiplier: must be a multiplier such as 1.5, with at most 6 digits after "
         "the point"},
        {"groups: [{name: default, multiplier: 1001}]",
         "4: groups[0].multiplier: must be from 0 to 1000"},
        // addresses
        {"admin: {listen: 9090}", "4: admin.listen: must be host:port, [v6]:port or unix:/path"},
        {"admin: {listen: 0.0.0.0:1}",
         "4: admin.token: is required when admin.listen is not on loopback"},
        {"admin: {listen: 0.0.0.0:1, token: ''}",
         "4: admin.token: is required when admin.listen is not on loopback"},
        {"admin: {query_timeout: 10ms}", "4: admin.query_timeout: must be from 100ms to 5m"},
        {"admin: {token: a b}", "4: admin.token: must have visible ASCII characters only"},
        {"admin: {token: 'file:/nowhere/token'}",
         "4: admin.token: the file /nowhere/token cannot be read: No such file or directory"},
        // the shared state
        {"state: {redis: {url: 'http://x'}}", kNoRedis},
        {"state: {redis: {url: 'rediss://x'}}", kNoRedis},
        {"state: {redis: {url: 'redis://'}}", kNoRedis},
        {"state: {redis: {url: 'redis://x/one'}}", kNoRedis},
        {"state: {redis: {url: 'redis://x/1/2'}}", kNoRedis},
        {"state: {redis: {url: 'redis://x/-1'}}", kNoRedis},
        {"state: {redis: {url: 'redis://x/123456'}}", kNoRedis},
        {"state: {redis: {url: 'redis://a%zz@x'}}", kNoRedis},
        {"state: {redis: {url: 'unix:redis.sock'}}", kNoRedis},
        {"state: {redis: {url: 'unix:/s?db=x'}}", kNoRedis},
        {"state: {redis: {timeout: 11s}}", "4: state.redis.timeout: must be from 1ms to 10s"},
        {"state: {redis: {password: a b}}",
         "4: state.redis.password: must have visible ASCII characters only"},
        {"state: {instance: \"a\\tb\"}",
         "4: state.instance: must be at most 128 printable characters"},
        // variables
        {"log: {level: ${NO_SUCH}}", "4: log.level: the environment has no NO_SUCH"},
        {"pricing: {file: ${NO-SUCH}}",
         "4: pricing.file: has a ${…} whose name is not letters, digits and _"},
        {"pricing:\n  file: ${A", "5: pricing.file: has a ${ without its }"},
        {"pricing: {file: ''}", "4: pricing.file: must not be empty"},
    };
    for (const auto& [yaml, complaint] : rows) {
        EXPECT_THAT(complaints_of(kEnough + std::string(yaml)), ElementsAre(complaint)) << yaml;
    }
}

TEST(Complaints, WantListsOfMappings)
{
    EXPECT_THAT(complaints_of("users: {name: u}"), testing::Contains("1: users: must be a list"));
    EXPECT_THAT(complaints_of("users: [u]"), testing::Contains("1: users[0]: must be a mapping"));
    EXPECT_THAT(complaints_of("users:\n  -"), testing::Contains("2: users[0]: is blank"));
}

// The places where the three lines that are enough are themselves at fault.
TEST(Complaints, CoverServersAccountsAndKeys)
{
    const auto account = [](std::string_view fields) {
        return "accounts:\n  - {name: a, base_url: https://x.test, api_key: up, " +
               std::string(fields) + "}\nkeys: [{name: k, key: secret}]\n";
    };
    const auto url = [](std::string_view url) {
        return "accounts:\n  - {name: a, base_url: '" + std::string(url) +
               "', api_key: up}\nkeys: [{name: k, key: secret}]\n";
    };
    const auto key = [](std::string_view fields) {
        return "accounts: [{name: a, base_url: https://x.test, api_key: up}]\nkeys:\n  - {name: "
               "k, " +
               std::string(fields) + "}\n";
    };
    const auto server = [](std::string_view fields) {
        return "accounts: [{name: a, base_url: https://x.test, api_key: up}]\n"
               "keys: [{name: k, key: secret}]\nserver: {" +
               std::string(fields) + "}\n";
    };
    constexpr std::string_view kNoUrl =
        "2: accounts[0].base_url: must be an http, https, ws or wss URL with a host";
    constexpr std::string_view kNoProxy =
        "2: accounts[0].proxy: must be an http, socks5 or socks5h URL with a host";
    constexpr std::string_view kNoHash =
        "3: keys[0].key: must be sha256: and 64 hexadecimal digits, or the key itself";
    constexpr std::string_view kNoListen =
        "3: server.listen: must be host:port, [v6]:port or unix:/path";

    const std::pair<std::string, std::string_view> rows[] = {
        {url("x.test/v1"), kNoUrl},
        {url("ftp://x.test"), kNoUrl},
        {url("https:///v1"), kNoUrl},
        {url("https://:443/v1"), kNoUrl},
        {url("https://x.test:99999"), kNoUrl},
        {url("https://x.test:0"), kNoUrl},
        {url("https://x y.test"), kNoUrl},
        {url("https://[::1/v1"), kNoUrl},
        {url("https://x.test/#top"), kNoUrl},
        {url("https://me:pw@x.test"),
         "2: accounts[0].base_url: must not have a user or password in it"},
        {account("kind: other"), "2: accounts[0].kind: must be openai, azure, xai or custom"},
        {account("proxy: 'https://p:1'"), kNoProxy},
        {account("proxy: 'socks5://'"), kNoProxy},
        {account("proxy: 'socks5://p:1/x'"), "2: accounts[0].proxy: must not have a path"},
        {account("groups: [vip]"), "2: accounts[0].groups[0]: no group is named \"vip\""},
        {account("groups: []"), "2: accounts[0].groups: at least one is required"},
        {account("concurrency: 0"),
         "2: accounts[0].concurrency: must be a whole number from 1 to 1000000"},
        {account("cost_multiplier: x"),
         "2: accounts[0].cost_multiplier: must be a multiplier such as 1.5, "
         "with at most 6 digits after the point"},
        {account("models: {m: ''}"), "2: accounts[0].models.m: must not be empty"},
        {account("models: {m: }"),
         "2: accounts[0].models.m: is blank: give it a value, or leave the key out"},
        {account("forward_headers: [Cookie]"),
         "2: accounts[0].forward_headers[0]: is never forwarded to an account"},
        {account("forward_headers: [Sec-Fetch-Mode]"),
         "2: accounts[0].forward_headers[0]: is never forwarded to an account"},
        {account("forward_headers: ['a b']"),
         "2: accounts[0].forward_headers[0]: must be the name of a header"},
        {account("headers: {'a b': c}"),
         "2: accounts[0].headers.a b: must be the name of a header"},
        {account("headers: {Host: c}"),
         "2: accounts[0].headers.Host: is a header of the upgrade itself"},
        {account("headers: {Sec-WebSocket-Key: c}"),
         "2: accounts[0].headers.Sec-WebSocket-Key: is a header of the upgrade itself"},
        {account("headers: {x: \"a\\nb\"}"),
         "2: accounts[0].headers.x: must not have control characters"},
        {account("headers: {x: a, X: b}"), "2: accounts[0].headers.X: is given twice"},
        {account("headers: {x: }"),
         "2: accounts[0].headers.x: is blank: give it a value, or leave the key out"},
        {account("lanes: perhaps"), "2: accounts[0].lanes: must be true or false, on or off"},

        {key("user: u"), "3: keys[0].key: is required"},
        {key("key: sha256:12"), kNoHash},
        {key("key: 'sha256:zz'"), kNoHash},
        {key("key: 'a b'"), "3: keys[0].key: must have visible ASCII characters only"},
        {key("key: s, group: vip"), "3: keys[0].group: no group is named \"vip\""},
        {key("key: s, user: u"), "3: keys[0].user: no user is named \"u\""},
        {key("key: s, user: u}\nusers:\n  - {name: v"), "3: keys[0].user: no user is named \"u\""},
        {key("key: s}\nusers:\n  - {name: v"), "3: keys[0].user: is required"},
        {key("key: s}\ngroups:\n  - {name: vip"),
         "1: accounts[0].groups: no group is named \"default\""},
        {key("key: s, allow_ips: [10.0.0.0/33]"),
         "3: keys[0].allow_ips[0]: must be an IP address or a block such as 10.0.0.0/8"},
        {key("key: s}\n  - {name: k, key: t"), "4: keys[1].name: is taken already"},
        {key("key: s}\n  - {name: l, key: s"),
         "4: keys[1].key: is the same secret as that of the key \"k\""},
        {key("key: s, user: u}\nusers:\n  - {name: u, group_multipliers: {vip: 1}"),
         "5: users[0].group_multipliers.vip: no group is named \"vip\""},

        {server("listen: nowhere"), kNoListen},
        {server("listen: ':80'"), kNoListen},
        {server("listen: 'h:65536'"), kNoListen},
        {server("listen: 'unix:relative'"), kNoListen},
        {server("listen: '::1:80'"), kNoListen},
        {server("listen: ['h:1', 'h:']"),
         "3: server.listen[1]: must be host:port, [v6]:port or unix:/path"},
        {server("deflate: maybe"), "3: server.deflate: must be true or false, on or off"},
        {server("threads: -1"), "3: server.threads: must be a whole number from 0 to 1024"},
        {server("trusted_proxies: [localhost]"),
         "3: server.trusted_proxies[0]: must be an IP address or a block such as 10.0.0.0/8, or "
         "unix"},
    };
    for (const auto& [yaml, complaint] : rows) {
        const auto complaints = complaints_of(yaml);
        ASSERT_FALSE(complaints.empty()) << yaml;
        EXPECT_EQ(complaints.front(), complaint) << yaml;
    }
}

TEST(Complaints, ComeAllAtOnceInTheOrderOfTheFile)
{
    EXPECT_THAT(complaints_of("log: {level: loud, formt: json}\n"
                              "keys:\n"
                              "  - {name: '', key: a}\n"
                              "  - name: k\n"
                              "    key: a\n"
                              "    group: vip\n"
                              "limits:\n"
                              "  idle: soon\n"
                              "  sockets: 0\n"
                              "admin: {listen: '[::]:9090'}\n"),
                ElementsAre("1: accounts: at least one is required",
                            "1: log.level: must be debug, info, warn or error",
                            "1: log.formt: unknown key; did you mean format?",
                            "3: keys[0].name: must not be empty",
                            "5: keys[1].key: is the same secret as that of the key \"\"",
                            "6: keys[1].group: no group is named \"vip\"",
                            "8: limits.idle: must be a duration such as 500ms, 30s, 5m or 1h",
                            "9: limits.sockets: must be a whole number from 1 to 10000000",
                            "10: admin.token: is required when admin.listen is not on loopback"));
}

TEST(Complaints, KnowTheWordThatWasMeant)
{
    EXPECT_THAT(complaints_of(kEnough + "state: {rediss: {}}\n"),
                ElementsAre("4: state.rediss: unknown key; did you mean redis?"));
}

TEST(Complaints, NeverShowAValueThatCouldBeSecret)
{
    const Environment environment("TURNGATE_TEST_SECRET", "hunter2 hunter2");
    const auto complaints = complaints_of("accounts:\n"
                                          "  - name: a\n"
                                          "    base_url: ${TURNGATE_TEST_SECRET}\n"
                                          "    api_key: ${TURNGATE_TEST_SECRET}\n"
                                          "    proxy: ${TURNGATE_TEST_SECRET}\n"
                                          "    concurrency: ${TURNGATE_TEST_SECRET}\n"
                                          "    kind: ${TURNGATE_TEST_SECRET}\n"
                                          "usage: {postgres: {url: '${TURNGATE_TEST_SECRET}'}}\n"
                                          "keys: [{name: k, key: '${TURNGATE_TEST_SECRET}'}]\n"
                                          "limits: {idle: '${TURNGATE_TEST_SECRET}'}\n");
    EXPECT_EQ(complaints.size(), 8u);
    for (const std::string& complaint : complaints)
        EXPECT_EQ(complaint.find("hunter2"), complaint.npos) << complaint;
}

TEST(Complaints, TellOfAFileThatCannotBeRead)
{
    const Scratch scratch;
    const std::string missing = scratch.path("missing.yaml");
    const Loaded none = load(missing);
    EXPECT_EQ(none.config, nullptr);
    ASSERT_EQ(none.complaints.size(), 1u);
    EXPECT_EQ(none.complaints[0].text(), missing + ": cannot be read: No such file or directory");

    const Loaded folder = load(scratch.path(""));
    ASSERT_EQ(folder.complaints.size(), 1u);
    EXPECT_EQ(folder.complaints[0].text(), scratch.path("") + ": cannot be read: Is a directory");
}

TEST(Complaints, TellWhereYamlItselfIsBroken)
{
    EXPECT_THAT(complaints_of("server:\n  listen: [1, 2\nkeys: }\n"),
                ElementsAre(testing::StartsWith("3: is not YAML: ")));
    EXPECT_THAT(complaints_of("a: b\n\tc: d\n"),
                ElementsAre(testing::StartsWith("2: is not YAML: ")));
    EXPECT_THAT(complaints_of("log: {level: \"\xff\"}\n"), ElementsAre(" is not UTF-8"));
    EXPECT_THAT(complaints_of("- a\n- b\n"), ElementsAre("1: must be a mapping"));
}

TEST(Complaints, TellWhatAnEmptyFileNeeds)
{
    EXPECT_THAT(
        complaints_of(""),
        ElementsAre(
            "1: accounts: at least one is required",
            "1: keys: at least one is required; [] if all come from `turngate keys create`"));
}

TEST(Complaints, LetTheRepositoryHaveAllKeys)
{
    EXPECT_THAT(complaints_of("accounts: [{name: a, base_url: https://x.test, api_key: up}]\n"
                              "keys: []\n"),
                ElementsAre());
}

TEST(Complaints, WantBothFilesOfTlsAndThatTheyCanBeRead)
{
    const Scratch scratch;
    const std::string cert = scratch.write("cert.pem", "x");
    const auto with_tls = [](const std::string& tls) {
        return "accounts: [{name: a, base_url: https://x.test, api_key: up}]\n"
               "keys: [{name: k, key: secret}]\nserver: {tls: {" +
               tls + "}}\n";
    };
    EXPECT_THAT(complaints_of(with_tls("cert: '" + cert + "'")),
                ElementsAre("3: server.tls: needs both cert and key"));
    EXPECT_THAT(complaints_of(with_tls("cert: '" + cert + "', key: /nowhere/key.pem")),
                ElementsAre("3: server.tls.key: the file /nowhere/key.pem cannot be read: "
                            "No such file or directory"));
    EXPECT_THAT(complaints_of(with_tls("cert: '" + cert + "', key: '" + cert + "'")),
                ElementsAre());
    EXPECT_THAT(complaints_of(with_tls("cert: , key: ")), ElementsAre());
}

// What a blank would leave to its default might be a limit, or who may come.
TEST(Complaints, TellOfEveryKeyThatIsLeftBlank)
{
    const std::string_view keys[] = {
        "quota_usd", "rpm", "tpm", "allow_ips", "user", "group", "key", "name"};
    for (const std::string_view key : keys) {
        const std::string row = "  - {name: k, key: s}\n  - {" + std::string(key) + ": ";
        const std::string rest = std::string(key == "name" ? "" : ", name: l") +
                                 std::string(key == "key" ? "" : ", key: t") + "}\n";
        for (const char* blank : {"", "~", "null"})
            EXPECT_THAT(complaints_of("accounts: [{name: a, base_url: https://x.test, "
                                      "api_key: up}]\nkeys:\n" +
                                      row + blank + rest),
                        ElementsAre("4: keys[1]." + std::string(key) + ": " + std::string(kBlank)));
    }
    const char* rows[][2] = {
        {"limits: ", "limits"},
        {"limits: {sockets: }", "limits.sockets"},
        {"admin: {token: }", "admin.token"},
        {"users: ", "users"},
        {"groups: ", "groups"},
        {"usage: {journal: {on_failure: }}", "usage.journal.on_failure"},
    };
    for (const auto& [yaml, key] : rows)
        EXPECT_THAT(complaints_of(kEnough + yaml + "\n"),
                    ElementsAre("4: " + std::string(key) + ": " + std::string(kBlank)));
}

TEST(Complaints, AllowABlankWhereItIsAValue)
{
    EXPECT_THAT(complaints_of("server: {listen: 127.0.0.1:0, tls: {cert: , key: }}\n"
                              "admin: {token: '${NO_SUCH:-}'}\n"
                              "accounts: [{name: a, base_url: https://x.test, api_key: up, "
                              "proxy: }]\n"
                              "keys: [{name: k, key: s}]\n"
                              "state: {instance: , redis: {user: , password: }}\n"),
                ElementsAre());
}

TEST(Complaints, WantOneSourceOfAnAccountsSecret)
{
    const auto with = [](const std::string& fields) {
        return "accounts:\n  - {name: a, base_url: https://x.test, " + fields +
               "}\nkeys: [{name: k, key: s}]\n";
    };
    EXPECT_THAT(complaints_of(with("api_key: a, credentials: {command: [vault]}")),
                ElementsAre("2: accounts[0].api_key: stands beside credentials.command: one of "
                            "them"));
    EXPECT_THAT(complaints_of(with("credentials: {command: []}")),
                ElementsAre("2: accounts[0].api_key: is required"));
    EXPECT_THAT(complaints_of(with("credentials: {command: ['']}")),
                ElementsAre("2: accounts[0].credentials.command: needs a program"));
    EXPECT_THAT(complaints_of(with("credentials: {command: [vault, get], refresh: 10ms}")),
                ElementsAre("2: accounts[0].credentials.refresh: must be from 1s to 168h"));
}

TEST(Complaints, StopAliasesThatGrowWithoutBound)
{
    std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 8; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 1; j < 10; ++j)
            yaml += ", " + before;
        yaml += "]\n";
    }
    EXPECT_THAT(complaints_of(yaml), ElementsAre(testing::HasSubstr("the file is too large")));
}

} // namespace
} // namespace turngate::config::test
