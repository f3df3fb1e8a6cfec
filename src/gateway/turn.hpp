#pragma once

#include "client_output.hpp"
#include "lanes.hpp"
#include "recovery.hpp"
#include "relay.hpp"
#include "rooms.hpp"

#include "turngate/accounts/said.hpp"
#include "turngate/accounts/standing.hpp"
#include "turngate/net/stop.hpp"
#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/edit.hpp"
#include "turngate/state/budgets.hpp"
#include "turngate/state/slots.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::gateway {

// What a turn needs to know of its session.
struct SessionFacts
{
    std::uint64_t id = 0;  // unique in this process
    core::Digest key;      // hash of the session key
    bool is_named = false; // the client can come back with that key
    core::Digest secret;   // of the API key: looked up anew each turn
    std::string tenant;
    std::string client_ip;
    std::string user_agent;
    net::HttpHeaders forward; // what may go up, behaviour.md section 1
};

// One `response.create` and what it causes, up to its terminal event. Lives in its session's
// coroutine.
struct Turn
{
    Turn(Rooms& its_rooms,
         ClientOutput& its_client,
         const SessionFacts& its_session,
         LaneMemory& its_lane,
         WaitingTurn waiting);

    std::string_view lane_name() const noexcept
    {
        return create.stream_id ? std::string_view(*create.stream_id) : std::string_view();
    }

    // Another client takes its place, and the turn can be stopped anew.
    void leave_client(ClientOutput& nobody);

    Rooms& rooms;
    ClientOutput* client;
    const SessionFacts& session;
    LaneMemory& lane; // kept up to date

    protocol::ClientEvent create;
    std::string frame;          // the client's own bytes
    core::Deadline accepted_at; // of a successor: when it began
    core::Timestamp started_at;
    std::string id;

    net::Stop stop;
    Relay relay;

    // Known from its step on.
    std::shared_ptr<const Snapshot> snapshot;           // 4 admit
    std::shared_ptr<const access::Principal> principal; // 4
    std::int64_t parent_context_tokens = 0;             // 5 resolve
    std::shared_ptr<const accounts::Account> account;   // 6 choose
    std::optional<accounts::Permit> permit;             // 6; until its outcome
    std::string routing;                                // 6; how it was chosen, for people
    std::string upstream_model;                         // 6
    const usage::ModelPrice* price =
        nullptr;                           // 6; null: not known before the answer names the model
    std::optional<core::Deadline> slot_at; // 6
    std::shared_ptr<upstream::Connection> connection; // 7 lease; of the last attempt
    upstream::Lease::How how = upstream::Lease::How::dialed;
    std::optional<std::chrono::seconds> retry_after; // 6, 7: when the client may come again
    bool is_sent = false;                            // 8 send; of this attempt
    core::Deadline sent_at;                          // 8
    std::string parent_id;           // 5: the create's, or the one its tool outputs belong to
    bool is_parent_inferred = false; // 5
    std::string parent_account;      // 5
    bool wants_rebuild = false;      // 5, or by judgement: the whole context instead of a parent
    ParentKind parent = ParentKind::none; // 5
    accounts::Said said;                  // 7, 9; of this attempt's refusal
    bool is_response_failed = false;
    std::optional<Action> judged;     // what was decided about those words
    bool is_told = false;             // the response's end
    bool is_fault_anothers = false;   // 7: the account was charged with this failed dial already
    bool is_billed = false;           // the failed response had usage: its bill is written
    bool is_connection_clean = false; // 10: nothing more of this turn can come on it

    // Instead of the create's own input, as a raw JSON array: a successor's, or that of a create
    // which the upstream puts a steer's input in front of.
    std::optional<std::string> whole_input;
    std::string last_response_id; // settled in this turn
    std::int64_t last_context_tokens = 0;

    // Over all attempts and successors.
    std::vector<state::Hold> holds; // 4
    std::int64_t rated_tokens = 0;  // 4: what its key's rate was charged beforehand
    std::int64_t billed_tokens = 0;
    int attempts = 0;              // begun
    int spent = 0;                 // that may have been executed
    int rebuilds = 0;              // with the context rebuilt
    std::string_view retry_reason; // of the last one
    std::optional<core::Deadline> first_failure_at;
    std::vector<std::string> failed_accounts;

    // The client has gone, the response runs on: what Drains goes on with.
    struct Unfinished
    {
        state::Slot account_slot;
        upstream::Lease lease;
    };
    std::optional<Unfinished> unfinished;
    bool is_left = false; // its client has gone: all that is left to do is its bill
};

// The way of a turn (design.md section 2): always tells the client once how it ended, always leaves
// slots, lease and bill in order. Returns the close code the session must end with, 0 if it goes on
// (behaviour.md section 8). A turn that is `unfinished` then has not ended: Drains must take it.
net::Task<std::uint16_t> run_turn(Turn& turn);

// The rest of an unfinished turn, which its client has left: settles once, by the terminal event if
// it comes before the turn is stopped again.
net::Task<> read_on(Turn& turn);

} // namespace turngate::gateway
