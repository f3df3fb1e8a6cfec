#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/core/money.hpp"

#include <cstddef>
#include <future>
#include <string>
#include <vector>

namespace turngate::state {

// What a thread asks a loop: how much is held of each subject, in all gateways. Shared by both,
// since the thread may give up first; but for the promise it is then the loop's alone.
struct HeldQuestion
{
    std::vector<std::string> subjects;
    core::Deadline deadline;
    std::vector<core::NanoUsd> sums; // what is held here, until more is known
    std::size_t next = 0;            // to be asked
    unsigned readers = 0;            // that still ask
    std::promise<void> answered;
};

} // namespace turngate::state
