#pragma once

#include "turngate/config/config.hpp"

#include <string>
#include <vector>

namespace turngate::config {

// Keys whose change a running gateway cannot take: it goes on with what it began with.
std::vector<std::string> restart_keys();

// Of these, the ones that have changed.
std::vector<std::string> changed_until_restart(const Config& before, const Config& after);

} // namespace turngate::config
