#include "turngate/access/principal.hpp"

#include <algorithm>

namespace turngate::access {
namespace {

constexpr unsigned kMaxWaitingForUser = 20; // behaviour.md section 3

core::Ppm multiplier_of(const config::User& user, const config::Group& group)
{
    const auto own = user.group_multipliers.find(group.name);
    return own != user.group_multipliers.end() ? own->second : group.multiplier;
}

template <class T>
const T* find_named(const std::vector<T>& all, const std::string& name)
{
    const auto found = std::ranges::find(all, name, &T::name);
    return found == all.end() ? nullptr : &*found;
}

Principal principal_of(const config::User& user, const config::Group& group, UserSlots& slots)
{
    Principal principal;
    principal.user = user.name;
    principal.group = group.name;
    principal.tenant = tenant_of(group.name, user.name);
    principal.mode = group.mode;
    principal.http = group.http;
    principal.multiplier = multiplier_of(user, group);
    principal.slots = slots.of(user.name, user.concurrency);
    principal.credit = user.balance;
    return principal;
}

// With the credit that the repository has for users whom the configuration gives none.
config::User user_of(const config::Config& config,
                     const std::string& name,
                     const Registry& registry)
{
    config::User user;
    if (const config::User* known = find_named(config.users, name))
        user = *known;
    user.name = name;
    const auto credit = registry.credits.find(name);
    if (!user.balance && credit != registry.credits.end())
        user.balance = credit->second;
    return user;
}

} // namespace

std::string tenant_of(std::string_view group, std::string_view user)
{
    std::string tenant;
    for (const char c : group) {
        if (c == '/')
            tenant.append("%2F");
        else if (c == '%')
            tenant.append("%25");
        else
            tenant.push_back(c);
    }
    return tenant.append("/").append(user);
}

std::string key_subject(std::string_view key)
{
    return "key/" + std::string(key);
}

std::string user_subject(std::string_view user)
{
    return "user/" + std::string(user);
}

std::shared_ptr<state::Slots> UserSlots::of(const std::string& user, unsigned limit)
{
    auto& slots = entries_[user];
    if (!slots)
        slots = state_.slots("user/" + user, limit, kMaxWaitingForUser);
    slots->set_limit(limit);
    return slots;
}

KeyRing::KeyRing(const config::Config& config,
                 UserSlots& slots,
                 const std::optional<Registry>& registry)
    : is_complete_(registry && registry->is_current), knows_spending_(registry.has_value())
{
    const Registry stored = registry.value_or(Registry());
    for (const config::Key& key : config.keys) {
        // The configuration is validated: every name that is used exists.
        const config::Group& group = *find_named(config.groups, key.group);
        Principal principal = principal_of(user_of(config, key.user, stored), group, slots);
        principal.key = key.name;
        principal.digest = key.digest;
        principal.allow_ips = key.allow_ips;
        principal.rates = {key.rpm, key.tpm};
        principal.quota = key.quota;
        add(std::move(principal));
    }
    for (const usage::StoredKey& key : stored.keys)
        add(key, config, stored, slots);
}

void KeyRing::add(Principal principal)
{
    if (principal.quota)
        budgeted_.insert(key_subject(principal.key));
    if (principal.credit)
        budgeted_.insert(user_subject(principal.user));
    const core::Digest digest = principal.digest;
    principals_.emplace(digest, std::make_shared<const Principal>(std::move(principal)));
}

// Unless the file has a key of that name or secret. A group that the file does not have (any more)
// has no accounts either: its keys open nothing.
void KeyRing::add(const usage::StoredKey& key,
                  const config::Config& config,
                  const Registry& registry,
                  UserSlots& slots)
{
    const config::Group* group = find_named(config.groups, key.group);
    if (!group || find_named(config.keys, key.name))
        return;
    Principal principal = principal_of(user_of(config, key.user, registry), *group, slots);
    principal.key = key.name;
    principal.digest = key.digest;
    principal.rates = {static_cast<unsigned>(key.rpm), static_cast<std::uint64_t>(key.tpm)};
    principal.quota = key.quota;
    principal.expires = key.expires;
    add(std::move(principal));
}

std::shared_ptr<const Principal> KeyRing::find(std::string_view secret) const
{
    return find(core::sha256(secret));
}

std::shared_ptr<const Principal> KeyRing::find(const core::Digest& digest) const
{
    const auto found = principals_.find(digest);
    if (found == principals_.end() || !core::equal_in_constant_time(found->first, digest))
        return nullptr;
    const auto& expires = found->second->expires;
    if (expires && *expires <= core::wall_now())
        return nullptr;
    return found->second;
}

std::string_view key_of(const net::HttpHeaders& headers) noexcept
{
    const std::string_view authorization = headers.get("authorization");
    constexpr std::string_view kBearer = "bearer ";
    if (authorization.size() > kBearer.size() &&
        net::equal_without_case(authorization.substr(0, kBearer.size()), kBearer))
        return authorization.substr(kBearer.size());
    if (const std::string_view key = headers.get("x-api-key"); !key.empty())
        return key;
    return headers.get("api-key");
}

} // namespace turngate::access
