#pragma once

#include "gateways.hpp"

#include <future>

namespace turngate::state::test {

using Sums = std::vector<core::NanoUsd>;

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
