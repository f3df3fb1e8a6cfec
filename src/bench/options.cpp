#include "options.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>

namespace turngate::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// The command line as CLI11 fills it in, before it is made sense of.
struct Arguments
{
    std::string url;
    std::string deltas = "same";
    std::int64_t think_ms = 0;
    std::int64_t ramp_ms = 0;
    std::int64_t timeout_ms = 60'000;
    std::int64_t idle_s = 0;
    std::int64_t duration_s = 0;
    pid_t pid = 0;
    bool quick = false;
    std::string client = "ws";
    std::string upstream = "ws";
    std::string programs;
    std::string pricing;
};

void add_load(CLI::App& app, LoadOptions& load, Arguments& in)
{
    app.add_option("--url",
                   in.url,
                   "where to, with the path: ws:// or wss://, or http:// or https:// for "
                   "server-sent events")
        ->group("Load");
    app.add_option("--key", load.plan.key, "the API key")->envname("TURNGATE_KEY")->group("Load");
    app.add_option("--connections", load.connections)
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->group("Load");
    app.add_option(
           "--turns", load.turns, "of each connection; no limit if only --duration is given")
        ->capture_default_str()
        ->group("Load");
    app.add_option("--duration", in.duration_s, "seconds after which no turn is begun")
        ->check(CLI::NonNegativeNumber)
        ->group("Load");
    app.add_option("--threads", load.threads)
        ->check(CLI::Range(1, 256))
        ->capture_default_str()
        ->group("Load");
    app.add_option("--model", load.plan.model)->capture_default_str()->group("Load");
    app.add_option("--input-bytes", load.plan.input_bytes, "text of each turn")
        ->check(CLI::Range(0, 16'000'000))
        ->capture_default_str()
        ->group("Load");
    app.add_option("--think-ms", in.think_ms, "pause after each turn")
        ->check(CLI::NonNegativeNumber)
        ->group("Load");
    app.add_option("--ramp-ms", in.ramp_ms, "spread the first turns over this time")
        ->check(CLI::NonNegativeNumber)
        ->group("Load");
    app.add_option("--turn-timeout-ms", in.timeout_ms)
        ->check(CLI::PositiveNumber)
        ->capture_default_str()
        ->group("Load");
    app.add_flag(
           "--chain,!--no-chain",
           load.plan.chain,
           "the last response is each turn's parent (default over ws; over http it is stored)")
        ->group("Load");
    app.add_flag("--reconnect", load.plan.reconnect, "connect, one turn, close; again and again")
        ->group("Load");
    app.add_option("--deltas",
                   in.deltas,
                   "how many a response must have: same (as the first), any, or a number")
        ->capture_default_str()
        ->group("Load");
    app.add_flag(
           "--clock",
           load.plan.clock,
           "deltas carry \"t\", the monotonic nanoseconds of their sending: report their latency")
        ->group("Load");
    app.add_option("--idle", in.idle_s, "seconds to hold the connections after the turns")
        ->check(CLI::NonNegativeNumber)
        ->group("Load");
    app.add_option("--pid", in.pid, "process whose CPU and memory are measured, with its children")
        ->check(CLI::PositiveNumber)
        ->group("Load");
}

void add_comparison(CLI::App& app, ComparisonOptions& comparison, Arguments& in)
{
    app.add_option("--compare",
                   comparison.proxies,
                   "measure turngate beside nginx and haproxy: the whole table of targets")
        ->delimiter(',')
        ->check(CLI::IsMember({"nginx", "haproxy"}))
        ->group("Comparison");
    app.add_option("--client", in.client, "what clients and the proxies speak")
        ->check(CLI::IsMember({"ws", "http"}))
        ->capture_default_str()
        ->group("Comparison");
    app.add_option("--upstream", in.upstream, "what turngate's account speaks")
        ->check(CLI::IsMember({"ws", "http"}))
        ->capture_default_str()
        ->group("Comparison");
    app.add_option("--rounds", comparison.rounds)
        ->check(CLI::Range(1, 100))
        ->capture_default_str()
        ->group("Comparison");
    app.add_flag("--quick", in.quick, "one short round: about 40 s instead of three minutes")
        ->group("Comparison");
    app.add_option("--sessions", comparison.scale.sessions, "idle ones, for memory")
        ->check(CLI::Range(100, 20'000))
        ->capture_default_str()
        ->group("Comparison");
    app.add_option("--many-sessions", comparison.scale.many_sessions, "for growth")
        ->check(CLI::Range(200, 20'000))
        ->capture_default_str()
        ->group("Comparison");
    app.add_option(
           "--only",
           comparison.only,
           "workloads: saturated, paced, latency, connect, bulk, memory, turn, many, length")
        ->delimiter(',')
        ->group("Comparison");
    app.add_option("--pricing", in.pricing, "a price table with sim-1 (default: the project's)")
        ->check(CLI::ExistingFile)
        ->group("Comparison");
    app.add_option("--programs",
                   in.programs,
                   "where turngate and turngate-sim are (default: beside this program)")
        ->check(CLI::ExistingDirectory)
        ->group("Comparison");
}

DeltaRule delta_rule(const std::string& text)
{
    if (text == "same")
        return {DeltaRule::Kind::same, 0};
    if (text == "any")
        return {DeltaRule::Kind::any, 0};
    std::uint64_t count = 0;
    if (!CLI::detail::lexical_cast(text, count))
        throw CLI::ValidationError("--deltas", "must be same, any or a number");
    return {DeltaRule::Kind::exactly, count};
}

void finish_load(const CLI::App& app, const Arguments& in, LoadOptions& load)
{
    const auto url = net::parse_url(in.url);
    if (!url || url->scheme.starts_with("socks"))
        throw CLI::ValidationError("--url", "a ws://, wss://, http:// or https:// URL is needed");
    load.plan.url = *url;
    const bool is_http = load.plan.protocol() == Protocol::http;
    load.plan.deltas = delta_rule(in.deltas);
    load.plan.think = milliseconds(in.think_ms);
    load.plan.turn_timeout = milliseconds(in.timeout_ms);
    load.ramp = milliseconds(in.ramp_ms);
    load.idle = std::chrono::seconds(in.idle_s);
    // A parent that is not stored lives on its connection only, and over HTTP nowhere.
    if ((load.plan.reconnect || is_http) && app.count("--chain") == 0)
        load.plan.chain = false;
    load.plan.stored = load.plan.chain && is_http;
    if (in.duration_s > 0)
        load.duration = std::chrono::seconds(in.duration_s);
    if (in.duration_s > 0 && app.count("--turns") == 0)
        load.turns = ~std::uint64_t{0};
    if (in.pid > 0)
        load.measured = in.pid;
}

Protocol protocol_of(const std::string& name)
{
    return name == "http" ? Protocol::http : Protocol::ws;
}

// In the build tree: build/<name>/bin/turngate-bench; installed: bin/turngate-bench and
// share/turngate.
fs::path find_pricing(const fs::path& programs)
{
    std::vector<fs::path> places{programs / "../share/turngate/pricing.yaml",
                                 "config/pricing.yaml"};
    for (fs::path up = programs; up != up.root_path(); up = up.parent_path())
        places.push_back(up / "config/pricing.yaml");
    for (const fs::path& place : places)
        if (fs::exists(place))
            return fs::canonical(place);
    throw CLI::ValidationError("--pricing", "no pricing.yaml was found");
}

void finish_comparison(const CLI::App& app, const Arguments& in, ComparisonOptions& comparison)
{
    const fs::path own = fs::read_symlink("/proc/self/exe").parent_path();
    comparison.place.programs = in.programs.empty() ? own : fs::canonical(in.programs);
    comparison.place.pricing = in.pricing.empty() ? find_pricing(own) : fs::canonical(in.pricing);
    comparison.place.cores = choose_cores();
    comparison.sides = {protocol_of(in.client), protocol_of(in.upstream)};
    if (!in.quick)
        return;
    comparison.scale.window = milliseconds(500);
    comparison.scale.long_conversation = 500;
    if (app.count("--rounds") == 0)
        comparison.rounds = 1;
    if (app.count("--many-sessions") == 0)
        comparison.scale.many_sessions = 2'000;
}

} // namespace

std::optional<Options> read_options(int argc, char** argv, int& exit_code)
{
    CLI::App app(
        "Loads a Responses API over WebSocket or HTTP, verifies every event, and reports what it "
        "cost.\n"
        "Exit code: 0 fine, 1 wrong arguments, wrong events, lost turns, or something that did not "
        "run.");
    Options options;
    Arguments in;
    add_load(app, options.load, in);
    add_comparison(app, options.comparison, in);
    app.add_flag("--json", options.json, "the report as JSON");
    try {
        app.parse(argc, argv);
        options.compares = app.count("--compare") > 0;
        if (options.compares)
            finish_comparison(app, in, options.comparison);
        else
            finish_load(app, in, options.load);
        return options;
    } catch (const CLI::ParseError& problem) {
        exit_code = app.exit(problem) == 0 ? 0 : 1;
        return std::nullopt;
    }
}

} // namespace turngate::bench
