#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/item.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>

// Work for a frame grows linearly with its bytes, whatever is in it: what makes any step of it look
// back, or at all it has seen before, shows as a square.
namespace turngate::protocol {
namespace {

std::string repeated(std::string_view piece, std::size_t bytes)
{
    std::string text;
    while (text.size() < bytes)
        text += piece;
    return text;
}

std::string wrapped(std::string_view before,
                    std::string_view piece,
                    std::string_view after,
                    std::size_t bytes)
{
    return std::string(before) + repeated(piece, bytes) + std::string(after);
}

using Make = std::function<std::string(std::size_t bytes)>;

const std::pair<std::string_view, Make> kFrames[] = {
    {"backslashes", [](std::size_t n) { return wrapped(R"({"x":")", R"(\\)", "\"}", n); }},
    {"quotes", [](std::size_t n) { return wrapped(R"({"x":")", R"(\")", "\"}", n); }},
    {"halves", [](std::size_t n) { return wrapped(R"({"model":")", R"(\ud800)", "\"}", n); }},
    {"a key of escapes", [](std::size_t n) { return wrapped("{\"", R"(\u0074)", "\":1}", n); }},
    {"many keys", [](std::size_t n) { return wrapped("{", R"("Model":1,)", R"("x":1})", n); }},
    {"one type", [](std::size_t n) { return wrapped("{", R"("type":"x",)", R"("x":1})", n); }},
    {"open strings", [](std::size_t n) { return wrapped("{", "\"a\\\\\":\"", "", n); }},
    {"brackets", [](std::size_t n) { return repeated("[", n); }},
    {"braces", [](std::size_t n) { return repeated("{\"a\":", n); }},
    {"space", [](std::size_t n) { return wrapped("{", " \n", R"("type":"error"})", n); }},
    {"digits", [](std::size_t n) { return wrapped(R"({"status":)", "9", "}", n); }},
    {"commas", [](std::size_t n) { return wrapped("[", "0 , ", "0]", n); }},
    {"items", [](std::size_t n) { return wrapped(R"({"input":[)", "{},", "{}]}", n); }},
    {"calls",
     [](std::size_t n) {
         return wrapped(
             R"({"model":"m","input":[)", R"({"type":"x_call","call_id":"c"},)", "{}]}", n);
     }},
    {"ambiguous items",
     [](std::size_t n) { return wrapped(R"({"input":[)", R"({"id":1,"id":2},)", "{}]}", n); }},
    {"parts",
     [](std::size_t n) {
         return wrapped(R"({"model":"m","input":[{"content":[)",
                        R"({"type":"input_image","image_url":"data:"},)",
                        "{}]}]}",
                        n);
     }},
    {"tools within tools",
     [](std::size_t n) {
         std::string open;
         std::string close;
         for (int depth = 0; depth < 200; ++depth) {
             open += R"([{"tools":)";
             close += "}]";
         }
         return R"({"model":"m","tools":)" + open +
                wrapped("[", R"({"container":"c"},)", "{}]", n) + close + "}";
     }},
    {"usage",
     [](std::size_t n) {
         return wrapped(R"({"type":"response.completed","response":{)",
                        R"("usage":{"input_tokens":1},"output":[],)",
                        R"("id":"r"}})",
                        n);
     }},
};

void read_as_all(std::string_view frame)
{
    ClientEventReader clients;
    UpstreamEventReader upstreams;
    ItemReader items;
    clients.read(frame);
    items.read_items(frame);
    upstreams.read_terminal(frame, peek_kind(frame));
    peek_stream_id(frame);
    peek_response_id(frame);
    peek_output_index(frame);
    top_level_status(frame);
    with_status(frame, 400);
    std::string sent;
    append_with_stream_id(sent, frame, "lane");
}

// The processor's time, the best of some tries: other processes on the machine cost none.
double cost_of(std::string_view frame)
{
    double best = 1e9;
    for (int i = 0; i < 2; ++i) {
        const std::clock_t begin = std::clock();
        read_as_all(frame);
        best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    return best;
}

TEST(LinearWork, HoldsForEveryFrame)
{
    constexpr std::size_t kBytes = 16 * 1024;
    for (const auto& [name, make] : kFrames) {
        const double small = cost_of(make(kBytes));
        const double large = cost_of(make(kBytes * 8)); // linear: 8 times, a square: 64
        EXPECT_LT(large, 24 * small + 0.005) << name;
    }
}

} // namespace
} // namespace turngate::protocol
