#include "turngate/access/registry.hpp"

namespace turngate::access {

Registry registry_of(const std::vector<usage::StoredKey>& keys,
                     const usage::Balances& balances,
                     core::Timestamp at)
{
    Registry registry;
    for (const usage::StoredKey& key : keys) {
        if (key.revoked || (key.expires && *key.expires <= at))
            continue;
        registry.keys.push_back(key);
        registry.keys.back().used = {};
    }
    for (const usage::UserBalance& user : balances.users)
        if (user.credit)
            registry.credits.emplace(user.user, *user.credit);
    return registry;
}

} // namespace turngate::access
