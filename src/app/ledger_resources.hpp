#pragma once

#include "turngate/admin/resource.hpp"
#include "turngate/config/config.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace turngate::app {

using ReadConfig = std::function<std::shared_ptr<const config::Config>()>; // on any thread

// /api/v1/keys, /api/v1/users and /api/v1/dead-letters (interface.md): what the command line can do
// to the repository, over admin HTTP.
std::vector<admin::Resource> ledger_resources(ReadConfig config);

} // namespace turngate::app
