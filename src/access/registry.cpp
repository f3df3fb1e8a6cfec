#include "turngate/access/registry.hpp"

namespace turngate::access {

Registry registry_of(const usage::KnownBooks& books, core::Timestamp at)
{
    Registry registry;
    for (const auto& [name, key] : books.stored_keys) {
        if (key.revoked || (key.expires && *key.expires <= at))
            continue;
        registry.keys.push_back(key);
        registry.keys.back().used = {};
    }
    for (const auto& [name, user] : books.users)
        if (user.credit)
            registry.credits.emplace(name, *user.credit);
    return registry;
}

} // namespace turngate::access
