#include "read.hpp"

#include <algorithm>

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKiB = 1 << 10;
constexpr std::uint64_t kGiB = 1 << 30;

void read_relay(Section relay, Relay& out)
{
    relay["hold_lifecycle"].read_duration(out.hold_lifecycle, 0ms, 1min);
    relay["max_buffer"].read_size(out.max_buffer, 4 * kKiB, kGiB);
    relay["client_write_timeout"].read_duration(out.client_write_timeout, 100ms, 1h);
    relay["event_timeout"].read_duration(out.event_timeout, 100ms, 24h);
    relay["silence_timeout"].read_duration(out.silence_timeout, 100ms, 1h);
}

void read_pool(Section pool, const std::vector<Account>& accounts, Pool& out)
{
    const Value spares = pool["spares"];
    spares.read_number(out.spares, 0, 1024);
    const auto is_http = [](const Account& one) { return one.transport == Transport::http; };
    if (out.spares > 0 && !accounts.empty() && std::ranges::all_of(accounts, is_http))
        spares.complain("cannot be had over HTTP, which the transport of every account is");
    pool["park_ttl"].read_duration(out.park_ttl, 0ms, 24h);
    pool["ping_interval"].read_duration(out.ping_interval, 100ms, 1h);
    pool["pong_timeout"].read_duration(out.pong_timeout, 100ms, 1h);
}

void read_continuity(Section continuity, Continuity& out)
{
    const Value per_session = continuity["chain_max_per_session"];
    per_session.read_size(out.chain_max_per_session, 0, kGiB);
    continuity["chain_max_total"].read_size(out.chain_max_total, 0, 1024 * kGiB);
    if (out.chain_max_per_session > out.chain_max_total)
        per_session.complain("must not be more than continuity.chain_max_total");
    continuity["unknown_parent"].read_word<UnknownParent>(
        out.unknown_parent,
        {{"reject", UnknownParent::reject}, {"forward", UnknownParent::forward}});
    continuity["shorten_resends"].read_flag(out.shorten_resends);
}

void read_recovery(Section recovery, Recovery& out)
{
    recovery["max_attempts"].read_number(out.max_attempts, 1, 10);
    recovery["budget"].read_duration(out.budget, 0ms, 5min);
}

} // namespace

void read_turns(Section& root, Config& config)
{
    Section lanes = root["lanes"].section();
    lanes["overlap"].read_word<Overlap>(config.lanes_overlap,
                                        {{"queue", Overlap::queue}, {"preempt", Overlap::preempt}});
    read_relay(root["relay"].section(), config.relay);
    read_pool(root["pool"].section(), config.accounts, config.pool);
    read_continuity(root["continuity"].section(), config.continuity);
    read_recovery(root["recovery"].section(), config.recovery);
    read_scheduler(root["scheduler"].section(), config.scheduler);
}

} // namespace turngate::config
