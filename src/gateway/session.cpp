#include "session.hpp"

#include "control.hpp"
#include "door.hpp"
#include "drains.hpp"
#include "preemption.hpp"

#include "turngate/protocol/close_code.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {

using core::Clock;
using core::FaultCode;

Session::Session(Rooms& rooms, ClientBytes& client_bytes, Opening opening)
    : rooms_(rooms), memory_(std::make_shared<SessionMemory>(std::move(opening.facts))),
      facts_(memory_->facts), lanes_(memory_->lanes), ticket_(std::move(opening.ticket)),
      leftover_(std::move(opening.leftover)),
      socket_(rooms.loop,
              std::move(opening.stream),
              client_options(*rooms.snapshot->config, client_bytes.unfinished, opening.deflate)),
      client_(socket_), intake_(rooms, socket_, client_, *memory_, client_bytes.waiting),
      tasks_(rooms.loop), idle_since_(Clock::now()), checked_keys_of_(rooms.snapshot)
{
    rooms_.loop.tick(*this);
}

Session::~Session() = default;

net::Task<> Session::run()
{
    const auto begun = Clock::now();
    telemetry::log_info("session begun",
                        {{"session", facts_.id},
                         {"key_hash", facts_.key.hex().substr(0, 16)},
                         {"client", facts_.client_ip},
                         {"deflate", socket_.compresses()},
                         {"loop", rooms_.loop.index()}});
    rooms_.metrics.sessions.add(1);
    rooms_.chains.enter(facts_.key);
    rooms_.metrics.sessions_total.add();

    net::Closing closing;
    std::exception_ptr bug;
    try {
        closing = co_await socket_.run(*this, std::move(leftover_));
    } catch (...) {
        bug = std::current_exception();
    }
    lanes_.drop_waiting();
    stop_turns({FaultCode::client_gone, closing.error, "client gone"});
    co_await tasks_.join();
    rooms_.pool.leave(facts_.id, facts_.key, facts_.is_named);
    rooms_.chains.leave(facts_.key, facts_.is_named, Clock::now());

    rooms_.metrics.sessions.add(-1);
    rooms_.metrics.client_bytes_in.add(static_cast<double>(socket_.bytes_in()));
    rooms_.metrics.client_bytes_out.add(static_cast<double>(socket_.bytes_out()));
    telemetry::log_info("session ended",
                        {{"session", facts_.id},
                         {"by", net::name_of(closing.by)},
                         {"code", closing.code},
                         {"reason", closing.reason},
                         {"bytes_in", socket_.bytes_in()},
                         {"bytes_out", socket_.bytes_out()},
                         {"s", std::chrono::duration<double>(Clock::now() - begun).count()}});
    if (bug)
        std::rethrow_exception(bug);
}

void Session::on_messages(std::span<const net::Frame> messages)
{
    try {
        for (const net::Frame& frame : messages) {
            if (!socket_.is_open())
                return;
            on_frame(frame);
        }
    } catch (const std::exception& bug) {
        fail(bug);
    }
    socket_.flush();
}

// An exception is a bug, and ends this session alone.
void Session::fail(const std::exception& bug)
{
    telemetry::log_error("session ends by an exception",
                         {{"session", facts_.id}, {"what", bug.what()}});
    close(protocol::internal_error, "internal error");
}

void Session::on_frame(const net::Frame& frame)
{
    auto event = intake_.read(frame);
    if (!event)
        return;
    switch (event->type) {
    case protocol::ClientEventType::create:
        enqueue(std::move(*event), frame.payload);
        break;
    case protocol::ClientEventType::processed:
        break; // an acknowledgement; wants no answer
    case protocol::ClientEventType::interrupt:
    case protocol::ClientEventType::steer:
    case protocol::ClientEventType::inject:
    case protocol::ClientEventType::cancel:
        if (const auto refusal = control(lanes_, *event, frame.payload, client_))
            intake_.refuse(*refusal);
        break;
    }
}

void Session::enqueue(protocol::ClientEvent create, std::string_view frame)
{
    auto turn = intake_.admit(std::move(create), frame);
    if (!turn)
        return;
    if (!std::exchange(has_created_, true))
        adopt_name(turn->create);
    const Lane* lane = lanes_.find(turn->create.stream_id.value_or(""));
    const bool preempts = rooms_.snapshot->config->lanes_overlap == config::Overlap::preempt;
    if (preempts && lane && lane->state != Lane::State::idle) {
        tasks_.spawn("preempt", preempt(std::move(*turn)));
        return;
    }
    lanes_.enqueue(std::move(*turn));
    start_turns();
}

// Where no header names the session, its first create's cache key does (design.md section 6),
// unless others use that at the same time: then it names an application, not a conversation.
void Session::adopt_name(const protocol::ClientEvent& first)
{
    if (facts_.is_named || first.prompt_cache_key.empty())
        return;
    const auto key = session_key(facts_.tenant, first.prompt_cache_key);
    if (rooms_.chains.has_sockets(key))
        return;
    rooms_.chains.leave(facts_.key, false, Clock::now());
    facts_.key = key;
    facts_.is_named = true;
    rooms_.chains.enter(key);
}

void Session::on_violation(const net::FrameFault& fault)
{
    protocol::ErrorDetail later;
    later.retry_after = std::chrono::seconds(1);
    if (fault.close_code == protocol::message_too_big)
        client_.send(protocol::error_event(FaultCode::request_too_large));
    else if (fault.close_code == protocol::try_again_later) // no room for what is unfinished
        client_.send(protocol::error_event(FaultCode::rate_limited, later));
}

void Session::on_writable()
{
    lanes_.for_each_turn([](Turn& turn) { turn.on_writable(); });
}

void Session::start_turns()
{
    while (auto next = lanes_.next())
        tasks_.spawn("turn", run_next(next->lane, std::move(next->turn)));
}

net::Task<> Session::run_next(Lane& lane, WaitingTurn waiting)
{
    std::uint16_t close_code = 0;
    if (socket_.is_open()) {
        auto turn =
            std::make_unique<Turn>(rooms_, client_, facts_, lane.memory, std::move(waiting));
        lane.turn = turn.get();
        rooms_.metrics.turns_running.add(1);
        try {
            close_code = co_await run_turn(*turn);
        } catch (const std::exception& bug) {
            fail(bug);
        }
        rooms_.metrics.turns_running.add(-1);
        lane.turn = nullptr;
        if (turn->unfinished)
            rooms_.drains.take(std::move(turn), memory_);
    }
    lanes_.end(lane);
    idle_since_ = Clock::now();
    if (close_code != 0)
        close(close_code,
              close_code == protocol::internal_error ? "internal error" : "not allowed any more");
    if (socket_.is_open())
        start_turns();
    if (lanes_.is_idle())
        after_turns();
}

// The new turn is known to be able to run before the old one is stopped for it.
net::Task<> Session::preempt(WaitingTurn by)
{
    const auto refusal = co_await cannot_preempt(rooms_, facts_, by);
    if (refusal) {
        protocol::ErrorDetail detail;
        if (by.create.stream_id)
            detail.stream_id = *by.create.stream_id;
        client_.send(protocol::error_event(refusal->code, detail));
        client_.flush();
        co_return;
    }
    Lane& lane = *lanes_.find(by.create.stream_id.value_or(""));
    if (lane.newest > by.accepted_at)
        co_return; // it was itself replaced, while it was looked at
    lanes_.drop_waiting(lane);
    if (lane.turn)
        lane.turn->stop.request({FaultCode::preempted, {}, "a newer create"});
    lanes_.enqueue(std::move(by));
    start_turns();
}

void Session::stop_turns(core::Fault reason)
{
    lanes_.for_each_turn([&](Turn& turn) { turn.stop.request(reason); });
}

void Session::after_turns()
{
    if (ends_for_ == FaultCode::invalid_api_key)
        revoke();
    else if (ends_for_)
        drain();
}

// No precision is needed here, so there is no timer.
void Session::on_tick(core::Deadline now)
{
    if (!socket_.is_open())
        return;
    if (std::exchange(checked_keys_of_, rooms_.snapshot) != rooms_.snapshot &&
        !rooms_.snapshot->keys.find(facts_.secret)) {
        revoke();
        return;
    }
    if (!lanes_.is_idle())
        return;
    const config::Limits& limits = rooms_.snapshot->config->limits;
    if (!has_created_ && now - idle_since_ > limits.first_create)
        close(protocol::policy_violation, "no request was sent");
    else if (now - idle_since_ > limits.idle)
        close(protocol::going_away, "idle");
}

// A turn that runs is paid for and may end; the socket closes after it.
void Session::revoke()
{
    lanes_.drop_waiting();
    end_for(FaultCode::invalid_api_key);
    if (!lanes_.is_idle())
        return;
    client_.send(protocol::error_event(FaultCode::invalid_api_key));
    close(protocol::policy_violation, "the API key was revoked");
}

// Of two reasons the key is the stronger one: it is told, and ends what waits.
void Session::end_for(FaultCode why)
{
    if (ends_for_ != FaultCode::invalid_api_key)
        ends_for_ = why;
    intake_.close_for(*ends_for_);
}

void Session::drain()
{
    end_for(FaultCode::gateway_draining);
    if (lanes_.is_idle())
        close(protocol::service_restart, "the gateway restarts");
}

void Session::shut_down()
{
    lanes_.drop_waiting();
    stop_turns({FaultCode::gateway_draining, {}, "shutdown deadline"});
    close(protocol::going_away, "the gateway stops");
}

void Session::close(std::uint16_t code, std::string_view reason)
{
    socket_.close(code, reason);
}

} // namespace turngate::gateway
