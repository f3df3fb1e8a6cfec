#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::protocol {

// Events of Codex's own, and the HTTP headers that are the same (http.md section 8.2).

using NamedValues = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kRateLimits = "codex.rate_limits";

// x-codex-* quota headers of an account as the event of a WebSocket; names in small letters. Empty:
// they speak of no window.
std::string rate_limits_event(const NamedValues& headers);

// And back. None: it is no such event.
NamedValues rate_limit_headers(std::string_view event);

// A response.metadata without the model that really answers: Codex would tell its user, who did not
// choose the account, of it (http.md section 4). Empty: nothing else stood there. Any other event
// as it is.
std::string without_model(std::string_view event);

} // namespace turngate::protocol
