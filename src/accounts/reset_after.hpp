#pragma once

#include "said_fields.hpp"

#include "turngate/core/clock.hpp"

#include <chrono>
#include <optional>

// When an account that refused a turn for its limits will take turns again (behaviour.md section
// 5): 1 second to 31 days from now, or nothing where nobody says.
namespace turngate::accounts {

struct Reset
{
    std::chrono::seconds in{};
    bool is_of_window =
        false; // one that is used up (`x-codex-*`): it is the account's, not a model's

    bool operator==(const Reset&) const = default;
};

// By headers: a used-up window, `retry-after`, a used-up limit a minute (`x-ratelimit-*`), or else
// the first window or limit to end of those that do not tell how full they are.
std::optional<Reset> reset_after(const net::HttpHeaders& headers, core::Timestamp now);

// By the JSON: `resets_in_seconds`, `resets_at`, a `headers` map, or a message that names a time.
std::optional<Reset> reset_after(const SaidFields& said, core::Timestamp now);

} // namespace turngate::accounts
