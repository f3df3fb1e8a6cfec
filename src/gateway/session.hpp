#pragma once

#include "client_bytes.hpp"
#include "intake.hpp"
#include "session_memory.hpp"
#include "socket_counts.hpp"
#include "socket_output.hpp"

#include "turngate/net/task_group.hpp"
#include "turngate/net/websocket.hpp"

#include <memory>
#include <optional>
#include <string>

namespace turngate::gateway {

// One client WebSocket and its principal. Reads the socket at all times, validates what comes, and
// runs its turns, those of a lane one after the other. Single loop.
class Session final : private net::WebSocket::Sink, private net::Ticked
{
public:
    struct Opening
    {
        net::Stream stream;
        std::string leftover;
        bool deflate = false;
        SessionFacts facts;
        SocketCounts::Ticket ticket;
    };

    Session(Rooms& rooms, ClientBytes& client_bytes, Opening opening);
    ~Session();

    // From the 101 to the end of the socket and of all it started.
    net::Task<> run();

    std::uint64_t id() const noexcept { return facts_.id; }

    // No new turns; closes with 1012 once idle (behaviour.md section 8).
    void drain();
    // Ends what runs, now: the shutdown deadline.
    void shut_down();
    // Its key is no good any more.
    void revoke();
    const core::Digest& secret() const noexcept { return facts_.secret; }

private:
    // The client's side
    void on_messages(std::span<const net::Frame> messages) override;
    void on_writable() override;
    void on_violation(const net::FrameFault& fault) override;
    void on_frame(const net::Frame& frame);
    void enqueue(protocol::ClientEvent create, std::string_view frame);
    void fail(const std::exception& bug);
    void adopt_name(const protocol::ClientEvent& first);
    void on_tick(core::Deadline now) override;

    // The turns' side
    void start_turns();
    net::Task<> run_next(Lane& lane, WaitingTurn waiting);
    net::Task<> preempt(WaitingTurn by);
    void stop_turns(core::Fault reason);
    void after_turns();
    void end_for(core::FaultCode why);
    void close(std::uint16_t code, std::string_view reason);

    Rooms& rooms_;
    const std::shared_ptr<SessionMemory> memory_;
    SessionFacts& facts_;
    Lanes& lanes_;
    SocketCounts::Ticket ticket_;
    std::string leftover_;
    net::WebSocket socket_;
    SocketOutput client_;
    Intake intake_;
    net::TaskGroup tasks_;
    core::Deadline idle_since_;
    std::shared_ptr<const Snapshot>
        checked_keys_of_; // the key is looked up again when the snapshot changes
    // Why it ends as soon as no turn runs: its key is revoked, or the gateway drains.
    std::optional<core::FaultCode> ends_for_;
    bool has_created_ = false;
};

} // namespace turngate::gateway
