#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/net/websocket.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace turngate::upstream {

// How long a connection may be silent after a ping (behaviour.md section 4).
struct PongTimeouts
{
    std::chrono::milliseconds parked{5'000};
    std::chrono::milliseconds in_turn{30'000};
};

// Who gets what the upstream says: the running turn. Called by the connection's reader.
class FrameSink
{
public:
    // All messages of one read; the views die with the call.
    virtual void on_frames(std::span<const net::Frame> frames) = 0;
    // The connection is over; nothing comes after it. Called once, only while attached.
    virtual void on_lost(const net::Closing& closing) = 0;

protected:
    ~FrameSink() = default;
};

// One physical WebSocket to an account, with a generation number for life and a permanent reader
// from dial to close. What arrives while no turn is attached is dropped. Single loop.
class Connection final : private net::WebSocket::Sink
{
public:
    Connection(net::Loop& loop,
               std::shared_ptr<const accounts::Account> account,
               net::Stream stream,
               const net::WebSocketOptions& options,
               PongTimeouts pong);
    ~Connection();

    // Unique in this process, never 0. A late error of an old generation cannot be taken for one of
    // a newer one.
    std::uint64_t generation() const noexcept { return generation_; }
    const accounts::Account& account() const noexcept { return *account_; }
    core::Deadline dialed_at() const noexcept { return dialed_at_; }

    // Open, and its reader has not seen anything to the contrary.
    bool is_usable() const noexcept { return !is_over_ && socket_.is_open(); }

    void attach(FrameSink& sink);
    void detach();
    bool is_attached() const noexcept { return sink_ != nullptr; }

    void send(std::string_view frame) { socket_.send_text(frame); }
    void pause() { socket_.pause(); }
    void resume() { socket_.resume(); }

    // Starts a closing handshake in the background.
    void close() { socket_.close(1000, {}); }
    void abort() { socket_.abort(); }

    // The permanent reader; returns when the connection is over.
    net::Task<net::Closing> run(std::string leftover);

    std::uint64_t bytes_in() const noexcept { return socket_.bytes_in(); }
    std::uint64_t bytes_out() const noexcept { return socket_.bytes_out(); }

private:
    void on_messages(std::span<const net::Frame> messages) override;

    const std::uint64_t generation_;
    std::shared_ptr<const accounts::Account> account_;
    core::Deadline dialed_at_;
    PongTimeouts pong_;
    net::WebSocket socket_;
    FrameSink* sink_ = nullptr;
    bool is_over_ = false;
};

} // namespace turngate::upstream
