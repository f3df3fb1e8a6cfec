#include "turngate/accounts/standing.hpp"

namespace turngate::accounts {

std::string_view name(Standing standing) noexcept
{
    switch (standing) {
    case Standing::fits:
        return "fits";
    case Standing::other_group:
        return "other_group";
    case Standing::no_model:
        return "no_model";
    case Standing::shut_out:
        return "shut_out";
    case Standing::cooling:
        return "cooling";
    case Standing::breaker_open:
        return "breaker_open";
    case Standing::failing:
        return "failing";
    case Standing::has_failed:
        return "has_failed";
    }
    return "";
}

Standing standing(const Account& account,
                  std::string_view group,
                  std::string_view model,
                  core::Deadline now)
{
    if (!account.serves(group))
        return Standing::other_group;
    if (!account.upstream_model(model))
        return Standing::no_model;
    if (account.life->is_shut_out.load(std::memory_order_relaxed))
        return Standing::shut_out;
    if (account.life->is_cooling(now))
        return Standing::cooling;
    if (!account.life->breaker.lets_pass(now))
        return Standing::breaker_open;
    return Standing::fits;
}

} // namespace turngate::accounts
