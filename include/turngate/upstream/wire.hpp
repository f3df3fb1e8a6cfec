#pragma once

#include "turngate/net/http.hpp"
#include "turngate/net/websocket.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace turngate::upstream {

enum class Transport : std::uint8_t { ws, http };

// What a connection speaks to its account: messages up, events down. Interface, because the wire
// ends here. Single loop.
class Wire
{
public:
    // Called by the reader. May send, close and abort; must not destroy the wire.
    class Sink
    {
    public:
        // Events of one read, in order; the views die with the call. None: a sign of life.
        virtual void on_events(std::span<const net::Frame> events) = 0;
        // All that can come to the last create has come, and the wire is idle. Over HTTP.
        virtual void on_answered() {}

    protected:
        ~Sink() = default;
    };

    virtual ~Wire() = default;

    // Reads until its end. `leftover`: bytes that came together with the handshake.
    virtual net::Task<net::Closing> run(Sink& sink, std::string leftover) = 0;

    virtual Transport transport() const noexcept = 0;
    // A turn's create, with what over HTTP alone is its own: headers, and where it goes below the
    // account's path.
    virtual void ask(std::string_view create,
                     const net::HttpHeaders& headers,
                     std::string_view below) = 0;
    // Anything else; not over HTTP.
    virtual void send(std::string_view frame) = 0;
    // Nothing that was asked for is still to come; over HTTP. A WebSocket leaves that to its lanes.
    virtual bool is_idle() const noexcept { return true; }

    // How far the last create got, for who asks after the end (http.md section 6.6).
    enum class Progress : std::uint8_t {
        unsent,  // not whole
        unheard, // whole, but not a byte has come back
        heard,   // or nobody can tell
    };
    virtual Progress progress() const noexcept { return Progress::heard; }
    // Of the answer whose events come; null: there is none, or it is a WebSocket's.
    virtual const net::HttpHeaders* answer_headers() const noexcept { return nullptr; }
    // The answer that was no stream of events, if that is what came to the last create.
    virtual const net::HttpResponse* refusal() const noexcept { return nullptr; }

    // How long the account says that it keeps an idle connection; nothing: it does not say.
    virtual std::optional<std::chrono::seconds> keeps_idle() const noexcept { return {}; }

    virtual bool is_open() const noexcept = 0;
    virtual bool is_congested() const noexcept = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;
    virtual bool is_paused() const noexcept = 0;
    virtual void set_pong_timeout(std::chrono::milliseconds timeout) noexcept = 0;
    // Politely, in the background; now.
    virtual void close() = 0;
    virtual void abort() = 0;

    virtual std::uint64_t bytes_in() const noexcept = 0;
    virtual std::uint64_t bytes_out() const noexcept = 0;
};

} // namespace turngate::upstream
