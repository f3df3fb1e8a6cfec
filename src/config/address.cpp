#include "turngate/config/address.hpp"

#include "turngate/config/quantity.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace turngate::config {
namespace {

struct Ip
{
    std::array<std::uint8_t, 16> bytes{};
    bool is_v4 = false;
    bool was_mapped = false;
};

bool is_mapped(const std::array<std::uint8_t, 16>& v6)
{
    static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(v6.data(), kMapped, sizeof kMapped) == 0;
}

std::optional<Ip> parse_ip(std::string_view text)
{
    if (text.find('\0') != text.npos)
        return std::nullopt;
    const std::string ip(text); // inet_pton wants an end
    Ip result;
    if (::inet_pton(AF_INET, ip.c_str(), result.bytes.data()) == 1) {
        result.is_v4 = true;
        return result;
    }
    std::array<std::uint8_t, 16> v6{};
    if (::inet_pton(AF_INET6, ip.c_str(), v6.data()) != 1)
        return std::nullopt;
    if (!is_mapped(v6))
        return Ip{v6};
    std::copy_n(v6.begin() + 12, 4, result.bytes.begin());
    result.is_v4 = result.was_mapped = true;
    return result;
}

bool is_v6_literal(std::string_view text)
{
    return text.find(':') != text.npos && parse_ip(text).has_value();
}

bool same_start(const std::uint8_t* a, const std::uint8_t* b, unsigned bits)
{
    if (std::memcmp(a, b, bits / 8) != 0)
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

} // namespace

bool is_ip(std::string_view text)
{
    return parse_ip(text).has_value();
}

std::optional<std::string> plain_ip(std::string_view text)
{
    std::string_view ip = text;
    std::string_view port; // with its colon
    const bool is_bracketed = text.starts_with('[');
    if (is_bracketed) {
        const std::size_t end = std::min(text.find(']'), text.size() - 1);
        ip = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else if (std::ranges::count(text, ':') == 1) {
        ip = text.substr(0, text.find(':'));
        port = text.substr(ip.size());
    }
    if (!port.empty() && !(port.front() == ':' && is_port(port.substr(1))))
        return std::nullopt;
    const auto parsed = parse_ip(ip.substr(0, ip.find('%')));
    if (!parsed || (is_bracketed && (text.find(']') == text.npos || ip.find(':') == ip.npos)))
        return std::nullopt;
    char plain[INET6_ADDRSTRLEN];
    ::inet_ntop(parsed->is_v4 ? AF_INET : AF_INET6, parsed->bytes.data(), plain, sizeof plain);
    return std::string(plain);
}

bool is_host(std::string_view text)
{
    const auto is_numeric = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    };
    if (std::ranges::all_of(text, is_numeric))
        return is_ip(text);
    return text.size() <= 253 && text.find("..") == text.npos && text[0] != '.' &&
           std::ranges::all_of(text, [&](char c) { return is_numeric(c) || is_letter(c); });
}

bool is_port(std::string_view text)
{
    const auto port = parse_decimal(text, 0);
    return port && *port <= 65535;
}

std::optional<Cidr> Cidr::parse(std::string_view text)
{
    const std::size_t slash = text.find('/');
    const auto ip = parse_ip(text.substr(0, slash));
    if (!ip)
        return std::nullopt;
    const std::int64_t shift = ip->was_mapped ? 96 : 0;
    const std::int64_t whole = ip->is_v4 ? 32 : 128;
    std::int64_t prefix = whole;
    if (slash != text.npos) {
        const auto given = parse_integer(text.substr(slash + 1));
        if (!given || *given < shift || *given > shift + whole)
            return std::nullopt;
        prefix = *given - shift;
    }
    return Cidr{ip->bytes, static_cast<unsigned>(prefix), ip->is_v4};
}

bool Cidr::contains(std::string_view ip) const
{
    const auto address = parse_ip(ip.substr(0, ip.find('%')));
    return address && address->is_v4 == is_v4 &&
           same_start(address->bytes.data(), network.data(), prefix);
}

std::optional<ListenAddress> ListenAddress::parse(std::string_view text)
{
    static constexpr std::string_view kUnix = "unix:";
    if (text.starts_with(kUnix)) {
        const std::string_view path = text.substr(kUnix.size());
        if (!path.starts_with('/') || path.size() >= sizeof(sockaddr_un::sun_path))
            return std::nullopt;
        return ListenAddress{"", 0, std::string(path)};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos || !is_port(text.substr(colon + 1)))
        return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const bool is_v6 = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (is_v6)
        host = host.substr(1, host.size() - 2);
    if (is_v6 ? !is_v6_literal(host) : !is_host(host))
        return std::nullopt;
    const auto port = parse_integer(text.substr(colon + 1));
    return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port), ""};
}

bool ListenAddress::is_loopback() const
{
    static const Cidr kV4{{127}, 8, true};
    static const Cidr kV6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, false};
    return is_unix() || host == "localhost" || kV4.contains(host) || kV6.contains(host);
}

} // namespace turngate::config
