#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/net/websocket.hpp"
#include "turngate/upstream/frame_sink.hpp"
#include "turngate/upstream/lane_routes.hpp"
#include "turngate/upstream/wire.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace turngate::upstream {

// How long a connection may be silent after a ping (behaviour.md section 4).
struct PongTimeouts
{
    std::chrono::milliseconds parked{5'000};
    std::chrono::milliseconds in_turn{30'000};
};

// One physical connection to an account, with a generation number for life and a permanent reader
// from dial to close. Hands each event to the turn of its lane; what belongs to none is dropped.
// One of the account's connections until it closes, closing handshake not included. Single loop.
class Connection final : private Wire::Sink
{
public:
    Connection(std::shared_ptr<const accounts::Account> account,
               std::unique_ptr<Wire> wire,
               PongTimeouts pong);
    // A WebSocket.
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
    bool is_open() const noexcept { return !closing_ && wire_->is_open(); }
    // And nothing is still to come of what was asked over HTTP.
    bool is_usable() const noexcept { return is_open() && wire_->is_idle(); }
    // Over HTTP there are no lanes and no control events, and nothing of a conversation stays: one
    // is as good as another.
    bool is_http() const noexcept { return wire_->transport() == Transport::http; }
    bool has_lanes() const noexcept { return account_->config.lanes && !is_http(); }
    // Past accounts[].max_age: soon the upstream closes it, in a turn or not.
    bool is_aged(core::Deadline now) const noexcept;

    // A turn could run on this lane ("": the default one): nothing else does, and the upstream will
    // not refuse another name (protocol.md section 4).
    bool takes(std::string_view lane) const { return routes_.takes(lane); }

    // From now on the lane's events are the sink's; on_lost() at once where it is over.
    // takes(lane).
    void attach(FrameSink& sink, std::string_view lane);
    // The turn is over and nothing more of it is to come.
    void detach(FrameSink& sink);
    // The turn is over, its response may not be: the rest of it is dropped, and the lane is not
    // free before that. Only what has been sent has a rest. Its id is empty if it has not begun.
    void abandon(FrameSink& sink, std::string_view response_id);
    bool is_attached() const noexcept { return routes_.is_attached(); }

    // A response of this connection is over: whatever names it from here on is nobody's
    // (behaviour.md section 5). The last 32 are known.
    void note_ended(std::string_view response_id);
    // This upstream says when a response begins: content before that is not the next one's.
    void note_begun() noexcept { announces_ = true; }
    bool announces() const noexcept { return announces_ && !is_http(); }
    bool has_ended(std::string_view response_id) const noexcept
    {
        return !is_http() && routes_.has_ended(response_id);
    }

    // A turn's create, and what over HTTP goes up in its headers; `below`: the account's path.
    void ask(std::string_view create, const net::HttpHeaders& headers, std::string_view below = {});
    // A control event.
    void send(std::string_view frame) { wire_->send(frame); }
    // How far the last create got, once the connection is over.
    Wire::Progress progress() const noexcept { return wire_->progress(); }
    // The answer that was no stream of events, if that is what came to it.
    const net::HttpResponse* refusal() const noexcept { return wire_->refusal(); }
    // Of the answer whose events come, over HTTP; else null.
    const net::HttpHeaders* answer_headers() const noexcept { return wire_->answer_headers(); }
    std::optional<std::chrono::seconds> keeps_idle() const noexcept { return wire_->keeps_idle(); }
    bool is_congested() const noexcept { return wire_->is_congested(); }
    void pause() { wire_->pause(); }
    void resume() { wire_->resume(); }

    // Starts a closing handshake in the background.
    void close();
    void abort();

    // True once: however many turns it takes along, a loss is one fault of its account.
    bool claim_fault() noexcept { return !std::exchange(is_fault_claimed_, true); }

    // The permanent reader; returns when the connection is over.
    net::Task<net::Closing> run(std::string leftover);

    std::uint64_t bytes_in() const noexcept { return wire_->bytes_in(); }
    std::uint64_t bytes_out() const noexcept { return wire_->bytes_out(); }

private:
    void on_events(std::span<const net::Frame> events) override;
    void on_answered() override;
    void left();
    void stop_counting() noexcept;

    const std::uint64_t generation_;
    std::shared_ptr<const accounts::Account> account_;
    core::Deadline dialed_at_;
    PongTimeouts pong_;
    std::unique_ptr<Wire> wire_;
    LaneRoutes routes_;
    bool announces_ = false;
    bool is_ended_ = true; // over HTTP: the last create's response has had its end
    bool is_counted_ = true;
    std::optional<net::Closing> closing_; // it is over
    bool is_fault_claimed_ = false;
};

} // namespace turngate::upstream
