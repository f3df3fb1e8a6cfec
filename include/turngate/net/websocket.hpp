#pragma once

#include "turngate/core/byte_budget.hpp"
#include "turngate/net/event.hpp"
#include "turngate/net/frame.hpp"
#include "turngate/net/outbox.hpp"
#include "turngate/net/poller.hpp"
#include "turngate/net/stream.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::net {

struct WebSocketOptions
{
    Role role = Role::server;
    FrameLimits limits{};
    bool deflate = false; // permessage-deflate was agreed, without context takeover on either side
    std::chrono::milliseconds ping_interval{30'000}; // 0: no pings
    std::chrono::milliseconds pong_timeout{30'000};  // anything received counts as an answer
    std::chrono::milliseconds write_timeout{30'000}; // without progress of a stuck write
    std::uint64_t high_water = 1 << 20;              // queued output above it: is_congested()
    std::chrono::milliseconds message_timeout{0}; // from its first byte until it is whole; 0: none
    core::ByteBudget* unfinished = nullptr; // what messages that are not whole hold; null: no bound
};

// How a connection ended.
struct Closing
{
    enum class By : std::uint8_t {
        peer,     // its close frame; code and reason are the peer's
        us,       // close() or abort()
        lost,     // reset or end of stream without a close frame
        silent,   // no pong, or a write stuck too long
        violation // the peer broke RFC 6455; code is what it was told
    };
    By by = By::lost;
    std::uint16_t code = 1006;
    std::string reason;
    error_code error{};
};

std::string_view name_of(Closing::By by) noexcept; // for the log

// One WebSocket connection after its handshake, either side. Permanent reader from the first byte
// to the end: it answers pings, sees pongs and closes. Output is gathered by append/send and leaves
// with `flush`, one system call for all that one read brought; what the kernel does not take is
// queued and written as there is room. Single loop. `run` must have returned before destruction.
class WebSocket final : private Ticked, private Poller::Client
{
public:
    // Called by the reader. May append to this or other connections, may close or abort them; must
    // not destroy them.
    class Sink
    {
    public:
        // The messages of one read, in order; the views die with the call.
        virtual void on_messages(std::span<const Frame> messages) = 0;
        // Queued output fell to half of high_water after is_congested() had been true.
        virtual void on_writable() {}
        // The peer broke the rules, or took too long (1008) or too much room (1013) for a message;
        // a close frame with this code follows. The last chance to say more.
        virtual void on_violation(const FrameFault& fault) { (void)fault; }

    protected:
        ~Sink() = default;
    };

    WebSocket(Loop& loop, Stream stream, const WebSocketOptions& options);
    ~WebSocket();

    // Reads until the connection's end. `leftover`: bytes that came together with the handshake.
    Task<Closing> run(Sink& sink, std::string leftover);

    // Complete frames in the peer's own bytes; they must stay valid until the next flush().
    void forward(std::string_view wire)
    {
        if (is_open())
            out_.borrow(wire);
    }
    // A peer's message that has no frame of its own bytes; it must stay valid until the next
    // flush(), too.
    void forward_text(std::string_view payload);
    // A message of ours; copied (and masked on the client side). Compressed if that was agreed and
    // it pays.
    void send_text(std::string_view payload);
    // A message made of pieces, e.g. edited.
    void send_text(std::span<const std::string_view> pieces);
    void ping();
    void flush() { out_.flush(); }

    // Starts the closing handshake, 1 s at most, after all output; what the peer still sends is
    // dropped. Returns at once.
    void close(std::uint16_t code, std::string_view reason);
    // Ends the connection now.
    void abort();

    // Stops and continues reading: back-pressure. Pings are not answered while paused.
    void pause();
    void resume();
    bool is_paused() const noexcept { return paused_; }

    bool is_open() const noexcept { return !ended_ && !close_sent_; }
    bool is_congested() const noexcept { return out_.is_congested(); }
    std::size_t queued() const noexcept { return out_.queued(); }
    bool compresses() const noexcept { return options_.deflate; }

    // The last time anything was received, 100 ms precise.
    core::Deadline last_heard() const noexcept { return last_heard_; }
    void set_pong_timeout(std::chrono::milliseconds timeout) noexcept
    {
        options_.pong_timeout = timeout;
    }

    std::uint64_t bytes_in() const noexcept { return bytes_in_; }
    std::uint64_t bytes_out() const noexcept { return out_.bytes(); }

    // Messages below this are sent as they are even if compression was agreed (RFC 7692 section 6
    // leaves it to us): small deltas keep the hot path, large messages save traffic.
    static constexpr std::size_t kCompressFrom = 1024;

private:
    void on_ready(std::uint32_t events) override;
    void read_available();
    void took(std::span<char> bytes, bool is_direct);
    void write_queue();
    void received(std::span<char> bytes, std::vector<Frame>& frames);
    void parsed(const boost::system::result<void, FrameFault>& result,
                std::span<const Frame> frames);
    void on_violation(const FrameFault& fault);
    void deliver(std::span<const Frame> frames);
    void on_control(const Frame& frame);
    void send_frame(Opcode opcode,
                    std::span<const std::string_view> pieces,
                    bool compressed = false);
    bool holds_unfinished();
    void forget_unfinished();
    void lose(error_code error);
    void end() noexcept;
    void on_tick(core::Deadline now) override;

    Loop& loop_;
    Stream stream_;
    WebSocketOptions options_;
    FrameParser parser_;
    core::ByteBudget::Share unfinished_;
    Outbox out_;
    Sink* sink_ = nullptr;

    std::optional<Closing> closing_;
    std::exception_ptr bug_; // of the sink
    Event over_;
    int descriptor_ = -1;

    core::Deadline last_heard_;
    core::Deadline last_ping_;
    core::Deadline message_begun_; // or later, by a tick
    core::Deadline close_by_ = core::Deadline::max();
    std::uint64_t bytes_in_ = 0;

    bool heard_ = false;
    bool is_unfinished_ = false; // a message or control frame has begun …
    bool has_finished_ = false;  // … and another one has ended since the last tick
    bool ping_unanswered_ = false;
    bool paused_ = false;
    bool readable_ = false;   // an edge came while paused
    bool is_hung_up_ = false; // read until the error or end that is behind the data
    bool close_sent_ = false;
    bool discards_ =
        false; // after a violation: read on so that the peer gets our last words, parse nothing
    bool ended_ = false;
};

} // namespace turngate::net
