#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/telemetry/log.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace turngate::telemetry {

inline constexpr std::size_t kMostOfAValue = 256;

// 2026-11-01T12:00:00.123Z info  turn ended account=main ms=12
// One line for whatever the fields hold: values with spaces, quotes, '=' or control characters are
// quoted, and control characters escaped. Without the newline. most: bytes of a value, then it is
// cut.
std::string text_line(core::Timestamp at,
                      config::LogLevel level,
                      std::string_view event,
                      Fields fields,
                      std::size_t most = kMostOfAValue);

// {"ts":"2026-11-01T12:00:00.123Z","level":"info","msg":"turn ended","account":"main","ms":12}
std::string json_line(core::Timestamp at,
                      config::LogLevel level,
                      std::string_view event,
                      Fields fields,
                      std::size_t most = kMostOfAValue);

} // namespace turngate::telemetry
