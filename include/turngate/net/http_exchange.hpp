#pragma once

#include "turngate/net/event.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/net/outbox.hpp"
#include "turngate/net/poller.hpp"
#include "turngate/net/stream.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace turngate::net {

// One answer on a client's HTTP/1.x connection, from the end of its request on: what is written
// leaves with `flush`, what the kernel does not take is queued, and the client is watched all the
// while. Bytes it sends meanwhile are the beginning of its next request. Single loop.
class HttpExchange final : private Ticked, private Poller::Client
{
public:
    // Called from the poller. Must not destroy the exchange.
    class Sink
    {
    public:
        // The client has closed its side, was reset, or has taken nothing for write_timeout. Once.
        virtual void on_gone() = 0;
        // Queued output fell to half of high_water after is_congested() had been true.
        virtual void on_writable() = 0;

    protected:
        ~Sink() = default;
    };

    struct Options
    {
        std::chrono::milliseconds write_timeout{30'000}; // without progress of a stuck write
        std::uint64_t high_water = 1 << 20;              // queued output above it: is_congested()
    };

    HttpExchange(Loop& loop, Stream stream, std::string leftover, Options options);
    ~HttpExchange();

    // Once, before anything is written. The sink lives until release() or the end.
    void watch(Sink& sink);

    // Must stay valid until the next flush().
    void borrow(std::string_view bytes) { out_.borrow(bytes); }
    void write(std::string bytes) { out_.write(std::move(bytes)); }
    void flush() { out_.flush(); }
    bool is_congested() const noexcept { return out_.is_congested(); }
    bool is_gone() const noexcept { return is_gone_; }
    std::uint64_t bytes_out() const noexcept { return out_.bytes(); }

    // Until all that was written is with the kernel. False: the client has gone before.
    Task<bool> drained();

    // The connection, for the client's next request, and what came of that. Nothing is watched any
    // more.
    Stream release();
    std::string take_leftover() noexcept { return std::move(leftover_); }

private:
    void on_ready(std::uint32_t events) override;
    void on_tick(core::Deadline now) override;
    void read_ahead();
    void lose();
    void unwatch() noexcept;

    Loop& loop_;
    Stream stream_;
    const Options options_;
    Outbox out_;
    std::string leftover_;
    Sink* sink_ = nullptr; // while it is watched
    int descriptor_ = -1;
    Event drained_;
    bool is_gone_ = false;
};

} // namespace turngate::net
