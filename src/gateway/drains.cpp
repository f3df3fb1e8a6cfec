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
    bool is_left = true; // by its client; false: it runs in the background

    // Of one that was left nothing is told: it has the end that it had with its client.
    void stop(FaultCode code, const char* where) const
    {
        turn->stop.request({is_left ? FaultCode::client_gone : code, {}, where});
    }
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
    own({std::move(memory), std::move(turn), until});
}

void Drains::run(std::unique_ptr<Turn> turn,
                 std::shared_ptr<const void> memory,
                 core::Deadline until)
{
    own({std::move(memory), std::move(turn), until, false});
}

void Drains::own(Drain drain)
{
    left_ += drain.is_left ? 1 : 0;
    drains_.push_back(std::move(drain));
    ++running_;
    tasks_.spawn("drain", to_its_end(std::prev(drains_.end())));
}

net::Task<> Drains::to_its_end(std::list<Drain>::iterator drain)
{
    Turn& turn = *drain->turn;
    const Metrics& metrics = turn.rooms.metrics;
    try {
        if (drain->is_left)
            co_await read_on(turn);
        else
            co_await run_turn(turn);
    } catch (const std::exception& bug) {
        telemetry::log_error("drain ended by an exception",
                             {{"turn", turn.id}, {"what", bug.what()}});
    }
    if (drain->is_left) {
        metrics.turns_draining.add(-1);
        --left_;
    }
    drains_.erase(drain);
    --running_;
}

// No precision is needed here, so there is no timer for each.
void Drains::on_tick(core::Deadline now)
{
    for (const Drain& drain : drains_)
        if (now >= drain.until)
            drain.stop(FaultCode::interrupted, "deadline");
}

void Drains::close()
{
    is_closed_ = true;
    for (const Drain& drain : drains_)
        drain.stop(FaultCode::gateway_draining, "shutdown deadline");
}

net::Task<> Drains::join()
{
    return tasks_.join();
}

} // namespace turngate::gateway
