#include "successor.hpp"

#include "turngate/protocol/control_answer.hpp"
#include "turngate/telemetry/log.hpp"

namespace turngate::gateway {
namespace {

using core::Clock;

// A successor follows its predecessor by itself; an upstream that owes one for longer has lost it.
constexpr auto kSuccessorWait = std::chrono::seconds(30);

// Counted, billed and continued by itself.
void take_over(Turn& turn)
{
    turn.whole_input = turn.relay.steering().begin_successor();
    turn.parent_id = turn.last_response_id;
    turn.parent_context_tokens = turn.last_context_tokens;
    turn.accepted_at = Clock::now();
    turn.started_at = core::wall_now();
    turn.slot_at = turn.accepted_at;
    turn.retry_reason = {};
    turn.is_sent = true;
    turn.is_billed = false;
    turn.is_told = false;
    turn.is_connection_clean = false;
}

void keep_queued_input(Turn& turn)
{
    std::string queued = turn.relay.steering().take_queued();
    if (queued.empty())
        return;
    turn.lane.queued_input = std::move(queued);
    turn.lane.queued_for = turn.last_response_id;
}

} // namespace

net::Task<core::Result<bool>> begin_successor(Turn& turn)
{
    keep_queued_input(turn);
    if (!turn.is_connection_clean || !turn.relay.steering().is_open())
        co_return false;
    const auto deadline = Clock::now() + kSuccessorWait;
    const auto begun = co_await turn.relay.until_successor(deadline, turn.stop);
    keep_queued_input(turn);
    if (begun && *begun) {
        take_over(turn);
        telemetry::log_debug("successor begun", {{"turn", turn.id}, {"parent", turn.parent_id}});
        co_return true;
    }
    // Stopped between two responses, the turn has had its end.
    turn.is_connection_clean = begun && !turn.relay.steering().is_open();
    give_back_steers(turn);
    co_return false;
}

void give_back_steers(Turn& turn)
{
    for (const auto& steer : turn.relay.steering().give_up())
        turn.client->send(protocol::steer_failed_event("response_not_active",
                                                       "The response ended before it took this.",
                                                       steer.input,
                                                       steer.target,
                                                       turn.lane_name()));
    turn.client->flush();
}

} // namespace turngate::gateway
