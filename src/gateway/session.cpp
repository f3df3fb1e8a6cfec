#include "session.hpp"

#include "turngate/core/id.hpp"
#include "turngate/protocol/close_code.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::FaultCode;

// Fixed by behaviour.md sections 1 and 2.
constexpr unsigned kBadFramesInARow = 5;
constexpr std::size_t kMaxWaiting = 64;
constexpr std::size_t kMaxLanes = 32; // with a name; protocol.md section 4

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
    : rooms_(rooms), facts_(std::move(opening.facts)), ticket_(std::move(opening.ticket)),
      leftover_(std::move(opening.leftover)),
      socket_(rooms.loop,
              std::move(opening.stream),
              options_of(*rooms.snapshot->config, opening.deflate)),
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
    waiting_.clear();
    if (running_)
        running_->stop.request({FaultCode::client_gone, closing.error, "client gone"});
    co_await tasks_.join();
    rooms_.pool.leave(facts_.id);
    rooms_.chains.leave(facts_.key, Clock::now());

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
    for (const net::Frame& frame : messages) {
        if (!socket_.is_open())
            return;
        on_frame(frame);
    }
    socket_.flush();
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
    case protocol::ClientEventType::interrupt:
        interrupt(event, frame);
        break;
    case protocol::ClientEventType::processed:
        break; // an acknowledgement; wants no answer
    case protocol::ClientEventType::steer:
    case protocol::ClientEventType::inject:
    case protocol::ClientEventType::cancel:
        refuse({FaultCode::unsupported_event,
                "This event is not supported here.",
                "type",
                event.stream_id});
        break;
    }
}

void Session::enqueue(protocol::ClientEvent event, std::string_view frame)
{
    if (is_draining_) {
        protocol::ErrorDetail detail;
        if (event.stream_id)
            detail.stream_id = *event.stream_id;
        send(protocol::error_event(FaultCode::gateway_draining, detail));
        return;
    }
    if (waiting_.size() >= kMaxWaiting && socket_.is_congested()) {
        close(protocol::policy_violation, "answers are not read"); // or refusals would pile up
        return;
    }
    if (waiting_.size() >= kMaxWaiting) {
        protocol::ErrorDetail detail;
        detail.message = "Too many requests are waiting on this connection.";
        detail.retry_after = std::chrono::seconds(1);
        if (event.stream_id)
            detail.stream_id = *event.stream_id;
        send(protocol::error_event(FaultCode::rate_limited, detail));
        return;
    }
    const std::string lane = event.stream_id.value_or("");
    if (!lane.empty() && !last_responses_.contains(lane) && named_lanes() >= kMaxLanes) {
        refuse({FaultCode::stream_limit_reached,
                "Too many lanes were named on this connection.",
                "stream_id",
                event.stream_id});
        return;
    }
    last_responses_.try_emplace(lane);
    has_created_ = true;
    waiting_.push_back({std::move(event), std::string(frame), Clock::now(), core::wall_now()});
    if (!std::exchange(runs_turns_, true))
        tasks_.spawn("turns", run_turns());
}

std::size_t Session::named_lanes() const
{
    return last_responses_.size() - (last_responses_.contains("") ? 1 : 0);
}

// A control event for the running response: it overtakes the queue, and only its own session's
// response can be meant.
void Session::interrupt(const protocol::ClientEvent& event, std::string_view frame)
{
    if (running_ && running_->relay.interrupt(event.response_id, frame, rooms_.upstream_events))
        return;
    refuse({FaultCode::invalid_request,
            "This response is not running.",
            "response_id",
            event.stream_id});
}

void Session::refuse(const protocol::Rejection& rejection)
{
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
    send(protocol::error_event(rejection.code, detail));
    if (++bad_frames_ >= kBadFramesInARow)
        close(protocol::policy_violation, "too many bad messages");
}

void Session::on_violation(const net::FrameFault& fault)
{
    if (fault.close_code == protocol::message_too_big)
        send(protocol::error_event(FaultCode::request_too_large));
}

void Session::on_writable()
{
    if (running_)
        running_->relay.on_writable();
}

net::Task<> Session::run_turns()
{
    while (!waiting_.empty() && socket_.is_open()) {
        Turn turn(rooms_, *this, facts_);
        Waiting& next = waiting_.front();
        turn.create = std::move(next.create);
        turn.frame = std::move(next.frame);
        turn.accepted_at = next.accepted_at;
        turn.started_at = next.started_at;
        turn.id = core::uuid7();
        turn.lane_last = &last_responses_[turn.create.stream_id.value_or("")];
        waiting_.pop_front();

        running_ = &turn;
        rooms_.metrics.turns_running.add(1);
        const std::uint16_t close_code = co_await run_turn(turn);
        rooms_.metrics.turns_running.add(-1);
        running_ = nullptr;
        idle_since_ = Clock::now();
        if (close_code != 0)
            close(close_code,
                  close_code == protocol::internal_error ? "internal error"
                                                         : "not allowed any more");
    }
    runs_turns_ = false;
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
    if (runs_turns_)
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
    waiting_.clear();
    is_revoked_ = true;
    if (runs_turns_)
        return;
    send(protocol::error_event(FaultCode::invalid_api_key));
    close(protocol::policy_violation, "the API key was revoked");
}

void Session::drain()
{
    is_draining_ = true;
    if (!runs_turns_)
        close(protocol::service_restart, "the gateway restarts");
}

void Session::shut_down()
{
    waiting_.clear();
    if (running_)
        running_->stop.request({FaultCode::gateway_draining, {}, "shutdown deadline"});
    close(protocol::going_away, "the gateway stops");
}

void Session::close(std::uint16_t code, std::string_view reason)
{
    socket_.close(code, reason);
}

void Session::forward(const net::Frame& frame)
{
    const bool compress =
        socket_.compresses() && frame.payload.size() >= net::WebSocket::kCompressFrom;
    if (frame.wire.empty() || compress)
        socket_.send_text(frame.payload);
    else
        socket_.forward(frame.wire);
}

void Session::send(std::string_view event)
{
    socket_.send_text(event);
}

void Session::flush()
{
    socket_.flush();
}

bool Session::is_congested() const
{
    return socket_.is_congested();
}

} // namespace turngate::gateway
