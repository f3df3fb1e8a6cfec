#include "drains.hpp"

#include "turn.hpp"

#include "turngate/telemetry/log.hpp"

#include <exception>
#include <iterator>
#include <utility>

namespace turngate::gateway {

using core::Clock;
using core::FaultCode;

struct Drains::Drain
{
    std::shared_ptr<const void> memory; // outlives the turn
    std::unique_ptr<Turn> turn;
    core::Deadline until;
};

Drains::Drains(net::Loop& loop, std::size_t most) : most_(most), tasks_(loop)
{
    loop.tick(*this);
}

Drains::~Drains() = default;

void Drains::take(std::unique_ptr<Turn> turn, std::shared_ptr<const void> memory)
{
    telemetry::log_debug("turn reads on without its client", {{"turn", turn->id}});
    turn->leave_client(nobody_);
    turn->rooms.metrics.turns_draining.add(1);
    const auto until = Clock::now() + turn->snapshot->config->usage.drain_timeout;
    drains_.push_back({std::move(memory), std::move(turn), until});
    ++running_;
    tasks_.spawn("drain", run(std::prev(drains_.end())));
}

net::Task<> Drains::run(std::list<Drain>::iterator drain)
{
    Turn& turn = *drain->turn;
    const Metrics& metrics = turn.rooms.metrics;
    try {
        co_await read_on(turn);
    } catch (const std::exception& bug) {
        telemetry::log_error("drain ended by an exception",
                             {{"turn", turn.id}, {"what", bug.what()}});
    }
    metrics.turns_draining.add(-1);
    drains_.erase(drain);
    --running_;
}

// No precision is needed here, so there is no timer for each.
void Drains::on_tick(core::Deadline now)
{
    for (const Drain& drain : drains_)
        if (now >= drain.until)
            drain.turn->stop.request({FaultCode::client_gone, {}, "drain deadline"});
}

void Drains::close()
{
    is_closed_ = true;
    for (const Drain& drain : drains_)
        drain.turn->stop.request({FaultCode::client_gone, {}, "shutdown deadline"});
}

net::Task<> Drains::join()
{
    return tasks_.join();
}

} // namespace turngate::gateway
