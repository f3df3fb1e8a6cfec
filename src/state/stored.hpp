#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/state/state_store.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace turngate::state {

// A lane is bound again by every turn, here or elsewhere: the later of two counts.
struct StampedLane
{
    LaneBinding binding;
    core::Timestamp at{};
};

std::size_t bytes_of(const StampedLane& lane);

// What lies in Redis. Nothing is read from text of another version or of no sense. `life` names a
// gateway process: only it can use its connections, so for others `connection` is 0.
std::string store(const Binding& binding, std::string_view life);
std::optional<Binding> read_binding(std::string_view text, std::string_view life);

std::string store(const StampedLane& lane);
std::optional<StampedLane> read_lane(std::string_view text);

} // namespace turngate::state
