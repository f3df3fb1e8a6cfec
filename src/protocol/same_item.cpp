#include "turngate/protocol/same_item.hpp"

#include <simdjson.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace turngate::protocol {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr int kMostDepth = 24;
constexpr std::size_t kMostMembers = 64; // they are sorted

using Member = std::pair<std::string_view, element>;

bool is_string(element value, std::string_view text)
{
    std::string_view body;
    return value.get(body) == simdjson::SUCCESS && body == text;
}

bool is_empty(element value)
{
    array items;
    return value.is_null() ||
           (value.get(items) == simdjson::SUCCESS && items.begin() == items.end());
}

// Says nothing that counts.
bool is_aside(std::string_view key, element value, bool is_message)
{
    return key == "annotations" || key == "logprobs" || is_empty(value) ||
           (is_message && key == "type" && is_string(value, "message"));
}

// What counts, by key; false: too much of it.
bool read_members(object from, std::vector<Member>& members)
{
    const bool is_message = from.at_key("role").error() == simdjson::SUCCESS;
    for (const auto& [key, value] : from) {
        if (is_aside(key, value, is_message))
            continue;
        if (members.size() == kMostMembers)
            return false;
        members.emplace_back(key, value);
    }
    std::ranges::sort(members, {}, &Member::first);
    return true;
}

// The content is this text, and nothing else.
bool is_only_text(element content, std::string_view text)
{
    array parts;
    object part;
    std::vector<Member> members;
    if (content.get(parts) != simdjson::SUCCESS || parts.size() != 1 ||
        parts.at(0).get(part) != simdjson::SUCCESS || !read_members(part, members))
        return false;
    return members.size() == 2 && members[0].first == "text" &&
           is_string(members[0].second, text) && members[1].first == "type" &&
           (is_string(members[1].second, "input_text") ||
            is_string(members[1].second, "output_text"));
}

bool is_same(element one, element other, int depth);

bool is_same_array(array one, array other, int depth)
{
    auto at = other.begin();
    for (const element item : one) {
        if (at == other.end() || !is_same(item, *at, depth))
            return false;
        ++at;
    }
    return at == other.end();
}

bool is_same_member(const Member& one, const Member& other, int depth)
{
    if (one.first != other.first)
        return false;
    std::string_view text;
    if (one.first == "content" && one.second.type() != other.second.type()) {
        if (one.second.get(text) == simdjson::SUCCESS)
            return is_only_text(other.second, text);
        return other.second.get(text) == simdjson::SUCCESS && is_only_text(one.second, text);
    }
    return is_same(one.second, other.second, depth);
}

bool is_same_object(object one, object other, int depth)
{
    std::vector<Member> members;
    std::vector<Member> others;
    if (!read_members(one, members) || !read_members(other, others))
        return false;
    return std::ranges::equal(members, others, [&](const Member& a, const Member& b) {
        return is_same_member(a, b, depth);
    });
}

bool is_same(element one, element other, int depth)
{
    if (one.type() != other.type() || depth == kMostDepth)
        return false;
    switch (one.type()) {
    case element_type::ARRAY:
        return is_same_array(one, other, depth + 1);
    case element_type::OBJECT:
        return is_same_object(one, other, depth + 1);
    case element_type::INT64:
        return std::int64_t(one) == std::int64_t(other);
    case element_type::UINT64:
        return std::uint64_t(one) == std::uint64_t(other);
    case element_type::DOUBLE:
        return double(one) == double(other);
    case element_type::STRING:
        return std::string_view(one) == std::string_view(other);
    case element_type::BOOL:
        return bool(one) == bool(other);
    case element_type::NULL_VALUE:
        return true;
    }
    return false;
}

} // namespace

bool say_the_same(std::string_view item, std::string_view other)
{
    if (item == other)
        return true;
    simdjson::dom::parser parser;
    simdjson::dom::parser other_parser;
    element one;
    element two;
    if (parser.parse(item.data(), item.size()).get(one) != simdjson::SUCCESS ||
        other_parser.parse(other.data(), other.size()).get(two) != simdjson::SUCCESS)
        return false;
    return one.is_object() && is_same(one, two, 0);
}

} // namespace turngate::protocol
