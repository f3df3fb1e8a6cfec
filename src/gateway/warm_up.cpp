#include "warm_up.hpp"

#include "turngate/core/id.hpp"
#include "turngate/protocol/upstream_create.hpp"

#include <algorithm>

namespace turngate::gateway {

bool is_answered_here(const Turn& turn, const accounts::Account& account)
{
    return !turn.create.generate && account.goes_by_http(core::Clock::now(), turn.frame.size());
}

void answer_warm_up(const Turn& turn, Attempt& attempt)
{
    attempt.sent_at = core::Clock::now();
    std::string id = "resp_" + core::uuid7();
    std::erase(id, '-');
    attempt.relay.answer_here(
        Response(
            turn.context, turn.accepted_at, turn.started_at, turn.rooms.chains.bytes_per_session()),
        turn.lane_name(),
        protocol::warm_up_events(id, turn.create.model));
}

} // namespace turngate::gateway
