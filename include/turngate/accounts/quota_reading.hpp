#pragma once

#include "turngate/accounts/quota_windows.hpp"
#include "turngate/net/http.hpp"

#include <string_view>
#include <vector>

namespace turngate::accounts {

// What an upstream tells of its quota windows (protocol.md section 10.2): in the headers of the
// 101, `x-codex-<window>-used-percent` beside `-reset-after-seconds` or `-reset-at` …
std::vector<QuotaWindow> read_quota(const net::HttpHeaders& headers,
                                    core::Timestamp wall,
                                    core::Deadline now);

// … and in a codex.rate_limits event. Nothing where it is not of that form.
std::vector<QuotaWindow> read_quota(std::string_view rate_limits,
                                    core::Timestamp wall,
                                    core::Deadline now);

} // namespace turngate::accounts
