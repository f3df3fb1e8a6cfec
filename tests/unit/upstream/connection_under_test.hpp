#pragma once

#include "fakes/account.hpp"
#include "fakes/run.hpp"
#include "fakes/websocket_peer.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/upstream/connection.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace turngate::upstream {

using Texts = std::vector<std::string>;

struct RecordingTurn final : FrameSink
{
    void on_frames(std::span<const net::Frame> frames) override
    {
        if (on_frames_hook)
            on_frames_hook();
        Texts& run = runs.emplace_back();
        for (const net::Frame& frame : frames)
            run.emplace_back(frame.payload);
    }
    void on_read_end() override { ++read_ends; }
    void doubt() override { ++doubts; }
    void on_lost(const net::Closing& closing) override { lost.push_back(closing); }

    Texts texts() const
    {
        Texts all;
        for (const Texts& run : runs)
            all.insert(all.end(), run.begin(), run.end());
        return all;
    }

    std::vector<Texts> runs; // what each call brought
    int read_ends = 0;
    int doubts = 0;
    std::vector<net::Closing> lost;
    std::function<void()> on_frames_hook;
};

// An event of a lane; "": the default one.
inline std::string event(const std::string& type,
                         const std::string& lane = {},
                         const std::string& fields = {})
{
    const std::string stream_id = lane.empty() ? "" : R"(,"stream_id":")" + lane + '"';
    return R"({"type":")" + type + '"' + stream_id + fields + '}';
}

class ConnectionTest : public testing::Test
{
protected:
    ConnectionTest() : ConnectionTest(std::chrono::milliseconds(0)) {}
    explicit ConnectionTest(std::chrono::milliseconds ping_interval)
    {
        using namespace std::chrono_literals;
        net::WebSocketOptions options;
        options.role = net::Role::client;
        options.ping_interval = ping_interval;
        connection.emplace(
            loop, account, std::move(pair_.stream), options, PongTimeouts{200ms, 10s});
        tasks_.spawn("reader", fakes::keep(connection->run({}), closing));
        settle();
    }
    ~ConnectionTest() override
    {
        connection->abort();
        until_over();
        EXPECT_EQ(account->life->connections, 0u);
    }

    void settle() { fakes::settle(loop); }
    void until_over()
    {
        fakes::until(loop, [&] { return tasks_.running() == 0; });
    }
    // A turn that begins on the lane.
    RecordingTurn& attach(const std::string& lane)
    {
        RecordingTurn& turn = turns_.emplace_back();
        connection->attach(turn, lane);
        return turn;
    }
    // What one read brings.
    void receive(const Texts& texts)
    {
        std::string bytes;
        for (const std::string& text : texts)
            bytes += upstream.frame(net::Opcode::text, text);
        upstream.raw().send(bytes);
        settle();
    }

    net::Loop loop{0};
    std::shared_ptr<const accounts::Account> account =
        fakes::make_account(fakes::account_config("main"));

private:
    net::TaskGroup tasks_{loop};
    fakes::Pair pair_ = fakes::make_pair(loop);
    std::deque<RecordingTurn> turns_; // until the connection is over

protected:
    fakes::WebSocketPeer upstream{std::move(pair_.peer), net::Role::server};
    std::optional<Connection> connection;
    std::optional<net::Closing> closing;
};

} // namespace turngate::upstream
