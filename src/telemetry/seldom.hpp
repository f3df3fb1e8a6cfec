#pragma once

#include "turngate/core/clock.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace turngate::telemetry {

// What is worth saying, but not each time: once in a pause for each thing. Any thread.
class Seldom
{
public:
    // most: things remembered; while so many were said of late, nothing new is said.
    Seldom(std::chrono::seconds pause, std::size_t most) : pause_(pause), most_(most) {}

    bool is_due(std::string_view what, core::Deadline now);

private:
    const std::chrono::seconds pause_;
    const std::size_t most_;
    std::mutex mutex_;
    std::map<std::string, core::Deadline, std::less<>> again_; // when each may be said again
};

} // namespace turngate::telemetry
