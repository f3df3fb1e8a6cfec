#pragma once

#include "guest.hpp"
#include "http_output.hpp"
#include "rooms.hpp"
#include "session_memory.hpp"

#include "turngate/net/http_exchange.hpp"

#include <memory>

namespace turngate::gateway {

// One HTTP request and its turn: what a Session does for a frame (http.md section 5). Calls of one
// session key run side by side. Single loop.
class Call final : private net::HttpExchange::Sink, private net::Ticked
{
public:
    Call(Rooms& rooms, net::Stream stream, Guest guest);
    ~Call();

    // To the end of the answer, and of all that the turn started. True: the client's next request
    // may come on this connection.
    net::Task<bool> run();

    // After run().
    net::Stream release() { return exchange_.release(); }
    std::string take_leftover() noexcept { return exchange_.take_leftover(); }

    // Ends it, now: the shutdown deadline.
    void shut_down();

private:
    void on_gone() override;
    void on_writable() override;
    void on_tick(core::Deadline now) override;
    net::Task<> take_turn();

    Rooms& rooms_;
    const std::shared_ptr<SessionMemory> memory_;
    WaitingTurn waiting_;
    std::string turn_state_;
    net::HttpExchange exchange_;
    std::unique_ptr<HttpOutput> client_;
    Turn* turn_ = nullptr; // that runs
};

} // namespace turngate::gateway
