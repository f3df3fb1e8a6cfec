#include "dialogue.hpp"

#include <algorithm>

namespace turngate::gateway {

using protocol::SteerStep;

void Dialogue::answered(ControlKind kind)
{
    const auto found = std::find(asked_.begin(), asked_.end(), kind);
    if (found != asked_.end())
        asked_.erase(found);
}

void Dialogue::answered(const protocol::SteerEvent& answer)
{
    if (answer.which == SteerStep::accepted || answer.id.empty())
        answered(ControlKind::steer);
    steering_.on_answer(answer);
}

void Dialogue::refused()
{
    if (asked_.empty())
        return;
    const ControlKind oldest = asked_.front();
    asked_.pop_front();
    if (oldest == ControlKind::steer)
        steering_.on_answer({.which = SteerStep::failed, .id = {}, .previous_response_id = {}});
}

bool refuses_control(const protocol::TerminalEvent& error) noexcept
{
    return error.status >= 400 && error.status < 500 && error.status != 429 &&
           error.error_code != "websocket_connection_limit_reached";
}

} // namespace turngate::gateway
