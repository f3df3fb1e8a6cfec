#pragma once

#include "turngate/config/address.hpp"
#include "turngate/config/config.hpp"
#include "turngate/net/http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::gateway {

// Whose word is taken for where a client is (server.trusted_proxies).
class TrustedProxies
{
public:
    explicit TrustedProxies(const config::Server& server);

    // `peer`: an address, or "unix" for who comes over a unix listener.
    bool has(std::string_view peer) const;

    // The client's address: X-Forwarded-For read from the right as far as the hops are trusted,
    // else the peer's. Entries may have a port, brackets, or be IPv4 mapped to IPv6.
    std::string client_of(std::string_view peer, const net::HttpHeaders& headers) const;

private:
    std::vector<config::Cidr> blocks_;
    bool has_unix_ = false;
};

} // namespace turngate::gateway
