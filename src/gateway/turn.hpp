#pragma once

#include "client_output.hpp"
#include "hold.hpp"
#include "lanes.hpp"
#include "response.hpp"
#include "rooms.hpp"
#include "session_facts.hpp"

#include "turngate/net/stop.hpp"
#include "turngate/protocol/client_event.hpp"
#include "turngate/state/budgets.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::gateway {

struct Attempt;

// What admission holds for a turn until it is over (behaviour.md section 3).
struct Claims
{
    std::vector<state::Hold> holds;
    core::NanoUsd billed;          // of the turn's responses so far
    std::int64_t rated_tokens = 0; // what its key's rate was charged beforehand
    std::int64_t billed_tokens = 0;
};

// The attempts at a turn so far.
struct Tries
{
    int begun = 0;
    int spent = 0;                 // that may have been executed
    std::string_view retry_reason; // of the last one
    std::optional<core::Deadline> first_failure_at;
    bool may_have_run = false; // one of them: whoever sends the turn again may pay twice
    bool unsealed = false;     // sealed reasoning was refused: it is left out
    bool anew = false;         // on a connection that is new
};

// One `response.create` and what it causes, up to its end. What is learnt of one attempt or one
// response is in those.
struct Turn
{
    Turn(Rooms& its_rooms,
         ClientOutput& its_client,
         const SessionFacts& its_session,
         LaneMemory& its_lane,
         WaitingTurn waiting);
    ~Turn();

    std::string_view lane_name() const noexcept
    {
        return create.stream_id ? std::string_view(*create.stream_id) : std::string_view();
    }
    // It is answered over HTTP alone, and makes no response that anything could go on from.
    bool is_aside() const noexcept { return create.endpoint != protocol::Endpoint::responses; }
    // It costs nothing.
    bool is_free() const noexcept { return create.endpoint == protocol::Endpoint::input_tokens; }
    // Its client has gone: all that is left to do is its bill.
    bool is_left() const noexcept { return client->is_nobody(); }
    // Another client takes its place, and the turn can be stopped anew.
    void leave_client(ClientOutput& nobody);
    // The response has this id and runs.
    bool is_running(std::string_view response_id) const;
    // It is the last response that began in this turn, whatever has become of it.
    bool has_begun(std::string_view response_id) const noexcept
    {
        return !shown.last_begun.empty() && shown.last_begun == response_id;
    }
    void on_writable();

    Rooms& rooms;
    ClientOutput* client;
    const SessionFacts& session;
    LaneMemory& lane; // kept up to date

    protocol::ClientEvent create;
    std::string frame; // the client's own bytes
    core::Deadline accepted_at;
    core::Timestamp started_at;
    std::string id;
    net::Stop stop;

    std::shared_ptr<const Snapshot> snapshot;           // 4 admit
    std::shared_ptr<const access::Principal> principal; // 4
    Claims claims;                                      // 4
    Context context;                                    // 5
    bool is_parent_inferred = false;                    // 5
    std::optional<Context> shorter;                     // 5: of a route that is shortened
    std::optional<std::chrono::seconds>
        retry_after; // when the client may come again, if it is told to
    Tries tries;
    Shown shown;

    Attempt* attempt = nullptr; // that runs
    // The client has gone, the response runs on: what Drains goes on with.
    std::unique_ptr<Attempt> unfinished;
};

// The way of a turn (design.md section 2): always tells the client once how it ended, always leaves
// slots, lease and bill in order. Returns the close code the session must end with, 0 if it goes on
// (behaviour.md section 8). A turn that is `unfinished` then has not ended: Drains must take it.
net::Task<std::uint16_t> run_turn(Turn& turn);

// The rest of an unfinished turn, which its client has left: settles once, by the terminal event if
// it comes before the turn is stopped again.
net::Task<> read_on(Turn& turn);

} // namespace turngate::gateway
