#pragma once

#include "client_output.hpp"
#include "rooms.hpp"
#include "session_memory.hpp"

#include "turngate/core/byte_budget.hpp"
#include "turngate/net/websocket.hpp"
#include "turngate/protocol/client_event.hpp"

#include <optional>
#include <string_view>

namespace turngate::gateway {

// A vendor keeps conversations and items by account, whoever's they are, and the gateway sees
// neither made: whose they are cannot be known, so a create that names one is refused
// (docs/decisions.md). Nothing: it names none, or the operator lets it.
std::optional<protocol::Rejection> refuse_foreign(const protocol::ClientEvent& event,
                                                  const config::Config& config);

// Judges what a client sends before anything is done for it: steps 1 to 3 of a turn, and the same
// for control events (behaviour.md section 2). Whatever it refuses it has answered; who sends and
// does not read the answers is closed.
class Intake
{
public:
    // `waiting`: of the whole process. All outlive it.
    Intake(Rooms& rooms,
           net::WebSocket& socket,
           ClientOutput& client,
           SessionMemory& memory,
           core::ByteBudget& waiting);

    // An event that may be followed. A create needs a place, too: admit().
    std::optional<protocol::ClientEvent> read(const net::Frame& frame);

    // A create that may be put into its lane.
    std::optional<WaitingTurn> admit(protocol::ClientEvent create, std::string_view frame);

    // An event that turned out to be a bad one. Five in a row end the session.
    void refuse(const protocol::Rejection& rejection);

    // No create is admitted any more, for this reason.
    void close_for(core::FaultCode why) noexcept { closed_for_ = why; }

private:
    bool holds(WaitingTurn& turn, std::uint64_t bytes);
    bool is_unread();
    bool tell(std::string_view event);
    void tell(core::FaultCode code, const protocol::ClientEvent& create, std::string_view message);

    Rooms& rooms_;
    net::WebSocket& socket_;
    ClientOutput& client_;
    SessionMemory& memory_;
    core::ByteBudget& waiting_;
    std::optional<core::FaultCode> closed_for_;
    unsigned bad_frames_ = 0; // in a row
};

} // namespace turngate::gateway
