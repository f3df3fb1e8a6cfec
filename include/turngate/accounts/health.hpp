#pragma once

#include "turngate/accounts/error_rate.hpp"
#include "turngate/accounts/first_tokens.hpp"
#include "turngate/accounts/load_trend.hpp"

namespace turngate::accounts {

// How an account has done of late, as this process saw it. Relaxed atomics all through: any loop
// reports and reads without a lock.
struct Health
{
    ErrorRate errors;
    FirstTokens first_tokens;
    LoadTrend load;
};

} // namespace turngate::accounts
