#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/net/http.hpp"

#include <chrono>
#include <optional>
#include <string_view>

// When an account that refused a turn for its limits will take turns again (behaviour.md section
// 5).
namespace turngate::accounts {

// By its answer's headers: a used-up window (`x-codex-*`), `retry-after`, or else the first window
// to end of those that do not tell how full they are. Nothing: they do not say.
std::optional<std::chrono::seconds> reset_after(const net::HttpHeaders& headers,
                                                core::Timestamp now);

// By a refusal's JSON body, an error event or a response.failed: `resets_in_seconds`, `resets_at`,
// a `headers` map, or a message that names a time.
std::optional<std::chrono::seconds> reset_after(std::string_view json, core::Timestamp now);

// How long to let the account cool: what the headers say, else the JSON, else 5 minutes.
std::chrono::seconds cooling(const net::HttpHeaders& headers,
                             std::string_view json,
                             core::Timestamp now);

} // namespace turngate::accounts
