#pragma once

#include "gateways.hpp"

#include <future>
#include <optional>

namespace turngate::state::test {

using Sums = std::vector<core::NanoUsd>;

inline HoldRequest request(std::string subject,
                           std::int64_t limit,
                           std::string id,
                           std::int64_t amount,
                           std::string asker = {})
{
    return {std::move(subject), {limit}, std::move(id), {amount}, std::move(asker)};
}

// All of the amount, or nothing: less is given back at once.
inline std::optional<Hold> whole(core::Result<Hold> hold, std::int64_t amount)
{
    std::optional<Hold> whole;
    if (hold && hold->amount().value == amount)
        whole.emplace(std::move(*hold));
    return whole;
}

// As a thread that is no loop's would ask.
inline Sums held_of(net::Loop& loop, Gateway& gateway, std::vector<std::string> subjects)
{
    auto asked =
        std::async(std::launch::async, [&] { return gateway.state->budgets().held(subjects); });
    fakes::until(
        loop, [&] { return asked.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    return asked.get();
}

// All that was posted before has arrived in Redis.
inline void until_told(net::Loop& loop, Gateway& gateway)
{
    fakes::settle(loop);
    fakes::run(loop, gateway.state->store().find_lane("t", "none"));
}

} // namespace turngate::state::test
