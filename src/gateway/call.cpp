#include "call.hpp"

#include "drains.hpp"

#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::FaultCode;

net::HttpExchange::Options options_of(const config::Relay& relay)
{
    return {relay.client_write_timeout, relay.max_buffer};
}

} // namespace

Call::Call(Rooms& rooms, net::Stream stream, Guest guest)
    : rooms_(rooms), memory_(std::make_shared<SessionMemory>(std::move(guest.facts))),
      waiting_(std::move(std::get<Request>(guest.wants).turn)),
      exchange_(rooms.loop,
                std::move(stream),
                std::move(guest.leftover),
                options_of(rooms.snapshot->config->relay))
{
    Request& request = std::get<Request>(guest.wants);
    request.answer.keep_alive = request.answer.keep_alive && !rooms.is_draining;
    if (request.create.streams)
        client_ = std::make_unique<EventStream>(exchange_, std::move(request.answer));
    else
        client_ = std::make_unique<Document>(exchange_, std::move(request.answer));
    waiting_.create = std::move(request.create.event);
    turn_state_ = std::move(request.turn_state);
    rooms_.loop.tick(*this);
}

Call::~Call() = default;

net::Task<bool> Call::run()
{
    const SessionFacts& facts = memory_->facts;
    exchange_.watch(*this);
    rooms_.chains.enter(facts.key);
    std::exception_ptr bug;
    try {
        co_await take_turn();
    } catch (...) {
        bug = std::current_exception();
    }
    rooms_.pool.leave(facts.id, facts.key, facts.is_named);
    rooms_.chains.leave(facts.key, facts.is_named, core::Clock::now());
    if (bug)
        std::rethrow_exception(bug);
    const bool is_told = co_await exchange_.drained();
    rooms_.metrics.client_bytes_out.add(static_cast<double>(exchange_.bytes_out()));
    co_return is_told && client_->is_over() && client_->keeps_connection();
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
        client_->keep_alive(now, rooms_.snapshot->config->http);
}

void Call::shut_down()
{
    if (turn_)
        turn_->stop.request({FaultCode::gateway_draining, {}, "shutdown deadline"});
}

} // namespace turngate::gateway
