#pragma once

#include <string>
#include <string_view>

namespace turngate::protocol {

// The error object of an event, as it stands there; made of the event's own members where the error
// is flat, with that type. A whole object all the same.
std::string error_object(std::string_view event, std::string_view type);

} // namespace turngate::protocol
