#pragma once

#include "act.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace turngate::sim {

// One event as a block of a stream of server-sent events. `number`: for `id:` lines.
void append_sse(std::string& out,
                const SseForm& form,
                std::string_view event,
                std::uint64_t number);

// The event's `type`; empty if it has none at its top.
std::string type_of_event(std::string_view event);

} // namespace turngate::sim
