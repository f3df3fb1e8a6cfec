#include "turngate/accounts/fitness.hpp"

#include "turngate/accounts/account_set.hpp"

namespace turngate::accounts {

std::string_view name(Fitness fitness) noexcept
{
    switch (fitness) {
    case Fitness::fits:
        return "fits";
    case Fitness::off:
        return "off";
    case Fitness::other_group:
        return "other_group";
    case Fitness::no_model:
        return "no_model";
    case Fitness::disabled:
        return "disabled";
    case Fitness::refused:
        return "refused";
    case Fitness::cooling:
        return "cooling";
    case Fitness::breaker_open:
        return "breaker_open";
    case Fitness::failing:
        return "failing";
    case Fitness::has_failed:
        return "has_failed";
    }
    return "";
}

Fitness fitness(const Account& account,
                std::string_view group,
                std::string_view model,
                core::Deadline now)
{
    if (account.is_off())
        return Fitness::off;
    if (!account.serves(group))
        return Fitness::other_group;
    const auto upstream_model = account.upstream_model(model);
    if (!upstream_model)
        return Fitness::no_model;
    return account.standing->fitness(*upstream_model, now);
}

} // namespace turngate::accounts
