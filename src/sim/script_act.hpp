#pragma once

#include "act.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace turngate::sim {

// The `do` of a rule. Both throw std::runtime_error naming the place.
HttpForm read_http_form(const nlohmann::json& source, const std::string& place);
RequestActPtr read_request_act(const nlohmann::json& source, const std::string& place);
ActPtr read_act(const nlohmann::json& object, const std::string& place);
UpgradeActPtr read_upgrade_act(const nlohmann::json& object, const std::string& place);

Fault read_fault(const nlohmann::json& object, const std::string& place);

} // namespace turngate::sim
