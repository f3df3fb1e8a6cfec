#include "turngate/net/http.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

HttpRequest upgrade()
{
    HttpRequest request;
    request.method = "GET";
    request.target = "/v1/responses";
    request.headers.add("Connection", "Upgrade");
    request.headers.add("Upgrade", "websocket");
    request.headers.add("Sec-WebSocket-Version", "13");
    request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    return request;
}

HttpRequest upgrade_with(std::string_view name, std::string_view value)
{
    HttpRequest request = upgrade();
    HttpHeaders headers;
    for (const auto& [field, old] : request.headers)
        if (!equal_without_case(field, name))
            headers.add(field, old);
    if (!value.empty())
        headers.add(name, value);
    request.headers = headers;
    return request;
}

TEST(HttpBytes, CarryLengthAndConnection)
{
    HttpResponse response;
    response.status = 429;
    response.headers.add("retry-after", "5");
    response.body = "{}";
    EXPECT_EQ(to_bytes(response, true),
              "HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\ncontent-length: 2\r\n\r\n{}");
    EXPECT_EQ(to_bytes(response, false),
              "HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\ncontent-length: "
              "2\r\nconnection: close\r\n\r\n{}");
    EXPECT_EQ(to_bytes(response, true, true),
              "HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\ncontent-length: 2\r\n\r\n");
}

TEST(HttpBytes, OfSwitchingProtocolsHaveNoLength)
{
    HttpResponse response;
    response.status = 101;
    response.headers.add("upgrade", "websocket");
    EXPECT_EQ(to_bytes(response, true),
              "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n");
}

TEST(HttpHeaders, FindTokensInLists)
{
    HttpHeaders headers;
    headers.add("Connection", "keep-alive, Upgrade");
    headers.add("connection", "x-hop");
    EXPECT_TRUE(headers.has_token("connection", "upgrade"));
    EXPECT_TRUE(headers.has_token("connection", "KEEP-ALIVE"));
    EXPECT_TRUE(headers.has_token("connection", "x-hop"));
    EXPECT_FALSE(headers.has_token("connection", "up"));
    EXPECT_FALSE(headers.has_token("upgrade", "websocket"));
}

TEST(HttpHeaders, CompareNamesWithoutCase)
{
    EXPECT_TRUE(equal_without_case("X-Api-Key", "x-api-kEY"));
    EXPECT_FALSE(equal_without_case("x-api-key", "x-api-keys"));
    EXPECT_FALSE(equal_without_case("[", "{")); // no letters
    EXPECT_TRUE(equal_without_case("", ""));
}

TEST(Upgrade, IsAcceptedAsRfc6455ShowsIt)
{
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Upgrade, IsWantedOrNotAndValidOrNot)
{
    struct Case
    {
        const char* name;
        const char* value; // empty: without the field
        bool is_wanted;
        bool is_valid;
    };
    const Case cases[] = {
        {"X-Other", "1", true, true},
        {"Connection", "keep-alive, upgrade", true, true},
        {"Connection", "keep-alive", false, false},
        {"Connection", "", false, false},
        {"Upgrade", "WebSocket", true, true},
        {"Upgrade", "h2c", false, false},
        {"Upgrade", "", false, false},
        {"Sec-WebSocket-Version", "8", true, false},
        {"Sec-WebSocket-Version", "", true, false},
        {"Sec-WebSocket-Key", "", true, false},
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZQ==", true, false},                     // 10 bytes
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZXM=", true, false},             // 17 bytes
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSBhbmQgbW9yZQ==", true, false}, // 25 bytes
    };
    for (const Case& c : cases) {
        const HttpRequest request = upgrade_with(c.name, c.value);
        EXPECT_EQ(wants_websocket(request), c.is_wanted) << c.name << ": " << c.value;
        EXPECT_EQ(is_valid_upgrade(request), c.is_valid) << c.name << ": " << c.value;
    }
    HttpRequest post = upgrade();
    post.method = "POST";
    EXPECT_FALSE(wants_websocket(post));
}

// RFC 7692 7.1: an offer with a parameter that is unknown, invalid or twice there must be declined,
// and one that limits our window can only be taken by an answer that says so, which ours does not.
TEST(Deflate, IsTakenFromOffersThatFitUs)
{
    struct Case
    {
        const char* offers;
        bool is_taken;
    };
    const Case cases[] = {
        {"permessage-deflate", true},
        {"Permessage-Deflate", true},
        {"permessage-deflate; client_max_window_bits", true}, // Codex
        {"permessage-deflate; client_max_window_bits=15", true},
        {"permessage-deflate; client_max_window_bits=\"10\"", true},
        {"permessage-deflate; client_no_context_takeover; server_no_context_takeover", true},
        {"permessage-deflate; server_max_window_bits=10", false},
        {"permessage-deflate; server_max_window_bits=15", false},
        {"permessage-deflate; server_max_window_bits", false},
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate", true}, // the fallback
        {"permessage-deflate; unheard_of", false},
        {"permessage-deflate; unheard_of=1, permessage-deflate; client_max_window_bits", true},
        {"permessage-deflate; server_no_context_takeover=1", false},
        {"permessage-deflate; client_no_context_takeover=0", false},
        {"permessage-deflate; client_max_window_bits=7", false},
        {"permessage-deflate; client_max_window_bits=16", false},
        {"permessage-deflate; client_max_window_bits=ten", false},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", false},
        {"x-webkit-deflate-frame", false},
        {"permessage-bzip2, permessage-deflate", true},
        {"", false},
    };
    for (const Case& c : cases) {
        const HttpRequest request = upgrade_with("Sec-WebSocket-Extensions", c.offers);
        EXPECT_EQ(offers_deflate(request), c.is_taken) << c.offers;
    }
}

TEST(Deflate, IsFoundInAnyOfSeveralFields)
{
    HttpRequest request = upgrade_with("Sec-WebSocket-Extensions", "permessage-bzip2");
    EXPECT_FALSE(offers_deflate(request));
    request.headers.add("sec-websocket-extensions", "permessage-deflate");
    EXPECT_TRUE(offers_deflate(request));
}

TEST(Query, ParametersAreFoundByName)
{
    struct Case
    {
        const char* query;
        bool has_key;
    };
    const Case cases[] = {
        {"", false},
        {"key", true},
        {"key=", true},
        {"key=sk-1", true},
        {"KEY=sk-1", true},
        {"a=1&key=2", true},
        {"a=1&key", true},
        {"&&key=1", true},
        {"a=key", false},
        {"keys=1", false},
        {"monkey=1", false},
        {"a=1&b=key=2", false},
    };
    for (const Case& c : cases)
        EXPECT_EQ(has_query_parameter(c.query, "key"), c.has_key) << c.query;
}

TEST(Query, IsWhatFollowsTheFirstQuestionMark)
{
    HttpRequest request;
    request.target = "/v1/responses?a=1?b";
    EXPECT_EQ(request.path(), "/v1/responses");
    EXPECT_EQ(request.query(), "a=1?b");
    request.target = "/v1/responses";
    EXPECT_EQ(request.query(), "");
}

} // namespace
} // namespace turngate::net::test
