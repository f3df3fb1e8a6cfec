#pragma once

#include "client_output.hpp"

#include "turngate/core/clock.hpp"
#include "turngate/net/event.hpp"
#include "turngate/protocol/upstream_event.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/upstream/connection.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace turngate::gateway {

// What the client has seen of a turn.
enum class Seen : std::uint8_t { nothing, lifecycle, content };

// The hot path: upstream frames to the client, metered on the way, until the terminal event, which
// is kept for settling. Attached to the turn's connection while it lives.
class Relay final : public upstream::FrameSink
{
public:
    Relay(net::Loop& loop, ClientOutput& client, telemetry::Counter pauses);
    ~Relay();

    // Lifecycle events are kept back until `hold` has passed or anything else comes: a failure
    // before that can be mended unseen (behaviour.md section 5).
    void hold_lifecycle(std::chrono::milliseconds hold) noexcept { hold_ = hold; }

    // Items of the answer are kept for the chain, as long as they are no more than that.
    void keep_items(std::uint64_t max_bytes) noexcept { max_item_bytes_ = max_bytes; }

    void attach(upstream::Connection& connection);
    void detach();

    // A further attempt: forgets the last one's response, keeps what the client has seen.
    void start_anew();

    // Until the terminal event was kept. Fault: the connection was lost, nothing came for
    // `between_events` (upstream_timeout), or the stop's reason.
    net::Task<core::Result<>> until_terminal(std::chrono::milliseconds between_events,
                                             net::Stop& stop);

    // What was held back goes to the client.
    void release_held();

    // The client's queue has drained: read on.
    void on_writable();

    // Sends the frame up if it means the running response; false if it does not, or nothing runs.
    bool interrupt(std::string_view response_id,
                   std::string_view frame,
                   protocol::UpstreamEventReader& reader);

    const std::vector<std::string>& items() const noexcept { return items_; } // raw JSON, in order
    bool has_all_items() const noexcept { return has_all_items_; }

    Seen seen() const noexcept { return seen_; }
    bool has_response() const noexcept { return has_created_; }
    // Anything beyond lifecycle came back in this attempt, its terminal event not counted.
    bool has_output() const noexcept { return has_output_; }
    const std::string& created_event() const noexcept { return created_; }
    std::optional<core::Deadline> first_content_at() const noexcept { return first_content_at_; }
    // Tokens of the content that was relayed, by its size: for turns that end without usage.
    std::int64_t estimated_output_tokens() const noexcept;

    protocol::EventKind terminal_kind() const noexcept { return terminal_kind_; }
    const std::string& terminal_event() const noexcept { return terminal_; }

private:
    void on_frames(std::span<const net::Frame> frames) override;
    void on_lost(const net::Closing& closing) override;
    void count_delta(const net::Frame& frame);
    void keep_item(const net::Frame& frame);
    void pass_lifecycle(const net::Frame& frame);
    void pass(const net::Frame& frame);

    ClientOutput& client_;
    telemetry::Counter pauses_;
    upstream::Connection* connection_ = nullptr;
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
    protocol::EventKind terminal_kind_ = protocol::EventKind::other;
    std::optional<core::Deadline> first_content_at_;
    std::uint64_t deltas_ = 0;
    std::uint64_t delta_bytes_ = 0;
    std::uint64_t delta_overhead_ =
        0; // bytes of a delta event around its text, from the response's first
    Seen seen_ = Seen::nothing;
    bool has_created_ = false;
    bool has_output_ = false;
    bool has_content_now_ = false;
    bool is_paused_ = false;
};

} // namespace turngate::gateway
