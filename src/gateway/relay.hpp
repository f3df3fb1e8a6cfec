#pragma once

#include "client_output.hpp"
#include "dialogue.hpp"
#include "hold.hpp"
#include "response.hpp"

#include "turngate/core/fault.hpp"
#include "turngate/net/event.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/upstream/connection.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::gateway {

struct RelayRules
{
    std::chrono::milliseconds hold_lifecycle{0};
    std::chrono::milliseconds between_events{0}; // then the upstream is taken for silent
    // To a client whose patience only events renew (protocol.md section 10.4); 0: to no other.
    std::chrono::milliseconds keepalive{0};
    bool codex_events = true;        // those that kill other clients (http.md section 3.1)
    bool passes_rate_limits = false; // x-ratelimit-* of the account
};

// An event that is not the upstream's own bytes.
inline net::Frame as_frame(std::string_view event) noexcept
{
    net::Frame frame;
    frame.opcode = net::Opcode::text;
    frame.payload = event;
    frame.is_brief = true;
    return frame;
}

// The hot path: upstream frames to the client, metered on the way, until the terminal event, which
// is kept for settling. One attempt's; attached to its lane of the connection while it lives.
class Relay final : public upstream::FrameSink
{
public:
    Relay(net::Loop& loop,
          ClientOutput& client,
          protocol::UpstreamEventReader& reader,
          telemetry::Counter pauses,
          Shown& shown,
          RelayRules rules);
    ~Relay();

    // What comes is `response`. lane: the client's; where the account knows none, its name is put
    // on the way. Once.
    void attach(std::shared_ptr<upstream::Connection> connection,
                std::string_view lane,
                Response response);
    // It has no upstream: these events are all of it. Once, instead of attach().
    void answer_here(Response response,
                     std::string_view lane,
                     const std::vector<std::string>& events);
    // The response is complete.
    void detach();
    // It may not be: nobody waits for the rest of it.
    void abandon();

    // The connection is there, and more may come on it.
    bool is_attached() const noexcept { return connection_ != nullptr; }
    // Nothing but what this turn was owed has come, and nothing more is owed.
    bool is_clean() const noexcept { return !is_strange_ && !dialogue_.awaits_answer(); }

    // Until the response has its terminal event. Fault: the connection was lost, nothing came for
    // too long (upstream_timeout), or the stop's reason.
    net::Task<core::Result<>> until_terminal(net::Stop& stop);

    // A response was settled, and steering may bring `next` without a create. True: it has begun.
    // False: none comes, or not before the deadline, the stop or the connection's end.
    net::Task<bool> until_successor(Response next, core::Deadline deadline, net::Stop& stop);

    // From now on another one is the client; whatever the former one had queued, it can take more.
    void redirect(ClientOutput& client)
    {
        client_ = &client;
        on_writable();
    }
    // What was held back goes to the client.
    void release_held() { hold_.release(*client_); }
    // The client's queue has drained: read on.
    void on_writable();

    Response& response() noexcept { return *response_; } // attached once
    const Response& response() const noexcept { return *response_; }
    // The response has begun, is not over, and has this id.
    bool is_running(std::string_view response_id) const noexcept
    {
        return connection_ && phase_ == Phase::running && response_->has_begun() &&
               response_->id == response_id;
    }
    // A control event for the running response. False: the upstream does not take more now.
    bool send_up(std::string_view frame, ControlKind kind);
    Steering& steering() noexcept { return dialogue_.steering(); }

    // The account knows steer, interrupt and inject (`accounts[].control_events`).
    bool knows_control_events() const noexcept { return knows_control_events_; }
    // The last codex.rate_limits event; empty if none came.
    const std::string& rate_limits() const noexcept { return rate_limits_; }
    // The token of the last response.metadata, to be sent to the connection that replaces this one.
    const std::string& turn_state() const noexcept { return turn_state_; }

private:
    // Until its terminal event; kept, and not settled yet; settled, and a successor has not begun.
    enum class Phase : std::uint8_t { running, over, between };

    bool awaits_answer() const override { return dialogue_.awaits_answer(); }
    void doubt() override { is_strange_ = true; }
    void on_frames(std::span<const net::Frame> frames) override;
    void on_read_end() override;
    void on_lost(const net::Closing& closing) override;
    void on_named(const net::Frame& frame);
    void on_frame(const net::Frame& frame);
    void on_event(const net::Frame& frame, protocol::EventKind kind);
    void begin(const net::Frame& frame);
    void end(const net::Frame& frame, protocol::EventKind kind);
    void on_error(const net::Frame& frame);
    void on_answer(const net::Frame& frame, protocol::EventKind kind);
    void pass_answer(const net::Frame& frame);
    bool is_refusal(const net::Frame& frame);
    bool is_anothers(const net::Frame& frame, protocol::EventKind kind) const;
    void keep_early(const net::Frame& frame);
    void keep_news(const net::Frame& frame);
    void pass_news(const net::Frame& frame);
    void pass_rate_limits();
    void pass_quiet(const net::Frame& frame);
    void pass_content(const net::Frame& frame);
    void to_client(const net::Frame& frame);
    void lose(core::Fault fault);
    void replay_early();
    core::Deadline silent_at() const { return last_sign_ + rules_.between_events; }
    core::Deadline keepalive_at() const;
    core::Deadline next_wake() const;
    void on_time(core::Deadline now);

    ClientOutput* client_;
    protocol::UpstreamEventReader& reader_;
    telemetry::Counter pauses_;
    Shown& shown_;
    const RelayRules rules_;

    std::shared_ptr<upstream::Connection> connection_;
    std::string lane_;        // of the client
    bool translates_ = false; // the account knows no lanes
    bool knows_control_events_ = false;
    bool is_strange_ = false; // what came was not all this turn's
    bool has_heard_ = false;  // in this read
    bool has_event_ = false;  // likewise: it was more than a sign of life
    bool is_paused_ = false;

    std::optional<Response> response_;
    Phase phase_ = Phase::running;
    std::optional<core::Fault> lost_;
    net::Event changed_;
    core::Deadline last_event_;
    core::Deadline last_sign_; // of life: comments over HTTP are no events
    core::Deadline last_keepalive_;
    std::int64_t keepalives_ = 0;

    Hold hold_;
    Dialogue dialogue_;
    std::vector<std::string> early_; // of a successor, come before its predecessor was settled
    std::uint64_t early_bytes_ = 0;
    std::string turn_state_;
    std::string rate_limits_;
};

} // namespace turngate::gateway
