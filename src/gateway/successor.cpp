#include "successor.hpp"

#include "turngate/protocol/control_answer.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;

// A successor follows its predecessor by itself; an upstream that owes one for longer has lost it.
constexpr auto kSuccessorWait = std::chrono::seconds(30);

// What the upstream keeps for the next create that goes on from the steered response.
void keep_queued_input(Turn& turn, Attempt& attempt, const std::string& steered)
{
    std::string queued = attempt.relay.steering().take_queued();
    if (queued.empty())
        return;
    turn.lane.queued_input = std::move(queued);
    turn.lane.queued_for = steered;
}

} // namespace

net::Task<bool> begin_successor(Turn& turn, Attempt& attempt, std::int64_t context_tokens)
{
    Relay& relay = attempt.relay;
    const std::string steered = relay.response().id;
    keep_queued_input(turn, attempt, steered);
    if (!relay.is_attached() || !relay.steering().is_open())
        co_return false;
    const auto now = Clock::now();
    Context context{steered, context_tokens, {}};
    Response next(std::move(context), now, core::wall_now(), turn.rooms.chains.bytes_per_session());
    const auto deadline = now + kSuccessorWait;
    const bool has_begun = co_await relay.until_successor(std::move(next), deadline, turn.stop);
    keep_queued_input(turn, attempt, steered);
    if (has_begun) {
        relay.response().context.input = relay.steering().begin_successor();
        turn.tries.retry_reason = {};
        telemetry::log_debug("successor begun", {{"turn", turn.id}, {"parent", steered}});
    }
    co_return has_begun;
}

void give_back_steers(Turn& turn, Attempt& attempt)
{
    for (const auto& steer : attempt.relay.steering().give_up())
        turn.client->send(protocol::steer_failed_event("response_not_active",
                                                       "The response ended before it took this.",
                                                       steer.input,
                                                       steer.target,
                                                       turn.lane_name()));
    turn.client->flush();
}

} // namespace turngate::gateway
