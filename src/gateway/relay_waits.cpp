// What a turn waits for in its relay: the response's end, and what steering brings after it.
#include "relay.hpp"

#include "turngate/protocol/error_event.hpp"

#include <algorithm>

namespace turngate::gateway {

using core::Clock;
using core::FaultCode;

namespace {

constexpr std::uint64_t kMaxEarly = 1 << 20;

} // namespace

core::Deadline Relay::keepalive_at() const
{
    if (rules_.keepalive.count() == 0)
        return core::Deadline::max();
    return std::max(last_event_, last_keepalive_) + rules_.keepalive;
}

core::Deadline Relay::next_wake() const
{
    return std::min({silent_at(), keepalive_at(), hold_.until()});
}

void Relay::on_time(core::Deadline now)
{
    if (is_paused_)
        last_event_ = last_sign_ = now; // it is the client that is slow; its own timeout watches it
    if (now >= hold_.until()) {
        hold_.end_window();
        release_held();
        client_->flush();
    }
    if (now >= keepalive_at() && hold_.is_empty()) {
        last_keepalive_ = now;
        client_->send(protocol::keepalive_event(keepalives_++, lane_));
        client_->flush();
    }
}

net::Task<core::Result<>> Relay::until_terminal(net::Stop& stop)
{
    last_event_ = last_sign_ = Clock::now();
    while (phase_ == Phase::running && !lost_ && !stop.requested() && Clock::now() < silent_at()) {
        co_await changed_.wait_until(next_wake(), stop);
        on_time(Clock::now());
    }
    if (phase_ == Phase::over) // whatever came after it, the response is complete
        co_return core::Result<>();
    if (stop.requested())
        co_return stop.reason();
    if (lost_)
        co_return *lost_;
    co_return core::Fault{FaultCode::upstream_timeout, {}, "no event"};
}

net::Task<bool> Relay::until_successor(Response next, core::Deadline deadline, net::Stop& stop)
{
    response_.emplace(std::move(next));
    phase_ = Phase::between;
    replay_early();
    while (phase_ == Phase::between && !lost_ && steering().is_open() && !stop.requested() &&
           Clock::now() < deadline)
        co_await changed_.wait_until(deadline, stop);
    co_return phase_ != Phase::between;
}

// After the terminal event nothing belongs to this turn, but for what steering brings.
void Relay::keep_early(const net::Frame& frame)
{
    if (!steering().is_open() || lost_)
        return;
    early_bytes_ += frame.payload.size();
    early_.emplace_back(frame.payload);
    if (early_bytes_ <= kMaxEarly)
        return;
    early_.clear(); // a successor with a hole in it is none
    lost_ = core::Fault{FaultCode::upstream_lost, {}, "too much of a successor"};
}

void Relay::on_writable()
{
    if (std::exchange(is_paused_, false) && connection_)
        connection_->resume();
}

void Relay::answer_here(Response response,
                        std::string_view lane,
                        const std::vector<std::string>& events)
{
    response_.emplace(std::move(response));
    lane_ = lane;
    for (const std::string& event : events) {
        const net::Frame frame = as_frame(event);
        on_frames(std::span(&frame, 1));
    }
}

// What came of the successor while its predecessor was settled.
void Relay::replay_early()
{
    early_bytes_ = 0;
    for (const std::string& event : std::exchange(early_, {}))
        on_frame(as_frame(event));
    client_->flush();
}

} // namespace turngate::gateway
