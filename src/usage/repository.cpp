#include "turngate/usage/repository.hpp"

#include "cursor.hpp"
#include "turngate/core/bytes.hpp"

#include <array>
#include <charconv>
#include <span>
#include <stdexcept>

namespace turngate::usage {

std::string_view name_of(GroupBy by) noexcept
{
    switch (by) {
    case GroupBy::key:
        return "key";
    case GroupBy::user:
        return "user";
    case GroupBy::group:
        return "group";
    case GroupBy::account:
        return "account";
    case GroupBy::model:
        return "model";
    case GroupBy::day:
        return "day";
    }
    return "key";
}

std::optional<GroupBy> group_by(std::string_view name) noexcept
{
    using enum GroupBy;
    for (const GroupBy by : std::array{key, user, group, account, model, day})
        if (name_of(by) == name)
            return by;
    return std::nullopt;
}

std::string Cursor::text() const
{
    const std::string plain =
        std::to_string(started_at.time_since_epoch().count()) + "." + response_uid;
    return core::to_hex({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()});
}

Cursor Cursor::parse(std::string_view text)
{
    const std::string plain = core::from_hex(text).value_or("");
    std::int64_t us = 0;
    const char* last = plain.data() + plain.size();
    const auto [end, error] = std::from_chars(plain.data(), last, us);
    if (error != std::errc() || end == last || *end != '.')
        throw std::invalid_argument("not a cursor of this API");
    return {core::Timestamp(std::chrono::microseconds(us)), std::string(end + 1, last)};
}

} // namespace turngate::usage
