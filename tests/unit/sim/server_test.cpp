#include "server.hpp"

#include "turngate/net/dial.hpp"
#include "turngate/net/websocket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <thread>

namespace turngate::sim {
namespace {

using nlohmann::json;
using std::chrono::seconds;

Options on_any_port()
{
    Options options;
    options.listen = "127.0.0.1:0";
    return options;
}

// Says something for each thing it hears, and keeps what it heard.
class Talker : public net::WebSocket::Sink
{
public:
    Talker(net::WebSocket& socket, std::string next) : socket_(socket), next_(std::move(next)) {}

    void on_messages(std::span<const net::Frame> messages) override
    {
        for (const net::Frame& message : messages) {
            heard.push_back(json::parse(message.payload));
            if (heard.back()["type"] == "response.completed" && !next_.empty())
                socket_.send_text(std::exchange(next_, {}));
        }
    }

    std::vector<json> heard;

private:
    net::WebSocket& socket_;
    std::string next_;
};

// The real server on its own thread; the client's side on the test's.
class ServerTest : public testing::Test
{
protected:
    ~ServerTest() override
    {
        server.stop();
        thread.join();
    }

    void start(const std::string& rules = "[]")
    {
        server.world().script = read_script(R"({"rules":)" + rules + "}");
        thread = std::thread([this] { server.run(); });
    }

    std::string url(const char* scheme, const char* path) const
    {
        return std::string(scheme) + "://" + server.address() + path;
    }

    void run(std::function<net::Task<>()> test)
    {
        net::asio::co_spawn(
            loop.executor(), std::move(test), [this](const std::exception_ptr& bug) {
                failed = bug != nullptr;
                loop.stop();
            });
        loop.run();
        EXPECT_FALSE(failed);
    }

    net::Task<boost::system::result<net::Dialed, net::DialFault>> dial(std::string key)
    {
        net::DialTarget target;
        target.url = net::parse_url(url("ws", "/v1/responses")).value();
        if (!key.empty())
            target.headers.add("authorization", "Bearer " + key);
        const auto dialer = net::make_dialer(nullptr);
        net::Stop stop;
        auto dialed =
            co_await dialer->dial(loop, std::move(target), core::Clock::now() + seconds(5), stop);
        co_return dialed;
    }

    // Connects, sends these frames, and tells how it ended.
    net::Task<net::Closing> next_closing(std::string frames = {})
    {
        auto dialed = co_await dial("k");
        net::WebSocketOptions options;
        options.role = net::Role::client;
        net::WebSocket socket(loop, std::move(dialed->stream), options);
        Talker talker(socket, {});
        socket.forward(frames);
        socket.flush();
        auto closing = co_await socket.run(talker, std::move(dialed->leftover));
        co_return closing;
    }

    Server server{on_any_port()};
    std::thread thread;
    net::Loop loop{0};
    bool failed = false;
};

TEST_F(ServerTest, AnswersAndClosesAsScripted)
{
    start(
        R"([{"match":{"create":2},"do":{"fault":{"kind":"close","code":1012,"when":"created"}}}])");
    run([this]() -> net::Task<> {
        auto dialed = co_await dial("k");
        EXPECT_TRUE(dialed.has_value());
        net::WebSocketOptions options;
        options.role = net::Role::client;
        net::WebSocket socket(loop, std::move(dialed->stream), options);
        const json create{{"type", "response.create"}, {"model", "m"}, {"input", "Hi"}};
        Talker talker(socket, create.dump());
        socket.send_text(create.dump());
        const auto closing = co_await socket.run(talker, std::move(dialed->leftover));
        EXPECT_EQ(closing.by, net::Closing::By::peer);
        EXPECT_EQ(closing.code, 1012);
        EXPECT_EQ(talker.heard.size(), 16u + 2u);
        EXPECT_EQ(talker.heard[15]["type"], "response.completed");
    });
}

TEST_F(ServerTest, EndsConnectionsInEachWay)
{
    start(R"([{"times":1,"do":{"upgrade":{"then":{"kind":"reset"}}}},
              {"times":1,"do":{"upgrade":{"then":{"kind":"eof"}}}},
              {"times":1,"do":{"upgrade":{"then":{"kind":"close","code":1013,"reason":"later"}}}}])");
    run([this]() -> net::Task<> {
        const auto reset = co_await next_closing();
        EXPECT_EQ(reset.by, net::Closing::By::lost);
        EXPECT_EQ(reset.error, net::asio::error::connection_reset);
        const auto eof = co_await next_closing();
        EXPECT_EQ(eof.by, net::Closing::By::lost);
        EXPECT_EQ(eof.error, net::asio::error::eof);
        const auto closed = co_await next_closing();
        EXPECT_EQ(closed.code, 1013);
        EXPECT_EQ(closed.reason, "later");
    });
}

TEST_F(ServerTest, TakesNoBinaryMessages)
{
    start();
    run([this]() -> net::Task<> {
        const auto frame = net::make_header(net::Role::client, net::Opcode::binary, 0);
        const auto closing = co_await next_closing(std::string(frame.view()));
        EXPECT_EQ(closing.by, net::Closing::By::peer);
        EXPECT_EQ(closing.code, 1003);
    });
}

TEST_F(ServerTest, RefusesAnUpgradeWithoutKey)
{
    start();
    run([this]() -> net::Task<> {
        const auto dialed = co_await dial("");
        EXPECT_TRUE(dialed.has_error());
        EXPECT_EQ(dialed.error().response.status, 401);
        EXPECT_EQ(json::parse(dialed.error().response.body)["error"]["code"], "invalid_api_key");
    });
}

TEST_F(ServerTest, RefusesAnUpgradeAsScripted)
{
    start(R"([{"do":{"upgrade":{"status":429,"headers":{"retry-after":"3"},"body":{"a":1}}}}])");
    run([this]() -> net::Task<> {
        const auto dialed = co_await dial("k");
        EXPECT_TRUE(dialed.has_error());
        EXPECT_EQ(dialed.error().response.status, 429);
        EXPECT_EQ(dialed.error().response.headers.get("retry-after"), "3");
        EXPECT_EQ(dialed.error().response.body, R"({"a":1})");
    });
}

TEST(Control, AnswersHttpByPathAndMethod)
{
    World world{Options{}};
    Connections connections;
    Control control(world, connections);
    const struct
    {
        const char* method;
        const char* target;
        const char* body;
        int status;
    } rows[] = {
        {"GET", "/_sim/stats", "", 200},
        {"POST", "/_sim/script", R"({"rules":[]})", 200},
        {"POST", "/_sim/script", R"({"rules":[{}]})", 400},
        {"POST", "/_sim/close?connection=1&code=1011", "", 404},
        {"POST", "/_sim/reset?connection=all", "", 404},
        {"GET", "/v1/responses", "", 426},

        {"GET", "/anything", "", 404},
    };
    for (const auto& row : rows) {
        net::HttpRequest request;
        request.method = row.method;
        request.target = row.target;
        request.body = row.body;
        const auto response = control.answer(request);
        EXPECT_EQ(response.status, row.status) << row.target;
        EXPECT_FALSE(json::parse(response.body, nullptr, false).is_discarded()) << row.target;
    }
}

} // namespace
} // namespace turngate::sim
