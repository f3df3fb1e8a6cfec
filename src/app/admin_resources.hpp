#pragma once

#include "turngate/admin/resource.hpp"

#include <vector>

namespace turngate::app {

// What operators change and look up over admin HTTP, besides usage and balances: the functions that
// the command line has too.
std::vector<admin::Resource> admin_resources();

} // namespace turngate::app
