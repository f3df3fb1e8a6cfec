#pragma once

#include <string>
#include <string_view>

namespace turngate::state {

// The names of everything in Redis: tg:1:{subject}:kind…, where 1 is the layout's version. What is
// in the braces decides the slot of a cluster, so all keys of one subject are in one. Subjects are
// escaped: no name can be made to look like another's keys.

std::string response_key(std::string_view tenant, std::string_view response_id);
std::string lane_key(std::string_view tenant, std::string_view session);
std::string rate_key(std::string_view key);
std::string budget_key(std::string_view subject);

struct SlotKeys
{
    explicit SlotKeys(std::string_view name);

    std::string held;  // sorted set: member of a running turn → end of its lease, ms
    std::string queue; // sorted set: gateway with a waiting turn → since when, ms
    std::string seen;  // sorted set: the same gateways → when they asked last, ms
};

std::string instance_slots_key(std::string_view instance); // set: names of the slots it has used
std::string instance_life_key(std::string_view instance);  // text: who goes by the name
std::string instance_seen_key(std::string_view instance);  // gone: Redis was flushed

// Letters, digits and -_./@ stay; the rest is %XX.
std::string escape_subject(std::string_view text);

inline constexpr const char* kBulletinKey = "tg:1:{bulletin}"; // hash: subject → note
inline constexpr const char* kSlotsChannel = "tg:1:slots";     // name of slots of which one is free

} // namespace turngate::state
