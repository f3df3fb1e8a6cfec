#pragma once

#include "item.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace turngate::sim {

// The `answer` of a rule. Throws std::runtime_error naming the place.
std::vector<Item> read_items(const nlohmann::json& list, const std::string& place);

} // namespace turngate::sim
