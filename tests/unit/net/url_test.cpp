#include "turngate/net/dial.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

TEST(Url, IsReadInItsParts)
{
    struct Case
    {
        const char* text;
        Url url;
        const char* authority;
        bool is_tls;
    };
    const Case cases[] = {
        {"https://api.openai.com/v1",
         {"https", "", "", "api.openai.com", 443, "/v1"},
         "api.openai.com",
         true},
        {"http://localhost:8080",
         {"http", "", "", "localhost", 8080, "/"},
         "localhost:8080",
         false},
        {"ws://h/a/b", {"ws", "", "", "h", 80, "/a/b"}, "h", false},
        {"wss://h:443/", {"wss", "", "", "h", 443, "/"}, "h", true},
        {"wss://h:8443?x=1", {"wss", "", "", "h", 8443, "/?x=1"}, "h:8443", true},
        {"https://h/v1?api-version=2", {"https", "", "", "h", 443, "/v1?api-version=2"}, "h", true},
        {"http://[::1]:9000/x", {"http", "", "", "::1", 9000, "/x"}, "[::1]:9000", false},
        {"https://[2001:db8::1]",
         {"https", "", "", "2001:db8::1", 443, "/"},
         "[2001:db8::1]",
         true},
        {"socks5://proxy", {"socks5", "", "", "proxy", 1080, "/"}, "proxy", false},
        {"socks5h://u:p@proxy:1", {"socks5h", "u", "p", "proxy", 1, "/"}, "proxy:1", false},
        {"http://user@proxy:3128", {"http", "user", "", "proxy", 3128, "/"}, "proxy:3128", false},
        {"http://us%40er:p%3A%2f%25@h", {"http", "us@er", "p:/%", "h", 80, "/"}, "h", false},
        {"http://a:b:c@h", {"http", "a", "b:c", "h", 80, "/"}, "h", false},
        {"http://h/p@th", {"http", "", "", "h", 80, "/p@th"}, "h", false},
        {"http://h:65535", {"http", "", "", "h", 65535, "/"}, "h:65535", false},
    };
    for (const Case& c : cases) {
        const auto url = parse_url(c.text);
        ASSERT_TRUE(url) << c.text;
        EXPECT_EQ(url->scheme, c.url.scheme) << c.text;
        EXPECT_EQ(url->user, c.url.user) << c.text;
        EXPECT_EQ(url->password, c.url.password) << c.text;
        EXPECT_EQ(url->host, c.url.host) << c.text;
        EXPECT_EQ(url->port, c.url.port) << c.text;
        EXPECT_EQ(url->path, c.url.path) << c.text;
        EXPECT_EQ(url->authority(), c.authority) << c.text;
        EXPECT_EQ(url->is_tls(), c.is_tls) << c.text;
    }
}

TEST(Url, IsNothingElse)
{
    for (const char* text : {"",
                             "host",
                             "host:80",
                             "ftp://h",
                             "://h",
                             "http:/h",
                             "http://",
                             "http:///path",
                             "http://:80",
                             "http://h:",
                             "http://h:0",
                             "http://h:65536",
                             "http://h:-1",
                             "http://h:8o",
                             "http://h:80:80",
                             "http://[::1",
                             "http://[::1]x",
                             "http://[]",
                             "http://u%4@h",
                             "http://u%zz@h",
                             "http://u:p%@h",
                             "http://u@"})
        EXPECT_FALSE(parse_url(text)) << text;
}

} // namespace
} // namespace turngate::net::test
