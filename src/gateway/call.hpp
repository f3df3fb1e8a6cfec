#pragma once

#include "guest.hpp"
#include "http_call.hpp"
#include "session_memory.hpp"

#include <memory>

namespace turngate::gateway {

// One HTTP request and its turn: what a Session does for a frame (http.md section 5). Calls of one
// session key run side by side.
class Call final : public HttpCall
{
public:
    Call(Rooms& rooms, net::Stream stream, Guest guest);
    ~Call() override;

    void shut_down() override;

private:
    net::Task<> answer() override;
    net::Task<> take_turn();
    void on_gone() override;
    void on_writable() override;
    void on_tick(core::Deadline now) override;

    const std::shared_ptr<SessionMemory> memory_;
    WaitingTurn waiting_;
    std::string turn_state_;
    Turn* turn_ = nullptr; // that runs
};

} // namespace turngate::gateway
