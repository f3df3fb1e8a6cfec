#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"
#include "turngate/core/money.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::config {

using std::chrono::milliseconds;

// One fault of a configuration file, printed as `file:line: key: what is wrong`.
struct Complaint
{
    std::string file;
    int line = 0;
    std::string key; // dotted: accounts[0].base_url
    std::string what;

    std::string text() const;
};

// config.yaml as interface.md gives it, typed and validated; defaults are the ones written there.
// Immutable once loaded: shared between loops as a snapshot.

struct Tls
{
    std::string cert; // paths of PEM files
    std::string key;
};

inline constexpr std::string_view kUnixPeer = "unix"; // whoever comes over a unix listener

struct Server
{
    std::vector<std::string> listen{"127.0.0.1:8080"}; // "host:port", "[v6]:port" or "unix:/path"
    std::optional<Tls> tls;
    unsigned threads = 0;                     // 0: one for each core
    bool deflate = true;                      // permessage-deflate is offered to clients
    milliseconds drain_timeout{30'000};       // after SIGTERM; then what still runs is ended
    std::vector<std::string> trusted_proxies; // addresses, CIDR blocks, or kUnixPeer
    std::vector<std::string> cors_origins;    // whose pages may ask from a browser; "*": all
};

struct Admin
{
    std::string listen = "127.0.0.1:9090";
    std::string token;                              // required when not on loopback
    std::vector<std::string> hosts;                 // more names that it is reached by
    std::chrono::milliseconds query_timeout{5'000}; // for an answer from the repository
};

// A program whose standard output is an account's secret; it is run again now and then.
struct Credentials
{
    std::vector<std::string> command; // program and arguments; empty: there is none
    milliseconds refresh{1'800'000};

    bool operator==(const Credentials&) const = default;
};

enum class Mode : std::uint8_t { off, ctx_pool };
enum class AccountKind : std::uint8_t { openai, azure, xai, custom };

// What an account is asked over (http.md section 6.8): what is too large for a WebSocket goes by
// HTTP where the account speaks both.
enum class Transport : std::uint8_t { ws, http, automatic };

// What an account refuses, and does not get over HTTP.
struct Drop
{
    std::vector<std::string> fields; // of the create
    std::vector<std::string> tools;  // by type
    std::vector<std::string> items;  // by type
};

struct Account
{
    std::string name;
    AccountKind kind = AccountKind::openai;
    std::string base_url;
    std::string api_key;      // empty: `credentials` has not brought one yet
    std::string api_key_file; // it was read from there, and may change; else empty
    Credentials credentials;  // instead of both
    std::vector<std::string> groups{"default"};
    Mode mode = Mode::ctx_pool;
    unsigned concurrency = 64;
    unsigned max_connections = 128;
    int priority = 1;
    core::Ppm cost_multiplier;
    std::map<std::string, std::string, std::less<>> models; // empty: all, unchanged
    std::string proxy;
    bool lanes = true;                   // default by kind: openai and custom yes, azure and xai no
    bool control_events = true;          // steer, inject, interrupt; default: as lanes
    milliseconds max_age{};              // 0: no limit; default by kind: 55 min, xai 20 min
    Transport transport = Transport::ws; // default by kind: custom automatic, the others ws
    bool stores = true;                  // keeps responses by id; default by kind: custom does not
    bool compaction = true; // knows compaction_trigger; default by kind: openai and azure do
    Drop drop;
    milliseconds keep_idle{4'000}; // an idle HTTP connection is used again for so long
    std::vector<std::string> forward_headers;
    // Sent with every upgrade, instead of what the client or the gateway says under that name.
    std::map<std::string, std::string, std::less<>> headers;
};

inline constexpr std::size_t kMaxName = 128; // goes into every usage record and log line

// Of an account, group, user or key: 1 to kMaxName printable characters.
bool is_name(std::string_view text) noexcept;

struct Group
{
    std::string name;
    Mode mode = Mode::ctx_pool; // of its WebSocket clients
    bool http = true;           // HTTP clients are served
    core::Ppm multiplier;
};

struct User
{
    std::string name;
    unsigned concurrency = 0; // running turns; 0: no limit
    std::optional<core::NanoUsd> balance;
    std::map<std::string, core::Ppm, std::less<>> group_multipliers;
};

struct Key
{
    std::string name;
    core::Digest digest; // SHA-256 of the secret; the secret itself is not kept
    std::string user;
    std::string group = "default";
    std::optional<core::NanoUsd> quota;
    unsigned rpm = 0; // 0: no limit
    std::uint64_t tpm = 0;
    std::vector<std::string> allow_ips; // empty: all; addresses or CIDR blocks
};

enum class Overlap : std::uint8_t { queue, preempt };
enum class UnknownParent : std::uint8_t { reject, forward };
enum class AbortedTurns : std::uint8_t { estimate, free, drain };
enum class OnJournalFailure : std::uint8_t {
    refuse,
    keep_serving // `continue`
};

struct Relay
{
    milliseconds hold_lifecycle{1000};
    std::uint64_t max_buffer = 1 << 20;
    milliseconds client_write_timeout{30'000};
    milliseconds event_timeout{
        900'000}; // between two upstream events of a turn, while pongs arrive
    milliseconds silence_timeout{30'000}; // of a turn's upstream connection: neither event nor pong
};

struct Pool
{
    unsigned spares = 0;
    milliseconds park_ttl{3'600'000};
    milliseconds ping_interval{30'000};
    milliseconds pong_timeout{5'000}; // of a parked connection
};

struct Continuity
{
    std::uint64_t chain_max_per_session = 8 << 20;
    std::uint64_t chain_max_total = 1 << 30;
    UnknownParent unknown_parent = UnknownParent::reject;
    bool shorten_resends = true;
};

struct Recovery
{
    unsigned max_attempts = 2;
    milliseconds budget{5'000};
};

enum class StateBackend : std::uint8_t { memory, redis };

struct Redis
{
    std::string host = "127.0.0.1"; // or an address, without brackets
    std::uint16_t port = 6379;
    std::string path; // of a Unix socket; then without host and port
    unsigned database = 0;
    std::string user; // empty: the default one
    std::string password;
    milliseconds timeout{50};       // of one operation; beyond, the turn goes on without Redis
    milliseconds hold_timeout{250}; // of a budget's hold, which two gateways alone may both grant
};

struct State
{
    StateBackend backend = StateBackend::memory;
    std::string instance; // this gateway among those that share the state; empty: by host name and
                          // journal, which no other gateway has
    Redis redis;
};

// How an account is chosen for a turn (behaviour.md section 6).
enum class Pick : std::uint8_t { weighted_top_k, p2c, softmax };

struct Weights // of the parts of a score; not all 0
{
    double priority = 1;
    double load = 1;
    double queue = 0.7;
    double error_rate = 0.8;
    double ttft = 0.5;
};

struct BreakerRules
{
    unsigned failures = 5;          // in a row, until it opens
    milliseconds open{30'000};      // doubles with each failed probe
    milliseconds max_open{300'000}; // but not beyond this
    unsigned probes = 2;            // all of them fine: it closes
};

struct Scheduler
{
    Pick pick = Pick::weighted_top_k;
    unsigned top_k = 7;                 // weighted_top_k draws among so many
    double temperature = 0.3;           // of softmax
    double sticky_max_error_rate = 0.3; // above it a session's account is let go
    Weights weights;
    BreakerRules breaker;
};

struct Journal
{
    std::string dir = "data/journal";
    milliseconds fsync{20}; // 0: always, before the terminal event is delivered
    OnJournalFailure on_failure = OnJournalFailure::refuse;
};

enum class UsageBackend : std::uint8_t { sqlite, postgres };

struct Postgres
{
    std::string url; // postgresql://…; may hold a password: never shown
    unsigned pool = 4;
};

struct Usage
{
    UsageBackend repository = UsageBackend::sqlite;
    std::string sqlite_path = "data/usage.db";
    Postgres postgres; // with a URL when it is the repository
    Journal journal;
    AbortedTurns aborted_turns = AbortedTurns::estimate;
    milliseconds drain_timeout{30'000}; // of a response that is read on, with `drain`
};

struct Pricing
{
    std::string file = "config/pricing.yaml"; // found already: load() has looked for it
    std::string unknown_model = "allow";      // allow | reject | a model of the table
    Complaint unknown_model_at;               // without a word: where it stands
};

struct Limits
{
    std::uint64_t max_client_message = 16'777'215;
    std::uint64_t max_request_body = 64 << 20;    // of a request over HTTP, decoded
    std::uint64_t waiting_per_session = 32 << 20; // bytes of creates that wait for their lane
    std::uint64_t waiting_total = 1 << 30;        // of all; and of messages that are not whole yet
    milliseconds message_timeout{60'000};         // a message once begun is whole
    unsigned sockets_per_key = 64;
    unsigned sockets_per_ip = 1024;
    unsigned sockets = 65'536;
    milliseconds handshake_timeout{10'000};
    milliseconds first_create{30'000};
    milliseconds idle{1'800'000};
};

// Who gets a `keepalive` event when its running turn has been silent for long.
enum class KeepaliveEvent : std::uint8_t { codex, all, off };

struct Http
{
    milliseconds idle{75'000};       // of a connection between two requests
    milliseconds head_after{40'000}; // then an answer's head goes out alone
    milliseconds keepalive{15'000};  // of silence in a stream, until a comment
    KeepaliveEvent keepalive_event = KeepaliveEvent::codex;
    milliseconds keepalive_event_interval{100'000};
    bool document_keepalive = false; // of who waits for a document: the head, then spaces
    bool pass_rate_limits = false;   // x-ratelimit-* of the account, where the key has no limits
    milliseconds background_timeout{3'600'000}; // then a background response is ended
    milliseconds account_timeout{30'000};       // for an account's answer to what is no turn
};

// GET /models.
struct Models
{
    std::string catalogue; // Codex's model entries: a JSON array, read and checked; empty: none
};

// The event logs of background responses.
struct Background
{
    std::uint64_t max_log = 4 << 20;     // events of one response; beyond: no more streaming
    std::uint64_t max_total = 256 << 20; // of all
    milliseconds keep{600'000};          // after its end
};

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

struct Log
{
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
};

// An entry of accounts[].models. Of its two names one should have a price.
struct Mapping
{
    Complaint at; // without a word
    std::string model;
    std::string upstream;
};

struct Config
{
    core::Timestamp read_at; // its file
    Server server;
    Admin admin;
    std::vector<Account> accounts;
    std::vector<Mapping> mappings; // of all accounts
    std::vector<Group> groups;
    std::vector<User> users;
    std::vector<Key> keys;
    Overlap lanes_overlap = Overlap::queue;
    Relay relay;
    Pool pool;
    Continuity continuity;
    Recovery recovery;
    Scheduler scheduler;
    State state;
    Usage usage;
    Pricing pricing;
    Limits limits;
    Http http;
    Background background;
    Models models;
    Log log;
};

struct Loaded
{
    std::shared_ptr<const Config> config; // null when there are complaints
    std::vector<Complaint> complaints;    // all of them, in the file's order
    std::vector<Complaint> warnings;      // e.g. the old mode names `shared` and `dedicated`
    std::set<std::string> keys;           // that were looked for: accounts.name, limits.idle, …
};

// Reads the file, substitutes ${VAR}, ${VAR:-default} and file:/path, checks everything. Never
// throws on bad input: a file that cannot be read is a complaint too. Relative paths are from the
// file's folder.
Loaded load(const std::string& path);

} // namespace turngate::config
