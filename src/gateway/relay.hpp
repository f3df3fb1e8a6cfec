#pragma once

#include "asked.hpp"
#include "client_output.hpp"
#include "steering.hpp"

#include "turngate/core/clock.hpp"
#include "turngate/net/event.hpp"
#include "turngate/protocol/upstream_event.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/upstream/connection.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::gateway {

// What the client has seen of a turn.
enum class Seen : std::uint8_t { nothing, lifecycle, content };

// The hot path: upstream frames to the client, metered on the way, until the terminal event, which
// is kept for settling. Attached to its lane of the turn's connection while it lives.
class Relay final : public upstream::FrameSink
{
public:
    Relay(net::Loop& loop,
          ClientOutput& client,
          protocol::UpstreamEventReader& reader,
          telemetry::Counter pauses);
    ~Relay();

    // Lifecycle events are kept back until `hold` has passed or anything else comes: a failure
    // before that can be mended unseen (behaviour.md section 5).
    void hold_lifecycle(std::chrono::milliseconds hold) noexcept { hold_ = hold; }

    // Items of the answer are kept for the chain, as long as they are no more than that.
    void keep_items(std::uint64_t max_bytes) noexcept { max_item_bytes_ = max_bytes; }

    // lane: the client's. Where the account knows none, its name is put on the way.
    void attach(std::shared_ptr<upstream::Connection> connection, std::string_view lane);
    // The response is complete.
    void detach();
    // It may not be: nobody waits for the rest of it.
    void abandon();

    // The connection is there, and more may come on it.
    bool is_attached() const noexcept { return connection_ != nullptr; }

    // A further attempt: forgets the last one's response, keeps what the client has seen.
    void start_anew();

    // Until the terminal event was kept. Fault: the connection was lost, nothing came for
    // `between_events` (upstream_timeout), or the stop's reason.
    net::Task<core::Result<>> until_terminal(std::chrono::milliseconds between_events,
                                             net::Stop& stop);

    // A response was settled, and steering may bring a further one without a create. True: it has
    // begun. False: none comes, or not before the deadline. Fault: the connection was lost, or the
    // stop's reason.
    net::Task<core::Result<bool>> until_successor(core::Deadline deadline, net::Stop& stop);

    // From now on another one is the client; whatever the former one had queued, it can take more.
    void redirect(ClientOutput& client)
    {
        client_ = &client;
        on_writable();
    }

    // What was held back goes to the client.
    void release_held();

    // The client's queue has drained: read on.
    void on_writable();

    // The response has begun, is not over, and has this id.
    bool is_running(std::string_view response_id) const;
    // A control event for the running response. False: the upstream does not take more now.
    bool send_up(std::string_view frame, ControlKind kind);
    Steering& steering() noexcept { return steering_; }
    bool awaits_answer() const override { return asked_.any(); }
    // Items were put into the running response from outside: its input is not its create's alone.
    void spoil_items() noexcept { has_all_items_ = false; }

    const std::vector<std::string>& items() const noexcept { return items_; } // raw JSON, in order
    bool has_all_items() const noexcept { return has_all_items_; }

    Seen seen() const noexcept { return seen_; }
    bool has_response() const noexcept { return has_created_; }
    // Anything beyond lifecycle came back in this attempt, its terminal event not counted.
    bool has_output() const noexcept { return has_output_; }
    // Empty until response.created has come.
    std::string response_id() const
    {
        return has_created_ ? reader_.read_response_id(created_) : std::string();
    }
    // The last codex.rate_limits event; empty if none came.
    const std::string& rate_limits() const noexcept { return rate_limits_; }
    // The token of the last response.metadata, to be sent to the connection that replaces this one.
    const std::string& turn_state() const noexcept { return turn_state_; }
    std::optional<core::Deadline> first_content_at() const noexcept { return first_content_at_; }
    // Tokens of the content that was relayed, by its size: for turns that end without usage.
    std::int64_t estimated_output_tokens() const noexcept;

    protocol::EventKind terminal_kind() const noexcept { return terminal_kind_; }
    const std::string& terminal_event() const noexcept { return terminal_; }

private:
    void on_frames(std::span<const net::Frame> frames) override;
    void on_read_end() override;
    void on_lost(const net::Closing& closing) override;
    void on_frame(const net::Frame& frame);
    void on_translated(const net::Frame& frame);
    void keep_early(const net::Frame& frame);
    void note_answer(const net::Frame& frame);
    void pass_refusal(const net::Frame& frame);
    bool is_refusal(const net::Frame& frame);
    void count_delta(const net::Frame& frame);
    void keep_item(const net::Frame& frame);
    void keep_news(const net::Frame& frame);
    void pass_lifecycle(const net::Frame& frame);
    void pass_steer(const net::Frame& frame);
    void pass(const net::Frame& frame);
    void to_client(const net::Frame& frame);
    void end(const net::Frame& frame, protocol::EventKind kind);
    void forget_response();
    void go_on();

    ClientOutput* client_;
    protocol::UpstreamEventReader& reader_;
    telemetry::Counter pauses_;
    std::shared_ptr<upstream::Connection> connection_;
    std::string lane_;        // of the client
    bool translates_ = false; // the account knows no lanes
    Asked asked_;
    Steering steering_;
    std::vector<std::string> early_; // of a successor, come before its predecessor was settled
    std::uint64_t early_bytes_ = 0;
    std::string turn_state_;
    std::string rate_limits_;
    net::Event over_;
    std::optional<core::Fault> lost_;
    core::Deadline last_event_;

    std::chrono::milliseconds hold_{0};
    core::Deadline hold_until_ = core::Deadline::max();
    std::vector<std::string> held_;

    std::vector<std::string> items_;
    std::uint64_t item_bytes_ = 0;
    std::uint64_t max_item_bytes_ = 0;
    bool has_all_items_ = true;

    std::string created_; // the response.created, kept: short, and its id is needed once
    std::string terminal_;
    protocol::EventKind terminal_kind_ = protocol::EventKind::lifecycle;
    std::optional<core::Deadline> first_content_at_;
    std::uint64_t deltas_ = 0;
    std::uint64_t delta_bytes_ = 0;
    std::uint64_t delta_overhead_ =
        0; // bytes of a delta event around its text, from the response's first
    Seen seen_ = Seen::nothing;
    bool is_between_ = false; // a response is settled, its successor has not begun
    bool has_created_ = false;
    bool has_output_ = false;
    bool has_content_now_ = false;
    bool has_heard_ = false; // in this read
    bool is_paused_ = false;
};

} // namespace turngate::gateway
