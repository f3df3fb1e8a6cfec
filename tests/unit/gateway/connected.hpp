#pragma once

#include "fakes/account.hpp"
#include "fakes/run.hpp"
#include "fakes/websocket_peer.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/upstream/connection.hpp"

#include <memory>
#include <string>

namespace turngate::gateway::test {

// A real upstream connection over a socket pair; the test plays the upstream.
class Connected
{
public:
    explicit Connected(net::Loop& loop,
                       std::chrono::milliseconds ping_interval = std::chrono::milliseconds(0))
        : loop_(loop), tasks_(loop), pair_(fakes::make_pair(loop))
    {
        net::WebSocketOptions options;
        options.role = net::Role::client;
        options.ping_interval = ping_interval;
        connection = std::make_shared<upstream::Connection>(
            loop,
            fakes::make_account(fakes::account_config("main")),
            std::move(pair_.stream),
            options,
            upstream::PongTimeouts{std::chrono::milliseconds(150), std::chrono::milliseconds(150)});
        tasks_.spawn("reader", fakes::keep(connection->run({}), closing));
        fakes::settle(loop);
    }
    ~Connected()
    {
        connection->abort();
        until_over();
    }

    void say(const std::string& event)
    {
        upstream.send(event);
        fakes::settle(loop_);
    }
    // All in one read.
    void say_together(const std::vector<std::string>& events)
    {
        std::string bytes;
        for (const std::string& event : events)
            bytes += upstream.frame(net::Opcode::text, event);
        upstream.raw().send(bytes);
        fakes::settle(loop_);
    }
    void until_over()
    {
        fakes::until(loop_, [&] { return tasks_.running() == 0; });
    }

private:
    net::Loop& loop_;
    net::TaskGroup tasks_;
    fakes::Pair pair_;

public:
    fakes::WebSocketPeer upstream{std::move(pair_.peer), net::Role::server};
    std::shared_ptr<upstream::Connection> connection;
    std::optional<net::Closing> closing;
};

inline const std::string kCreated = R"({"type":"response.created","response":{"id":"resp_1"}})";
inline const std::string kInProgress =
    R"({"type":"response.in_progress","response":{"id":"resp_1"}})";
inline const std::string kDelta = R"({"type":"response.output_text.delta","delta":"abcd"})";
inline const std::string kItemDone =
    R"({"type":"response.output_item.done","item":{"type":"message"}})";
inline const std::string kCompleted =
    R"({"type":"response.completed","response":{"id":"resp_1","model":"gpt-5.2",)"
    R"("service_tier":"default","usage":{"input_tokens":1000,)"
    R"("input_tokens_details":{"cached_tokens":400,"cache_write_tokens":100},)"
    R"("output_tokens":50,"output_tokens_details":{"reasoning_tokens":20},)"
    R"("total_tokens":1050}}})";

} // namespace turngate::gateway::test
