#include "turngate/upstream/lane_routes.hpp"

#include "turngate/protocol/upstream_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace turngate::upstream {
namespace {

using protocol::EventKind;
using Frames = std::span<const net::Frame>;

// Protocol.md section 4.
constexpr std::size_t kMaxInFlight = 16;
constexpr std::size_t kMaxNames = 32;

constexpr std::size_t kMaxEnded = 32; // twice what may be in flight

// It speaks of the connection, not of one request.
bool is_connection_error(std::string_view frame)
{
    return frame.find("\"websocket_connection_limit_reached\"") != frame.npos;
}

// Whoever made it knows no lanes: on this connection it may speak of any.
bool is_foreign_error(std::string_view frame)
{
    return protocol::peek_type(frame).empty() || is_connection_error(frame);
}

// A steered response has a successor on the same lane, without another create.
bool is_steered(std::string_view frame)
{
    protocol::UpstreamEventReader reader;
    return reader.read_terminal(frame, EventKind::incomplete).reason == "steered";
}

bool ends_turn(const net::Frame& frame)
{
    const EventKind kind = protocol::peek_kind(frame.payload);
    return protocol::is_terminal(kind) &&
           (kind != EventKind::incomplete || !is_steered(frame.payload));
}

// Of a response that was asked for; the rest is news of the connection or the account.
bool is_of_a_response(EventKind kind)
{
    switch (kind) {
    case EventKind::created:
    case EventKind::content:
    case EventKind::delta:
    case EventKind::item_done:
    case EventKind::completed:
    case EventKind::failed:
    case EventKind::incomplete:
        return true;
    case EventKind::lifecycle:
    case EventKind::steer:
    case EventKind::control:
    case EventKind::error:
        return false;
    }
    return false;
}

std::size_t run_length(Frames messages, std::string_view lane)
{
    std::size_t length = 1;
    while (length < messages.size() && protocol::peek_stream_id(messages[length].payload) == lane)
        ++length;
    return length;
}

} // namespace

bool LaneRoutes::takes(std::string_view lane) const
{
    if (routes_.size() + abandoned_.size() >= kMaxInFlight || find(lane) || is_abandoned(lane))
        return false;
    const std::size_t names = lanes_.size() - lanes_.count(std::string_view());
    return lane.empty() || names < kMaxNames || lanes_.contains(lane);
}

void LaneRoutes::attach(FrameSink& sink, std::string_view lane)
{
    routes_.push_back({&sink, std::string(lane)});
    lanes_.emplace(lane);
}

void LaneRoutes::detach(FrameSink& sink)
{
    std::erase_if(routes_, [&](const Route& route) { return route.sink == &sink; });
}

void LaneRoutes::abandon(FrameSink& sink, std::string_view response_id)
{
    note_ended(response_id);
    for (const Route& route : routes_)
        if (route.sink == &sink)
            abandoned_.push_back({route.lane, std::string(response_id)});
    detach(sink);
}

void LaneRoutes::note_ended(std::string_view response_id)
{
    if (response_id.empty() || has_ended(response_id))
        return;
    ended_.emplace_back(response_id);
    if (ended_.size() > kMaxEnded)
        ended_.pop_front();
}

bool LaneRoutes::has_ended(std::string_view response_id) const noexcept
{
    return std::ranges::find(ended_, response_id) != ended_.end();
}

void LaneRoutes::lose(const net::Closing& closing)
{
    for (const Route& route : std::exchange(routes_, {}))
        route.sink->on_lost(closing);
}

void LaneRoutes::hand_out(Frames messages)
{
    try {
        if (routes_.size() == 1 && lanes_.size() == 1)
            routes_.front().sink->on_frames(messages); // nothing else has ever been asked for
        else
            demultiplex(messages);
    } catch (...) {
        end_read(); // what was borrowed of the read must not outlive it
        throw;
    }
    end_read();
}

void LaneRoutes::end_read()
{
    for (const Route& route : routes_)
        route.sink->on_read_end();
}

// Events of a named lane mostly come in runs; each run is handed out whole.
void LaneRoutes::demultiplex(Frames messages)
{
    while (!messages.empty()) {
        const std::string_view lane = protocol::peek_stream_id(messages.front().payload);
        const std::size_t length = lane.empty() ? 1 : run_length(messages, lane);
        deliver(messages.first(length), lane);
        messages = messages.subspan(length);
    }
}

void LaneRoutes::deliver(Frames run, std::string_view lane)
{
    if (const Route* asker = lane.empty() ? who_asked(run.front()) : nullptr) {
        asker->sink->on_frames(run);
        return;
    }
    if (lane.empty() && is_for_all(run.front())) {
        tell_all(run.front());
        return;
    }
    run = drop_abandoned(run, lane);
    if (run.empty())
        return;
    if (const Route* route = find(lane))
        route->sink->on_frames(run);
    else if (lane.empty())
        tell_one(run.front());
    else
        telemetry::log_debug("upstream events without a turn dropped",
                             {{"lane", lane}, {"messages", run.size()}});
}

// What is left of the run behind the end of a response that nobody waits for.
Frames LaneRoutes::drop_abandoned(Frames run, std::string_view lane)
{
    const auto abandoned = std::ranges::find(abandoned_, lane, &Rest::lane);
    if (abandoned == abandoned_.end())
        return run;
    const auto last = std::find_if(
        run.begin(), run.end(), [&](const net::Frame& frame) { return ends(*abandoned, frame); });
    if (last == run.end())
        return {};
    abandoned_.erase(abandoned);
    return {std::next(last), run.end()};
}

// An earlier response of the lane may say its end once more; that is not the end of this one.
bool LaneRoutes::ends(Rest& rest, const net::Frame& frame)
{
    const std::string_view named = protocol::peek_response_id(frame.payload);
    if (protocol::peek_kind(frame.payload) == EventKind::created) {
        rest.response_id = named;
        note_ended(named);
    }
    if (!ends_turn(frame))
        return false;
    if (rest.response_id.empty() && has_ended(named))
        return false;
    note_ended(named);
    return named.empty() || rest.response_id.empty() || named == rest.response_id;
}

// An error without a lane: of the connection, or of a request that cannot be told from others.
bool LaneRoutes::is_for_all(const net::Frame& frame) const
{
    if (protocol::peek_kind(frame.payload) != EventKind::error)
        return false;
    return is_foreign_error(frame.payload) || (!find({}) && !is_abandoned({}));
}

void LaneRoutes::tell_all(const net::Frame& frame)
{
    const bool is_in_doubt = routes_.size() + abandoned_.size() > 1;
    for (const Route& route : routes_) {
        if (is_in_doubt)
            route.sink->doubt();
        route.sink->on_frames(std::span(&frame, 1));
    }
}

// No lane, and nothing runs on the default one: for any turn to pass on.
void LaneRoutes::tell_one(const net::Frame& frame)
{
    if (is_attached() && !is_of_a_response(protocol::peek_kind(frame.payload)))
        routes_.front().sink->on_frames(std::span(&frame, 1));
}

// Answers to control events, refusals above all, do not always say of which lane they are. An error
// is the default lane's own while something runs there.
const LaneRoutes::Route* LaneRoutes::who_asked(const net::Frame& frame) const
{
    const EventKind kind = protocol::peek_kind(frame.payload);
    if (kind != EventKind::steer &&
        (kind != EventKind::error || is_foreign_error(frame.payload) || find({})))
        return nullptr;
    const auto asker = std::find_if(routes_.begin(), routes_.end(), [](const Route& route) {
        return route.sink->awaits_answer();
    });
    return asker == routes_.end() ? nullptr : &*asker;
}

const LaneRoutes::Route* LaneRoutes::find(std::string_view lane) const
{
    const auto route = std::find_if(
        routes_.begin(), routes_.end(), [&](const Route& one) { return one.lane == lane; });
    return route == routes_.end() ? nullptr : &*route;
}

bool LaneRoutes::is_abandoned(std::string_view lane) const
{
    return std::ranges::find(abandoned_, lane, &Rest::lane) != abandoned_.end();
}

} // namespace turngate::upstream
