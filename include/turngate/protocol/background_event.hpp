#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace turngate::protocol {

// What the log of a background response makes of events (http.md section 10). Events and objects
// are trusted to be JSON.

// Nothing: the event has none.
std::optional<std::int64_t> peek_sequence_number(std::string_view event) noexcept;

// The event with that number, whatever it had; all other bytes are its own.
std::string with_sequence_number(std::string_view event, std::int64_t number);

struct Member
{
    std::string_view name;
    std::string_view value; // raw JSON
};

// The object with these members, whatever it had of them; all other bytes are its own.
std::string with_members(std::string_view object, std::span<const Member> members);

// A response object that says no more than how the response ended, as the gateway makes them.
bool is_bare(std::string_view response) noexcept;

// What was known of a response, and its end as a bare one tells it.
std::string with_end_of(std::string_view known, std::string_view bare);

// {"type":…,"response":…}
std::string event_with(std::string_view type, std::string_view response);

} // namespace turngate::protocol
