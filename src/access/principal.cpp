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
const T& named(const std::vector<T>& all, const std::string& name)
{
    // The configuration is validated: every name that is used exists.
    return *std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
}

} // namespace

std::shared_ptr<state::Slots> UserSlots::of(const std::string& user, unsigned limit)
{
    auto& entry = entries_[user];
    if (!entry.slots || entry.limit != limit)
        entry = {limit, state_.slots("user/" + user, limit, kMaxWaitingForUser)};
    return entry.slots;
}

KeyRing::KeyRing(const config::Config& config, UserSlots& slots)
{
    for (const config::Key& key : config.keys) {
        const config::User& user = named(config.users, key.user);
        const config::Group& group = named(config.groups, key.group);
        Principal principal;
        principal.key = key.name;
        principal.user = user.name;
        principal.group = group.name;
        principal.tenant = group.name + "/" + user.name;
        principal.mode = group.mode;
        principal.multiplier = multiplier_of(user, group);
        principal.digest = key.digest;
        principal.allow_ips = key.allow_ips;
        principal.slots = slots.of(user.name, user.concurrency);
        principal.rates = {key.rpm, key.tpm};
        principals_.emplace(key.digest, std::make_shared<const Principal>(std::move(principal)));
    }
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
