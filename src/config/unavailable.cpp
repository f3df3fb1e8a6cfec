#include "unavailable.hpp"

#include <algorithm>

namespace turngate::config {
namespace {

struct Row
{
    std::string_view key;
    std::string_view value = {};  // only this value is missing
    std::string_view except = {}; // every value but this one is missing
};

// Deleting a row is all it takes for a key whose reader exists already (read_*.cpp).
constexpr Row kRows[] = {
    {.key = "users[].balance_usd"},
    {.key = "keys[].quota_usd"},
};

// users[3].name is a matter of users[].name.
std::string pattern_of(std::string_view path)
{
    std::string pattern;
    bool in_index = false;
    for (const char c : path) {
        in_index = in_index && c != ']';
        if (!in_index)
            pattern.push_back(c);
        in_index = in_index || c == '[';
    }
    return pattern;
}

} // namespace

bool is_unavailable(std::string_view path)
{
    const std::string pattern = pattern_of(path);
    return std::ranges::any_of(kRows, [&](const Row& row) {
        return row.key == pattern && row.value.empty() && row.except.empty();
    });
}

bool is_unavailable(std::string_view path, std::string_view value)
{
    const std::string pattern = pattern_of(path);
    return std::ranges::any_of(kRows, [&](const Row& row) {
        const bool is_value = !row.value.empty() && value == row.value;
        const bool is_other = !row.except.empty() && value != row.except;
        return row.key == pattern && (is_value || is_other);
    });
}

std::vector<std::string_view> unavailable_under(std::string_view path)
{
    const std::string prefix = path.empty() ? "" : pattern_of(path) + ".";
    std::vector<std::string_view> keys;
    for (const Row& row : kRows) {
        if (row.key.starts_with(prefix) && row.key.find('.', prefix.size()) == row.key.npos)
            keys.push_back(row.key.substr(prefix.size()));
    }
    return keys;
}

} // namespace turngate::config
