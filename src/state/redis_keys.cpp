#include "redis_keys.hpp"

#include "turngate/core/id.hpp"

namespace turngate::state {
namespace {

constexpr std::size_t kMostId = 200; // ids come from clients too; a longer one goes by its digest
constexpr char kDigest = '#';        // in front of that; so does an id that begins with it

std::string key_of(std::string_view kind, std::string_view subject, std::string_view rest)
{
    std::string key = "tg:1:{";
    key.append(kind).append(escape_subject(subject)).append("}").append(rest);
    return key;
}

std::string short_id(std::string_view id)
{
    if (id.size() <= kMostId && !id.starts_with(kDigest))
        return std::string(id);
    return kDigest + core::sha256(id).hex();
}

} // namespace

std::string escape_subject(std::string_view text)
{
    constexpr std::string_view kPlain = "-_./@";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string escaped;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter || (c >= '0' && c <= '9') || kPlain.find(c) != kPlain.npos)
            escaped.push_back(c);
        else
            escaped.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
    }
    return escaped;
}

std::string response_key(std::string_view tenant, std::string_view response_id)
{
    return key_of("tenant:", tenant, ":r:" + short_id(response_id));
}

std::string lane_key(std::string_view tenant, std::string_view session)
{
    return key_of("tenant:", tenant, ":l:" + short_id(session));
}

std::string rate_key(std::string_view key)
{
    return key_of("rate:", key, "");
}

std::string budget_key(std::string_view subject)
{
    return key_of("budget:", subject, "");
}

SlotKeys::SlotKeys(std::string_view name)
    : held(key_of("slot:", name, ":held")), queue(key_of("slot:", name, ":queue")),
      seen(key_of("slot:", name, ":seen"))
{
}

std::string instance_slots_key(std::string_view instance)
{
    return key_of("instance:", instance, ":slots");
}

std::string instance_life_key(std::string_view instance)
{
    return key_of("instance:", instance, ":life");
}

std::string instance_seen_key(std::string_view instance)
{
    return key_of("instance:", instance, ":seen");
}

} // namespace turngate::state
