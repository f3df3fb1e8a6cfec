#pragma once

#include "turngate/net/event.hpp"
#include "turngate/net/http.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/net/outbox.hpp"
#include "turngate/net/poller.hpp"
#include "turngate/net/stream.hpp"
#include "turngate/net/websocket.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::net {

// A connection to an HTTP/1.1 server, from its dial to its end: requests one after the other, each
// answered before the next. It is read all the time, between requests too: whatever comes then ends
// it. Single loop. `run` must have returned before destruction.
class HttpChannel final : private Ticked, private Poller::Client
{
public:
    // Called by the reader. May end the channel; must not destroy it.
    class Sink
    {
    public:
        // Its status and headers; not of a 1xx.
        virtual void on_head(HttpResponse head) = 0;
        // Of its body, decoded from chunks. What was given lives until on_read_end().
        virtual void on_body(std::string_view bytes) = 0;
        // The response is whole. is_idle(), if another request may follow on the channel.
        virtual void on_whole() = 0;
        virtual void on_read_end() = 0;

    protected:
        ~Sink() = default;
    };

    struct Options
    {
        std::chrono::milliseconds write_timeout{30'000}; // without progress of a stuck write
        std::uint64_t high_water = 1 << 20;              // queued output above it: is_congested()
    };

    HttpChannel(Loop& loop, Stream stream, Options options);
    ~HttpChannel();

    // Reads until the channel's end. A response that ends with the connection is whole first.
    Task<Closing> run(Sink& sink);

    // A whole request. is_idle().
    void ask(std::string request);
    // Open, and no request is without its whole response.
    bool is_idle() const noexcept { return !ended_ && !parser_; }
    // All of the last request is with the kernel.
    bool has_sent_all() const noexcept { return out_.queued() == 0 && !was_cut_; }
    // Something of the last request's response has come.
    bool has_heard() const noexcept { return has_heard_; }

    // Ends it now; with an exception of the sink, which run() throws.
    void abort();
    void fail(std::exception_ptr bug);
    // Back-pressure.
    void pause() { paused_ = true; }
    void resume();
    bool is_paused() const noexcept { return paused_; }

    bool is_open() const noexcept { return !ended_; }
    bool is_congested() const noexcept { return out_.is_congested(); }
    std::uint64_t bytes_in() const noexcept { return bytes_in_; }
    std::uint64_t bytes_out() const noexcept { return out_.bytes(); }

private:
    struct Parser;

    void on_ready(std::uint32_t events) override;
    void on_tick(core::Deadline now) override;
    void read_available();
    void took(std::string_view bytes);
    bool parse(std::string_view& bytes);
    void finish();
    void lose(error_code error, Closing::By by = Closing::By::lost);
    void end() noexcept;

    Loop& loop_;
    Stream stream_;
    const Options options_;
    Outbox out_;
    Sink* sink_ = nullptr;
    std::unique_ptr<Parser> parser_; // of the response that is awaited, or comes; null: none
    std::string rest_;               // of what was read, too little to go on with
    std::optional<Closing> closing_;
    std::exception_ptr bug_; // of the sink
    Event over_;
    int descriptor_ = -1;
    std::uint64_t bytes_in_ = 0;
    bool has_heard_ = false;
    bool was_cut_ = false; // it ended before all was written
    bool paused_ = false;
    bool readable_ = false;   // an edge came while paused
    bool is_hung_up_ = false; // read until the end that is behind the data
    bool ended_ = false;
};

} // namespace turngate::net
