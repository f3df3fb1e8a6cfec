#pragma once

#include "turngate/usage/ledger.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace turngate::usage {

using OnBuried = std::function<void(const UsageRecord& record, const std::string& reason)>;

// Inserts; what is refused for what is in it becomes a dead letter, of which `on_buried` is told,
// and the rest is in. Returns how many were new. Throws as the ledger, then in the middle.
Settled settle_or_bury(Ledger& ledger,
                       const std::vector<UsageRecord>& records,
                       const OnBuried& on_buried);

} // namespace turngate::usage
