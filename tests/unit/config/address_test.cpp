#include "turngate/config/address.hpp"

#include <gtest/gtest.h>

namespace turngate::config {
namespace {

TEST(Cidr, HoldsTheAddressesOfItsBlock)
{
    const struct
    {
        std::string_view block;
        std::string_view ip;
        bool is_inside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.1.2.3/8", "10.9.9.9", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.200", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "11.1.2.3", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"fe80::/10", "fe80::1%eth0", true},
        {"10.0.0.0/8", "", false},
        {"10.0.0.0/8", "10.0.0", false},
        {"10.0.0.0/8", "localhost", false},
    };
    for (const auto& [block, ip, is_inside] : rows) {
        const auto cidr = Cidr::parse(block);
        ASSERT_TRUE(cidr) << block;
        EXPECT_EQ(cidr->contains(ip), is_inside) << ip << " in " << block;
    }
}

TEST(PlainIp, IsTheSameForTheSameAddress)
{
    const struct
    {
        std::string_view text;
        std::optional<std::string> ip;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7:51008", "192.0.2.7"},
        {"2001:db8::7", "2001:db8::7"},
        {"2001:0DB8:0:0::7", "2001:db8::7"},
        {"[2001:db8::7]", "2001:db8::7"},
        {"[2001:db8::7]:443", "2001:db8::7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::ffff:c000:207", "192.0.2.7"},
        {"[::ffff:192.0.2.7]:443", "192.0.2.7"},
        {"fe80::1%eth0", "fe80::1"},
        {"[fe80::1%eth0]:80", "fe80::1"},
        {"::1", "::1"},
        {"", std::nullopt},
        {":", std::nullopt},
        {":80", std::nullopt},
        {"[", std::nullopt},
        {"[]", std::nullopt},
        {"[]:80", std::nullopt},
        {"[::1", std::nullopt},
        {"::1]", std::nullopt},
        {"[::1]80", std::nullopt},
        {"[::1]:", std::nullopt},
        {"[::1]:http", std::nullopt},
        {"[::1]:65536", std::nullopt},
        {"[192.0.2.7]", std::nullopt},
        {"192.0.2.7:", std::nullopt},
        {"192.0.2.7:x", std::nullopt},
        {"192.0.2.7:70000", std::nullopt},
        {"192.0.2:80", std::nullopt},
        {"unknown", std::nullopt},
        {"_hidden", std::nullopt},
        {"localhost:80", std::nullopt},
        {" 192.0.2.7", std::nullopt},
        {std::string_view("192.0.2.7\0", 10), std::nullopt},
    };
    for (const auto& [text, ip] : rows)
        EXPECT_EQ(plain_ip(text), ip) << text;
}

TEST(Cidr, IsNotMadeOfAnythingElse)
{
    for (const std::string_view text : {"",
                                        "/8",
                                        "10.0.0.0/",
                                        "10.0.0.0/33",
                                        "10.0.0.0/-1",
                                        "10.0.0.0/8/8",
                                        "::/129",
                                        "::ffff:1.2.3.4/95",
                                        "10.0.0",
                                        "localhost",
                                        "[::1]",
                                        " ::1"})
        EXPECT_FALSE(Cidr::parse(text)) << text;
    EXPECT_FALSE(Cidr::parse(std::string_view("10.0.0.1\0x", 10)));
}

TEST(ListenAddress, ReadsItsThreeForms)
{
    const auto v4 = ListenAddress::parse("127.0.0.1:8080");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->host, "127.0.0.1");
    EXPECT_EQ(v4->port, 8080);
    EXPECT_FALSE(v4->is_unix());

    const auto v6 = ListenAddress::parse("[::]:0");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::");
    EXPECT_EQ(v6->port, 0);

    const auto local = ListenAddress::parse("unix:/run/turngate.sock");
    ASSERT_TRUE(local);
    EXPECT_EQ(local->path, "/run/turngate.sock");
    EXPECT_TRUE(local->is_unix());
}

TEST(ListenAddress, IsNotMadeOfAnythingElse)
{
    for (const std::string_view text : {"",
                                        ":",
                                        ":80",
                                        "host",
                                        "host:",
                                        "host:x",
                                        "host:-1",
                                        "host:65536",
                                        "::1:80",
                                        "[::1]",
                                        "[::1]80",
                                        "[]:80",
                                        "[x]:80",
                                        "[1.2.3.4]:80",
                                        "1.2.3:80",
                                        "a b:80",
                                        "unix:",
                                        "unix:x"})
        EXPECT_FALSE(ListenAddress::parse(text)) << text;
    EXPECT_FALSE(ListenAddress::parse("unix:/" + std::string(200, 'x')));
}

TEST(ListenAddress, KnowsWhetherOthersCanReachIt)
{
    for (const std::string_view text :
         {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/x"})
        EXPECT_TRUE(ListenAddress::parse(text)->is_loopback()) << text;
    for (const std::string_view text : {"0.0.0.0:1", "[::]:1", "192.0.2.1:1", "host.test:1"})
        EXPECT_FALSE(ListenAddress::parse(text)->is_loopback()) << text;
}

} // namespace
} // namespace turngate::config
