// What a relay hears beside the response: of the account and the conversation.
#include "relay.hpp"

#include "turngate/protocol/codex_event.hpp"

namespace turngate::gateway {

// A few a turn at most.
void Relay::keep_news(const net::Frame& frame)
{
    if (frame.payload.find("\"codex.rate_limits\"") != frame.payload.npos)
        rate_limits_ = frame.payload;
    const std::string_view state = protocol::peek_turn_state(frame.payload);
    if (!state.empty())
        turn_state_ = state;
}

// Codex's own events go to Codex alone, and what must not reach that is taken off.
void Relay::pass_news(const net::Frame& frame)
{
    if (!protocol::is_for_codex(frame.payload)) {
        pass_quiet(frame);
        return;
    }
    if (!rules_.codex_events)
        return;
    const std::string told = protocol::without_model(frame.payload);
    if (told == frame.payload)
        pass_quiet(frame);
    else if (!told.empty())
        pass_quiet(as_frame(told));
}

// Those of the account, where the operator says that they are the client's (http.md section 8.2).
void Relay::pass_rate_limits()
{
    constexpr std::string_view kPrefix = "x-ratelimit-";
    const auto* headers = connection_ ? connection_->answer_headers() : nullptr;
    if (!headers)
        return;
    for (const auto& [name, value] : *headers)
        if (net::equal_without_case(std::string_view(name).substr(0, kPrefix.size()), kPrefix))
            client_->set_header(name, value);
}

} // namespace turngate::gateway
