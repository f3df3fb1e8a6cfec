#pragma once

#include "client_event.hpp"

#include <nlohmann/json_fwd.hpp>

namespace turngate::sim {

// A Create, or the Refusal it earns by its fields alone.
ClientEvent read_create(const nlohmann::json& event, const ClientRules& rules);

} // namespace turngate::sim
