#include "server.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

namespace {

using turngate::sim::Options;

constexpr int kBadArguments = 1;
constexpr int kCannotStart = 2;

struct Given // options in the units of the command line
{
    std::int64_t interval_us = 0;
    double wall_seconds = 3600;
    std::string lanes = "on";
    std::string dialect = "openai";
    double idle_seconds = 75;
    std::string stores = "on";
    std::string websocket = "on";
    std::string ids = "optional";
};

void describe(CLI::App& app, Options& options, Given& given)
{
    app.add_option("--listen", options.listen, "ADDR:PORT (port 0: any) or unix:/path")->required();
    app.add_option("--script", options.script_file, "rules for faults and answers (docs/sim.md)");
    app.add_option(
        "--transcript", options.transcript_file, "write what clients do, one JSON object a line");
    app.add_option("--deltas", options.pacing.deltas, "deltas of an answer")->capture_default_str();
    app.add_option("--delta-bytes", options.pacing.delta_bytes, "bytes of text in a delta")
        ->capture_default_str();
    app.add_option("--delta-interval-us", given.interval_us, "microseconds before each delta")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app.add_option("--lanes", given.lanes, "on, or off: one response at a time, no stream_id")
        ->capture_default_str()
        ->check(CLI::IsMember({"on", "off"}));
    app.add_option("--dialect", given.dialect, "openai, or xai: one id a connection, bare errors")
        ->capture_default_str()
        ->check(CLI::IsMember({"openai", "xai"}));
    app.add_option("--stores", given.stores, "on, or off: keeps no response for later requests")
        ->capture_default_str()
        ->check(CLI::IsMember({"on", "off"}));
    app.add_option("--websocket", given.websocket, "on, or off: an upgrade is answered by 404")
        ->capture_default_str()
        ->check(CLI::IsMember({"on", "off"}));
    app.add_option("--ids", given.ids, "optional, or required in assistant messages of the input")
        ->capture_default_str()
        ->check(CLI::IsMember({"optional", "required"}));
    app.add_option("--models", options.models, "the models that exist, by comma; default: any")
        ->delimiter(',');
    app.add_option("--seal", options.seal, "a name: reasoning sealed by others is refused");
    app.add_option("--seed", options.seed, "of ids, words and lots")->capture_default_str();
    app.add_option("--wall", given.wall_seconds, "seconds a WebSocket may last")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--idle", given.idle_seconds, "seconds without a request that HTTP may last")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_option("--key", options.key, "the only bearer key that is accepted");
    auto* cert = app.add_option("--tls-cert", options.tls_cert, "speak TLS with this certificate");
    auto* key = app.add_option("--tls-key", options.tls_key, "and its key");
    cert->needs(key);
    key->needs(cert);
}

void serve(const Options& options)
{
    turngate::sim::Server server(options);
    boost::asio::signal_set signals(server.loop().context(), SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (!error)
            server.stop();
    });
    std::printf("turngate-sim listening on %s\n", server.address().c_str());
    std::fflush(stdout);
    server.run();
}

} // namespace

int main(int argc, char** argv)
{
    Options options;
    Given given;
    CLI::App app("A scriptable upstream for the OpenAI Responses API");
    describe(app, options, given);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kBadArguments;
    }
    options.pacing.interval = std::chrono::microseconds(given.interval_us);
    options.wall = std::chrono::milliseconds(static_cast<std::int64_t>(given.wall_seconds * 1000));
    options.idle = std::chrono::milliseconds(static_cast<std::int64_t>(given.idle_seconds * 1000));
    options.stores = given.stores == "on";
    options.websocket = given.websocket == "on";
    options.ids_required = given.ids == "required";
    if (given.dialect == "xai")
        options.dialect = turngate::sim::Dialect::xai;
    options.lanes = given.lanes == "on" && given.dialect == "openai";
    std::signal(SIGPIPE, SIG_IGN);
    try {
        serve(options);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "turngate-sim: " << error.what() << '\n';
        return kCannotStart;
    }
}
