#pragma once

#include "fakes/run.hpp"
#include "fakes/websocket_peer.hpp"

#include "turngate/net/task_group.hpp"
#include "turngate/net/websocket.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace turngate::net::test {

struct Recorder final : WebSocket::Sink
{
    void on_messages(std::span<const Frame> messages) override
    {
        ++reads;
        for (const Frame& frame : messages)
            texts.emplace_back(frame.payload);
        if (then)
            then(messages);
    }
    void on_writable() override { ++writable; }
    void on_violation(const FrameFault& fault) override
    {
        violations.push_back(fault.close_code);
        if (last_words)
            last_words();
    }

    std::vector<std::string> texts;
    std::vector<std::uint16_t> violations;
    int reads = 0;
    int writable = 0;
    std::function<void(std::span<const Frame>)> then;
    std::function<void()> last_words;
};

// No pings unless a test is about them.
inline WebSocketOptions quiet(Role role = Role::server)
{
    WebSocketOptions options;
    options.role = role;
    options.ping_interval = std::chrono::milliseconds(0);
    return options;
}

// One WebSocket that runs, and the other end in the test's hands.
class UnderTest
{
public:
    explicit UnderTest(const WebSocketOptions& options = quiet(), std::string leftover = {})
        : pair_(fakes::make_pair(loop_)), socket(loop_, std::move(pair_.stream), options),
          peer(std::move(pair_.peer), options.role == Role::server ? Role::client : Role::server)
    {
        tasks_.spawn("socket", fakes::keep(socket.run(sink, std::move(leftover)), closing));
        settle();
    }
    ~UnderTest()
    {
        if (!closing)
            socket.abort();
        until_closed();
    }

    void settle() { fakes::settle(loop_); }
    void until(const std::function<bool()>& is_so) { fakes::until(loop_, is_so); }
    const Closing& until_closed()
    {
        until([&] { return tasks_.running() == 0; });
        return *closing;
    }
    bool has_ended() const { return tasks_.running() == 0; }

private:
    Loop loop_{0};
    TaskGroup tasks_{loop_};
    fakes::Pair pair_;

public:
    Recorder sink;
    WebSocket socket;
    fakes::WebSocketPeer peer;
    std::optional<Closing> closing;
};

} // namespace turngate::net::test
