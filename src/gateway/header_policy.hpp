#pragma once

#include "turngate/config/address.hpp"
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

// The client's address: X-Forwarded-For read from the right as far as the hops are trusted proxies;
// else the peer's.
std::string client_address(const std::string& peer,
                           const net::HttpHeaders& headers,
                           const std::vector<config::Cidr>& trusted);

} // namespace turngate::gateway
