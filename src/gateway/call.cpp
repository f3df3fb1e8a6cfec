#include "call.hpp"

#include "call_stay.hpp"
#include "drains.hpp"

#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {

using core::FaultCode;

Call::Call(Rooms& rooms, net::Stream stream, Guest guest)
    : HttpCall(rooms, std::move(stream), std::move(guest.leftover)),
      memory_(std::make_shared<SessionMemory>(std::move(guest.facts))),
      waiting_(std::move(std::get<Request>(guest.wants).turn))
{
    Request& request = std::get<Request>(guest.wants);
    request.answer.keep_alive = request.answer.keep_alive && !rooms.is_draining;
    if (request.create.streams)
        client_ = std::make_unique<EventStream>(exchange_, std::move(request.answer));
    else
        client_ = std::make_unique<Document>(exchange_, std::move(request.answer));
    waiting_.create = std::move(request.create.event);
    turn_state_ = std::move(request.turn_state);
}

Call::~Call() = default;

net::Task<> Call::answer()
{
    const CallStay stay(rooms_, memory_->facts);
    co_await take_turn();
}

net::Task<> Call::take_turn()
{
    SessionMemory& memory = *memory_;
    memory.lanes.enqueue(std::move(waiting_));
    auto next = *memory.lanes.next();
    next.lane.memory.turn_state = std::move(turn_state_);
    auto turn = std::make_unique<Turn>(
        rooms_, *client_, memory.facts, next.lane.memory, std::move(next.turn));
    turn_ = turn.get();
    if (exchange_.is_gone())
        on_gone();
    rooms_.metrics.turns_running.add(1);
    try {
        co_await run_turn(*turn);
    } catch (const std::exception& bug) {
        telemetry::log_error("call ends by an exception",
                             {{"turn", turn->id}, {"what", bug.what()}});
        client_->send(protocol::error_event(FaultCode::internal_error));
        client_->flush();
    }
    rooms_.metrics.turns_running.add(-1);
    turn_ = nullptr;
    if (turn->unfinished)
        rooms_.drains.take(std::move(turn), memory_);
}

// After the end was told a close is the client's way to say goodbye (http.md section 5).
void Call::on_gone()
{
    if (turn_ && !client_->is_over())
        turn_->stop.request({FaultCode::client_gone, {}, "client gone"});
}

void Call::on_writable()
{
    if (turn_)
        turn_->on_writable();
}

void Call::on_tick(core::Deadline now)
{
    if (turn_)
        HttpCall::on_tick(now);
}

void Call::shut_down()
{
    if (turn_)
        turn_->stop.request({FaultCode::gateway_draining, {}, "shutdown deadline"});
}

} // namespace turngate::gateway
