#include "read.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>

namespace turngate::config {
namespace {

constexpr std::string_view kDefault = "default";

Group read_group(Section group, Names& taken)
{
    Group out;
    read_name(group["name"], out.name, taken);
    read_mode(group["mode"], out.mode);
    group["http"].read_flag(out.http);
    group["multiplier"].read_multiplier(out.multiplier);
    return out;
}

User read_user(Section user, const Config& config, Names& taken)
{
    User out;
    read_name(user["name"], out.name, taken);
    user["concurrency"].read_number(out.concurrency, 0, 1'000'000);
    user["balance_usd"].read_money(out.balance);
    for (const Value& entry : user["group_multipliers"].entries()) {
        check_group(entry, config, entry.key());
        entry.read_multiplier(out.group_multipliers[entry.key()]);
    }
    return out;
}

bool has_user(const Config& config, std::string_view name)
{
    return std::ranges::find(config.users, name, &User::name) != config.users.end();
}

// Without a `users` list nobody has to be named: the one user there is owns the keys.
void read_owner(const Value& value, bool has_users, Config& config, std::string& out)
{
    if (!has_users && !value.is_given()) {
        out = kDefault;
        if (!has_user(config, out))
            config.users.emplace_back().name = out;
        return;
    }
    value.required().read_text(out);
    if (!out.empty() && !(has_users && has_user(config, out)))
        value.complain("no user is named \"" + out + "\"");
}

std::optional<core::Digest> read_digest(const Value& value)
{
    static constexpr std::string_view kHashed = "sha256:";
    const auto secret = value.required().secret();
    if (!secret)
        return std::nullopt;
    if (!secret->starts_with(kHashed))
        return core::sha256(*secret);

    const auto bytes = core::from_hex(std::string_view(*secret).substr(kHashed.size()));
    core::Digest digest;
    if (!bytes || bytes->size() != digest.bytes.size()) {
        value.complain("must be sha256: and 64 hexadecimal digits, or the key itself");
        return std::nullopt;
    }
    std::ranges::copy(*bytes, digest.bytes.begin());
    return digest;
}

void read_secret(const Value& value, const Config& config, core::Digest& out)
{
    const auto digest = read_digest(value);
    if (!digest)
        return;
    const auto same = std::ranges::find(config.keys, *digest, &Key::digest);
    if (same != config.keys.end())
        value.complain("is the same secret as that of the key \"" + same->name + "\"");
    out = *digest;
}

Key read_key(Section key, bool has_users, Config& config, Names& taken)
{
    Key out;
    read_name(key["name"], out.name, taken);
    read_secret(key["key"], config, out.digest);
    read_owner(key["user"], has_users, config, out.user);
    read_group_name(key["group"], config, out.group);
    key["quota_usd"].read_money(out.quota);
    key["rpm"].read_number(out.rpm, 0, 1'000'000'000);
    key["tpm"].read_number(out.tpm, 0, 1'000'000'000'000);
    read_blocks(key["allow_ips"], out.allow_ips);
    return out;
}

} // namespace

void read_groups(const Value& groups, Config& config)
{
    if (!groups.is_given()) {
        config.groups.emplace_back().name = kDefault;
        return;
    }
    Names taken;
    for (const Value& item : groups.mappings())
        config.groups.push_back(read_group(item.section(), taken));
}

void read_users(const Value& users, Config& config)
{
    Names taken;
    for (const Value& item : users.mappings())
        config.users.push_back(read_user(item.section(), config, taken));
}

void read_keys(const Value& keys, bool has_users, Config& config)
{
    Names taken;
    if (!keys.is_given() && !keys.is_blank())
        keys.complain("at least one is required; [] if all come from `turngate keys create`");
    for (const Value& item : keys.mappings())
        config.keys.push_back(read_key(item.section(), has_users, config, taken));
}

} // namespace turngate::config
