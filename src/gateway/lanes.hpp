#pragma once

#include "turngate/core/byte_budget.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"
#include "turngate/protocol/client_event.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::gateway {

struct Turn;

// A create that waits for its lane.
struct WaitingTurn
{
    protocol::ClientEvent create;
    std::string frame; // the client's own bytes
    core::Deadline accepted_at;
    core::Timestamp started_at;
    std::string id = core::uuid7(); // of the turn
    // What it takes of the budgets of waiting creates, until a turn begins with it.
    core::ByteBudget::Share of_session{}, of_all{};
};

// What one turn of a lane leaves to the next.
struct LaneMemory
{
    std::string last_response;
    std::int64_t last_context_tokens = 0;  // input and output of that one; 0: not known
    std::string account;                   // that answered it
    std::string turn_state;                // raw body of the last response.metadata's token
    std::uint64_t turn_state_known_by = 0; // generation of the connection that gave or got it last
    std::string queued_input;              // a steer's, which waits upstream for the next create …
    std::string queued_for;                // … that has this parent
    bool is_restored = false;              // the state store was asked what it knew
    std::deque<std::string> ended{};       // ids of its last responses, however they ended

    void note_ended(const std::string& response_id);
};

// One FIFO of turns: a `stream_id`, or the default lane.
struct Lane
{
    enum class State : std::uint8_t { idle, ready, running };

    std::list<WaitingTurn> waiting; // a deque would hold memory while it is empty
    State state = State::idle;
    Turn* turn = nullptr; // that runs; null while it begins
    LaneMemory memory;
    core::Deadline newest{}; // when its last create was accepted
};

// A session's lanes: which turn may begin. A machine; behaviour.md section 2, protocol.md
// section 4.
class Lanes
{
public:
    static constexpr std::size_t kMaxWaiting = 64; // of the session
    static constexpr std::size_t kMaxRunning = 16;
    static constexpr std::size_t kMaxNames = 32; // the default lane has none

    enum class Verdict : std::uint8_t { fine, too_many_waiting, too_many_names };
    Verdict admits(std::string_view name) const;
    // Nothing else would have to end or begin before it.
    bool begins_at_once(std::string_view name) const;

    // admits(its lane).
    void enqueue(WaitingTurn turn);

    // The next turn that may begin; its lane runs from here on, until end().
    struct Start
    {
        Lane& lane;
        WaitingTurn turn;
    };
    std::optional<Start> next();
    void end(Lane& lane);

    // The waiting turns of one lane are replaced by another; of all, given up.
    void drop_waiting(Lane& lane);
    void drop_waiting();

    Lane* find(std::string_view name);
    bool is_idle() const noexcept { return running_ == 0 && waiting_ == 0; }
    std::size_t running() const noexcept { return running_; }

    // The running turn for which it says yes; null: none.
    Turn* find_turn(const std::function<bool(const Turn&)>& is_meant);
    void for_each_turn(const std::function<void(Turn&)>& f);

    // One of the last responses of a lane, which a client may take for running yet.
    bool has_ended(std::string_view response_id) const;

private:
    void make_ready(Lane& lane);

    std::map<std::string, Lane, std::less<>> lanes_; // never erased: names count for life
    std::list<Lane*> ready_;
    std::size_t waiting_ = 0;
    std::size_t running_ = 0;
};

} // namespace turngate::gateway
