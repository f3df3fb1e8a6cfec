#pragma once

#include "act.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace turngate::sim {

// The `do` of a rule. Both throw std::runtime_error naming the place.
ActPtr read_act(const nlohmann::json& object, const std::string& place);
UpgradeActPtr read_upgrade_act(const nlohmann::json& object, const std::string& place);

Fault read_fault(const nlohmann::json& object, const std::string& place);

} // namespace turngate::sim
