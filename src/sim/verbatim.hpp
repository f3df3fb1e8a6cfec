#pragma once

#include <string>
#include <string_view>

namespace turngate::sim {

// A script's own event: "$response" becomes the response's id, and an object gets the lane's name.
std::string fill_in(std::string_view verbatim, std::string_view response, std::string_view lane);

} // namespace turngate::sim
