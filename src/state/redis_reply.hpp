#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::state {

// What Redis said, owned.
struct Reply
{
    enum class Kind : std::uint8_t { nil, integer, text, list, error };

    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text; // of an error too
    std::vector<Reply> items;

    bool is_error(std::string_view code) const
    {
        return kind == Kind::error && text.starts_with(code);
    }
};

// Nothing: Redis is away, too late, or has refused. The caller goes on without it.
using Answer = std::optional<Reply>;

using Command = std::vector<std::string>;

} // namespace turngate::state
