#pragma once

#include "turngate/access/principal.hpp"
#include "turngate/accounts/account_set.hpp"
#include "turngate/config/config.hpp"
#include "turngate/usage/prices.hpp"

#include <memory>

namespace turngate::gateway {

// All that a configuration says, as one immutable value: each loop holds the current one, each turn
// keeps the one it began with.
struct Snapshot
{
    std::shared_ptr<const config::Config> config;
    access::KeyRing keys;
    accounts::AccountSet accounts;
    std::shared_ptr<const usage::PriceTable> prices;
};

} // namespace turngate::gateway
