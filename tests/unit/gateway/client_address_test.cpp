#include "client_address.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway {
namespace {

TrustedProxies trusting(std::vector<std::string> configured)
{
    config::Server server;
    server.trusted_proxies = std::move(configured);
    return TrustedProxies(server);
}

net::HttpHeaders forwarded(const std::vector<std::string>& fields)
{
    net::HttpHeaders headers;
    for (const std::string& value : fields)
        headers.add("X-Forwarded-For", value);
    return headers;
}

struct Case
{
    const char* peer;
    std::vector<std::string> forwarded; // one field each
    const char* address;
};

TEST(ClientAddress, IsReadFromTheRightAsFarAsProxiesAreTrusted)
{
    const Case cases[] = {
        {"203.0.113.9", {}, "203.0.113.9"},
        {"203.0.113.9", {"198.51.100.1"}, "203.0.113.9"},         // nobody vouches for it
        {"10.0.0.1", {}, "10.0.0.1"},                             // a proxy that says nothing
        {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},           //
        {"10.0.0.1", {" 198.51.100.1\t"}, "198.51.100.1"},        //
        {"10.0.0.1", {"198.51.100.1, 10.0.0.2"}, "198.51.100.1"}, // two proxies
        {"10.0.0.1", {"198.51.100.1,10.0.0.2,10.0.0.3"}, "198.51.100.1"},  //
        {"10.0.0.1", {"6.6.6.6, 198.51.100.1"}, "198.51.100.1"},           // a forged left end
        {"10.0.0.1", {"6.6.6.6, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"}, //
        {"10.0.0.1", {"198.51.100.1", "10.0.0.2"}, "198.51.100.1"},        // two fields
        {"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},                  // proxies only
        {"10.0.0.1", {"unknown"}, "10.0.0.1"},                             //
        {"10.0.0.1", {"198.51.100.1, garbage"}, "10.0.0.1"},               //
        {"10.0.0.1", {"198.51.100.1, garbage, 10.0.0.2"}, "10.0.0.2"},     //
        {"10.0.0.1", {""}, "10.0.0.1"},                                    //
        {"10.0.0.1", {",", "198.51.100.1, ,"}, "198.51.100.1"},            // nothing is no hop
        {"2001:db8:1::1", {"198.51.100.1"}, "198.51.100.1"},               //
        {"unix", {"198.51.100.1"}, "unix"},                                // not trusted
    };
    const auto proxies = trusting({"10.0.0.0/8", "2001:db8:1::/48"});
    for (const Case& c : cases)
        EXPECT_EQ(proxies.client_of(c.peer, forwarded(c.forwarded)), c.address)
            << c.peer << " " << testing::PrintToString(c.forwarded);
}

TEST(ClientAddress, IsTheSameHoweverAProxySpellsIt)
{
    const Case cases[] = {
        {"10.0.0.1", {"192.0.2.7:51008"}, "192.0.2.7"},
        {"10.0.0.1", {"[2001:db8::7]"}, "2001:db8::7"},
        {"10.0.0.1", {"[2001:db8::7]:443"}, "2001:db8::7"},
        {"10.0.0.1", {"2001:DB8:0::7"}, "2001:db8::7"},
        {"10.0.0.1", {"::ffff:192.0.2.7"}, "192.0.2.7"},
        {"10.0.0.1", {"[::ffff:192.0.2.7]:1"}, "192.0.2.7"},
        {"10.0.0.1", {"192.0.2.7:51008, 10.0.0.2:80"}, "192.0.2.7"},
        {"10.0.0.1", {"192.0.2.7, [::ffff:10.0.0.2]:80"}, "192.0.2.7"},
        {"::ffff:10.0.0.1", {"192.0.2.7"}, "192.0.2.7"},
        {"::ffff:192.0.2.9", {"192.0.2.7"}, "192.0.2.9"},
        {"10.0.0.1", {"6.6.6.6, 192.0.2.7:port"}, "10.0.0.1"},
        {"10.0.0.1", {"unix"}, "10.0.0.1"}, // a word in a header is no listener of ours
    };
    const auto proxies = trusting({"10.0.0.0/8", "unix"});
    for (const Case& c : cases)
        EXPECT_EQ(proxies.client_of(c.peer, forwarded(c.forwarded)), c.address)
            << c.peer << " " << testing::PrintToString(c.forwarded);
}

TEST(ClientAddress, IsWhatAProxySaysThatComesOverAUnixListener)
{
    const auto proxies = trusting({"unix", "10.0.0.0/8"});
    EXPECT_TRUE(proxies.has("unix"));
    EXPECT_EQ(proxies.client_of("unix", forwarded({"192.0.2.7:4711, 10.0.0.2"})), "192.0.2.7");
    EXPECT_EQ(proxies.client_of("unix", forwarded({})), "unix");
    EXPECT_EQ(proxies.client_of("203.0.113.9", forwarded({"192.0.2.7"})), "203.0.113.9");
}

TEST(ClientAddress, IsThePeersWhenNoProxyIsTrusted)
{
    const auto proxies = trusting({});
    EXPECT_FALSE(proxies.has("unix"));
    EXPECT_EQ(proxies.client_of("127.0.0.1", forwarded({"198.51.100.1"})), "127.0.0.1");
}

} // namespace
} // namespace turngate::gateway
