#pragma once

#include "event_scan.hpp"
#include "tally.hpp"

#include "turngate/protocol/upstream_event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::bench {

// How many deltas a completed response must have.
struct DeltaRule
{
    enum class Kind : std::uint8_t {
        any,
        same, // as many as this connection's first turn
        exactly
    };
    Kind kind = Kind::same;
    std::uint64_t count = 0;
};

enum class Progress : std::uint8_t {
    first, // the first event of the turn
    more,
    ended,
    stray // outside of a turn
};

// Holds one connection's events against what protocol.md section 3 promises, all of them, turn
// after turn. No I/O; what is wrong goes into the tally.
class Verifier
{
public:
    Verifier(DeltaRule rule, protocol::UpstreamEventReader& reader, Tally& tally);

    void begin_turn(); // a create was sent

    Progress on_event(std::string_view event);

    bool is_in_turn() const noexcept { return state_ != State::idle; }

    // The connection has ended, or the turn has without an end of its own: none runs, and what is
    // not stored can be no parent any more.
    void start_over(bool is_stored);

    // Of the last response that completed; empty after one that did not: a parent for the next
    // turn.
    const std::string& response_id() const noexcept { return completed_id_; }

private:
    enum class State : std::uint8_t { idle, waiting, streaming };

    void on_stray(std::string_view event, protocol::EventKind kind);
    void on_created(std::string_view event);
    void on_content(std::string_view event, protocol::EventKind kind);
    void on_delta(std::string_view event);
    void on_other(std::string_view event);
    void on_terminal(std::string_view event, protocol::EventKind kind);
    void check_sequence(std::string_view event, protocol::EventKind kind);
    void check_item(std::string_view event);
    void check_delta_count(std::string_view event);

    DeltaRule rule_;
    protocol::UpstreamEventReader& reader_;
    Tally& tally_;

    State state_ = State::idle;
    bool is_first_ = false;
    std::string response_id_;
    std::string completed_id_;
    std::optional<std::uint64_t> sequence_;
    std::uint64_t deltas_ = 0;
    TextSum text_;
    std::vector<std::string> items_; // announced by this response; the current one last
};

} // namespace turngate::bench
