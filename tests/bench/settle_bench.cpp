// What a bill costs its loop, and how many a second reach the ledger.
//
//   cmake --preset release -B build/bench -DTURNGATE_TESTS=ON && ninja -C build/bench bench-settle
//   build/bench/bin/bench-settle --postgres postgresql://… [--records 100000] [--dir DIR]
//
// The journal and the SQLite file are in DIR, on the disk that is to be measured; the Postgres
// database is one that may be filled.

#include "turngate/core/id.hpp"
#include "turngate/usage/journal.hpp"
#include "turngate/usage/postgres.hpp"
#include "turngate/usage/settler.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>

namespace turngate::usage {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kUsers = 50;
constexpr int kKeys = 200;

// As long as one of an agent's turn.
UsageRecord bill(int number)
{
    UsageRecord record;
    record.response_uid = core::uuid7();
    record.turn_id = core::uuid7();
    record.upstream_response_id = "resp_" + std::string(48, 'a');
    record.user = "user-" + std::to_string(number % kUsers);
    record.key = "key-" + std::to_string(number % kKeys);
    record.group = "default";
    record.account = "openai-main";
    record.requested_model = "gpt-5.2";
    record.upstream_model = "gpt-5.2-2025-12-11";
    record.session = std::string(64, 'f');
    record.tokens = {.input = 50'000, .cached = 45'000, .output = 700, .total = 50'700};
    record.service_tier = "default";
    record.price_version = "2026-11-01";
    record.cost = {26'425'000};
    record.account_cost = {26'425'000};
    record.first_token_ms = 900;
    record.total_ms = 12'000;
    record.started_at = core::wall_now();
    record.user_agent = "codex_cli_rs/0.60.1 (Debian 12; x86_64)";
    record.client_ip = "192.0.2.7";
    record.routing = "sticky openai-main 2.71 of 3";
    return record;
}

void append_bills(Journal& journal, int count)
{
    std::vector<UsageRecord> bills;
    for (int i = 0; i < count; ++i)
        bills.push_back(bill(i));
    const auto began = Clock::now();
    for (const UsageRecord& one : bills)
        if (!journal.append(one))
            throw std::runtime_error("the journal takes no more");
    const double seconds = Seconds(Clock::now() - began).count();
    std::printf("  append: %.2f us each\n", seconds / count * 1e6);
}

void measure(const char* name,
             const std::string& dir,
             int count,
             const Settler::OpenRepository& open)
{
    std::printf("%s\n", name);
    std::filesystem::remove_all(dir + "/journal");
    JournalDirectory journal({.dir = dir + "/journal"});
    telemetry::Metrics metrics;
    open(); // migrated
    append_bills(journal.writer(0), count);
    const auto began = Clock::now();
    Settler settler(journal, std::chrono::milliseconds(20), open, metrics);
    if (!settler.settle_all(std::chrono::minutes(10)))
        throw std::runtime_error("not settled within ten minutes");
    std::printf("  settle: %.0f records/s\n", count / Seconds(Clock::now() - began).count());
}

} // namespace
} // namespace turngate::usage

int main(int argc, char** argv)
{
    namespace usage = turngate::usage;
    CLI::App app("Settles bills as fast as it can");
    std::string dir = "settle-bench";
    std::string url;
    int records = 100'000;
    app.add_option("--dir", dir, "for the journal and the SQLite file; made when it is not there");
    app.add_option("--postgres", url, "a database that may be filled");
    app.add_option("--records", records)->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    try {
        usage::measure(
            "sqlite", dir, records, [&] { return usage::open_sqlite(dir + "/usage.db"); });
        if (!url.empty()) {
            usage::PostgresDatabase database({.url = url});
            usage::measure("postgres", dir, records, [&] { return database.open(); });
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench-settle: %s\n", error.what());
        return 1;
    }
    return 0;
}
