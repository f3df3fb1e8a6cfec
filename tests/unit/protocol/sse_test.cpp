#include "turngate/protocol/sse.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {
namespace {

using Events = std::vector<std::string>;

Events read(std::string_view stream, std::size_t piece, std::size_t most = 1 << 20)
{
    SseReader reader(most);
    Events all;
    while (!stream.empty()) {
        // Its own memory for each piece, so that a view that outlives it is found.
        const std::string bytes(stream.substr(0, piece));
        stream.remove_prefix(bytes.size());
        std::vector<std::string_view> events;
        if (!reader.feed(bytes, events))
            return {"too large"};
        all.insert(all.end(), events.begin(), events.end());
        reader.forget_given();
    }
    return all;
}

struct Case
{
    std::string_view what;
    std::string stream;
    Events events;
};

const Case kCases[] = {
    {"canonical",
     "event: a\ndata: {\"a\":1}\n\nevent: b\ndata: {\"b\":2}\n\n",
     {"{\"a\":1}", "{\"b\":2}"}},
    {"crlf", "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", {"1", "2"}},
    {"cr", "data: 1\r\rdata: 2\r\r", {"1", "2"}},
    {"mixed", "data: 1\r\n\ndata: 2\r\r\ndata: 3\n\r", {"1", "2", "3"}},
    {"no space", "data:1\n\n", {"1"}},
    {"one space alone", "data:  1\n\n", {" 1"}},
    {"several lines", "data: 1\ndata: 2\ndata:3\n\n", {"1\n2\n3"}},
    {"passed over", ": c\n\nid: 7\nretry: 3\nevent: x\ndata: 1\nother: 2\n\n", {"1"}},
    {"names that begin alike", "datum: 0\ndatabase: 0\ndata: 1\n\n", {"1"}},
    {"without data", "event: a\n\ndata:\n\ndata\n\n\n\n", {}},
    {"done", "data: 1\n\ndata: [DONE]\n\n", {"1"}},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "data: 1\n\n",
     {"1"}},
    {"UTF-8", "data: \"\u00e4\u20ac\U0001f600\"\n\n", {"\"\u00e4\u20ac\U0001f600\""}},
    {"without its end", "data: 1\n\ndata: 2\n", {"1"}},
};

TEST(Sse, IsReadTheSameHoweverItIsCut)
{
    for (const Case& each : kCases)
        for (std::size_t piece = 1; piece <= each.stream.size(); ++piece)
            ASSERT_EQ(read(each.stream, piece), each.events) << each.what << " by " << piece;
}

TEST(Sse, EventsThatAreTooLargeEndIt)
{
    const std::string large(1000, 'x');
    const Events too_large{"too large"};
    for (const std::size_t piece : {1u, 7u, 10'000u}) {
        EXPECT_EQ(read("data: " + large + "\n\n", piece, 1010), Events{large});
        EXPECT_EQ(read("data: " + large, 1, 900), too_large);
        EXPECT_EQ(read("data: " + large + "\ndata: " + large + "\n\n", piece, 1500), too_large);
    }
}

} // namespace
} // namespace turngate::protocol
