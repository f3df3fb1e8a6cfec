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
namespace {

using core::Clock;
using core::FaultCode;

// Fixed by behaviour.md section 2.
constexpr unsigned kBadFramesInARow = 5;

net::WebSocketOptions options_of(const config::Config& config, bool deflate)
{
    net::WebSocketOptions options;
    options.role = net::Role::server;
    options.limits.max_message = config.limits.max_client_message;
    options.deflate = deflate;
    options.ping_interval = config.pool.ping_interval;
    options.pong_timeout = config.pool.ping_interval;
    options.write_timeout = config.relay.client_write_timeout;
    options.high_water = config.relay.max_buffer;
    return options;
}

} // namespace

Session::Session(Rooms& rooms, Opening opening)
    : rooms_(rooms), memory_(std::make_shared<SessionMemory>(std::move(opening.facts))),
      facts_(memory_->facts), lanes_(memory_->lanes), ticket_(std::move(opening.ticket)),
      leftover_(std::move(opening.leftover)),
      socket_(rooms.loop,
              std::move(opening.stream),
              options_of(*rooms.snapshot->config, opening.deflate)),
      client_(socket_), tasks_(rooms.loop), idle_since_(Clock::now()),
      checked_keys_of_(rooms.snapshot)
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
    if (frame.opcode == net::Opcode::binary) {
        refuse({FaultCode::invalid_request, "Messages must be text, not binary.", {}, {}});
        return;
    }
    auto event = rooms_.client_events.read(frame.payload);
    if (!event) {
        refuse(event.error());
        return;
    }
    bad_frames_ = 0;
    on_event(std::move(*event), frame.payload);
}

void Session::on_event(protocol::ClientEvent event, std::string_view frame)
{
    switch (event.type) {
    case protocol::ClientEventType::create:
        enqueue(std::move(event), frame);
        break;
    case protocol::ClientEventType::processed:
        break; // an acknowledgement; wants no answer
    case protocol::ClientEventType::interrupt:
    case protocol::ClientEventType::steer:
    case protocol::ClientEventType::inject:
    case protocol::ClientEventType::cancel:
        if (!is_own(event) || refuses_to_read(event))
            break;
        if (const auto refusal = control(lanes_, event, frame, client_))
            refuse(*refusal);
        break;
    }
}

void Session::enqueue(protocol::ClientEvent event, std::string_view frame)
{
    if (!is_own(event) || !admits(event))
        return;
    if (!std::exchange(has_created_, true))
        adopt_name(event);
    WaitingTurn turn{std::move(event), std::string(frame), Clock::now(), core::wall_now()};
    const Lane* lane = lanes_.find(turn.create.stream_id.value_or(""));
    const bool preempts = rooms_.snapshot->config->lanes_overlap == config::Overlap::preempt;
    if (preempts && lane && lane->state != Lane::State::idle) {
        tasks_.spawn("preempt", preempt(std::move(turn)));
        return;
    }
    lanes_.enqueue(std::move(turn));
    start_turns();
}

// A vendor keeps conversations and items by account, whoever's they are, and the gateway sees
// neither made: whose they are cannot be known (docs/decisions.md).
bool Session::is_own(const protocol::ClientEvent& event)
{
    const bool is_unknown = event.has_conversation || event.has_item_reference;
    const bool forwards =
        rooms_.snapshot->config->continuity.unknown_parent == config::UnknownParent::forward;
    if (!is_unknown || forwards)
        return true;
    refuse({FaultCode::invalid_request,
            "Stored conversations and items cannot be named here; use previous_response_id.",
            event.has_conversation ? "conversation" : "input",
            event.stream_id});
    return false;
}

// Answers to input give it back: they would pile up before a client that reads nothing.
bool Session::refuses_to_read(const protocol::ClientEvent& event)
{
    if (!event.at.input || !socket_.is_congested())
        return false;
    close(protocol::policy_violation, "answers are not read");
    return true;
}

bool Session::admits(const protocol::ClientEvent& event)
{
    protocol::ErrorDetail detail;
    if (event.stream_id)
        detail.stream_id = *event.stream_id;
    if ((is_draining_ || is_revoked_) && socket_.is_congested()) {
        close(protocol::policy_violation, "answers are not read");
        return false;
    }
    if (is_revoked_) {
        client_.send(protocol::error_event(FaultCode::invalid_api_key, detail));
        return false;
    }
    if (is_draining_) {
        client_.send(protocol::error_event(FaultCode::gateway_draining, detail));
        return false;
    }
    switch (lanes_.admits(event.stream_id.value_or(""))) {
    case Lanes::Verdict::fine:
        return true;
    case Lanes::Verdict::too_many_names:
        refuse({FaultCode::stream_limit_reached,
                "Too many lanes were named on this connection.",
                "stream_id",
                event.stream_id});
        return false;
    case Lanes::Verdict::too_many_waiting:
        break;
    }
    if (socket_.is_congested()) {
        close(protocol::policy_violation, "answers are not read"); // or refusals would pile up
        return false;
    }
    detail.message = "Too many requests are waiting on this connection.";
    detail.retry_after = std::chrono::seconds(1);
    client_.send(protocol::error_event(FaultCode::rate_limited, detail));
    return false;
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

void Session::refuse(const protocol::Rejection& rejection)
{
    if (socket_.is_congested()) {
        close(protocol::policy_violation, "answers are not read");
        return;
    }
    protocol::ErrorDetail detail;
    detail.message = rejection.message;
    detail.param = rejection.param;
    if (rejection.stream_id)
        detail.stream_id = *rejection.stream_id;
    rooms_.metrics.bad_frames.add();
    telemetry::log_debug("client frame refused",
                         {{"session", facts_.id},
                          {"fault", core::name_of(rejection.code)},
                          {"param", rejection.param}});
    client_.send(protocol::error_event(rejection.code, detail));
    if (++bad_frames_ >= kBadFramesInARow)
        close(protocol::policy_violation, "too many bad messages");
}

void Session::on_violation(const net::FrameFault& fault)
{
    if (fault.close_code == protocol::message_too_big)
        client_.send(protocol::error_event(FaultCode::request_too_large));
}

void Session::on_writable()
{
    lanes_.for_each_turn([](Turn& turn) { turn.relay.on_writable(); });
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
    if (is_revoked_)
        revoke();
    if (is_draining_)
        close(protocol::service_restart, "the gateway restarts");
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
    is_revoked_ = true;
    if (!lanes_.is_idle())
        return;
    client_.send(protocol::error_event(FaultCode::invalid_api_key));
    close(protocol::policy_violation, "the API key was revoked");
}

void Session::drain()
{
    is_draining_ = true;
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
