#pragma once

#include "turngate/telemetry/log.hpp"

namespace turngate::telemetry {

// As log_error, for what would be lost with a part of it: values may have 16 KiB.
void log_error_whole(std::string_view event, Fields fields);

} // namespace turngate::telemetry
