#pragma once

#include "turngate/net/http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::gateway {

// Which of a client's headers may go to an account (behaviour.md section 1): a fixed list.
// Credentials, cookies, `Sec-*`, hop-by-hop and forwarding headers are not on it. `extra`: names
// from accounts[].forward_headers.
net::HttpHeaders forwardable(const net::HttpHeaders& headers,
                             const std::vector<std::string>& extra);

// What names a client's session: session-id or session_id, else conversation_id; empty if neither
// is there.
std::string_view session_name(const net::HttpHeaders& headers) noexcept;

// Codex, and whatever calls itself so: its user-agent or originator begins with "codex".
bool is_codex(const net::HttpHeaders& headers) noexcept;

} // namespace turngate::gateway
