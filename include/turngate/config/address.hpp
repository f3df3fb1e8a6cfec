#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::config {

bool is_ip(std::string_view text); // IPv4 or IPv6, without brackets

// The address alone, in the one spelling that the same address has: without port, brackets and zone
// ("192.0.2.7:51008", "[2001:db8::7]:443"), and IPv4 where it was mapped. Nothing: it is no
// address.
std::optional<std::string> plain_ip(std::string_view text);

bool is_host(std::string_view text); // a name or an IPv4 address
bool is_port(std::string_view text); // 0 to 65535

// A block of addresses. IPv4 and v4-mapped IPv6 are the same thing; an IPv6 block never holds an
// IPv4 address.
struct Cidr
{
    std::array<std::uint8_t, 16> network{}; // IPv4 in the first four
    unsigned prefix = 0;                    // bits of `network` that count
    bool is_v4 = false;

    // "10.0.0.0/8", "2001:db8::/32", or one address.
    static std::optional<Cidr> parse(std::string_view text);

    // False for what is no address. A zone (fe80::1%eth0) is ignored.
    bool contains(std::string_view ip) const;
};

// Where to listen: "host:port", "[v6]:port" or "unix:/path".
struct ListenAddress
{
    std::string host;       // without brackets; empty for a Unix socket
    std::uint16_t port = 0; // 0: any free one
    std::string path;       // of a Unix socket, else empty

    static std::optional<ListenAddress> parse(std::string_view text);

    bool is_unix() const { return !path.empty(); }
    bool is_loopback() const; // reachable from this machine alone
};

} // namespace turngate::config
