#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace turngate::bench {

// Fields of an event, found by their bytes: no document per event, so that the load generator costs
// less than what it measures. A quote inside a JSON string is escaped, so `"key":` can only be a
// key; of several the first counts.

// The unsigned number after `key`, which is given with quotes and colon: R"("sequence_number":)".
std::optional<std::uint64_t> find_number(std::string_view event, std::string_view key) noexcept;

// What stands between the quotes of the string after `key`, still escaped; a view into the event.
// Nothing if it is no string or has no end.
std::optional<std::string_view> find_text(std::string_view event, std::string_view key) noexcept;

// `type`, when it is the first field as every server sends it; else empty.
std::string_view first_type(std::string_view event) noexcept;

// Bytes of a text that arrives in pieces: equal for a text and for the sum of its pieces.
struct TextSum
{
    std::uint64_t size = 0;
    std::uint64_t sum = 0;

    void add(std::string_view escaped) noexcept;
    bool operator==(const TextSum&) const = default;
};

} // namespace turngate::bench
