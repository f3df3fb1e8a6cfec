#include "lanes.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {

Lanes::Verdict Lanes::admits(std::string_view name) const
{
    if (waiting_ >= kMaxWaiting)
        return Verdict::too_many_waiting;
    const std::size_t names = lanes_.size() - (lanes_.contains("") ? 1 : 0);
    if (!name.empty() && !lanes_.contains(name) && names >= kMaxNames)
        return Verdict::too_many_names;
    return Verdict::fine;
}

bool Lanes::begins_at_once(std::string_view name) const
{
    const auto lane = lanes_.find(name);
    const bool is_idle = lane == lanes_.end() || lane->second.state == Lane::State::idle;
    return is_idle && ready_.empty() && running_ < kMaxRunning;
}

void Lanes::enqueue(WaitingTurn turn)
{
    Lane& lane = lanes_[turn.create.stream_id.value_or("")];
    lane.newest = turn.accepted_at;
    lane.waiting.push_back(std::move(turn));
    ++waiting_;
    if (lane.state == Lane::State::idle)
        make_ready(lane);
}

// Lanes that wait for one of the 16 take turns.
void Lanes::make_ready(Lane& lane)
{
    lane.state = Lane::State::ready;
    ready_.push_back(&lane);
}

std::optional<Lanes::Start> Lanes::next()
{
    if (ready_.empty() || running_ >= kMaxRunning)
        return std::nullopt;
    Lane& lane = *ready_.front();
    ready_.pop_front();
    WaitingTurn turn = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    --waiting_;
    ++running_;
    lane.state = Lane::State::running;
    return Start{lane, std::move(turn)};
}

void Lanes::end(Lane& lane)
{
    --running_;
    lane.turn = nullptr;
    lane.state = Lane::State::idle;
    if (!lane.waiting.empty())
        make_ready(lane);
}

void Lanes::drop_waiting(Lane& lane)
{
    waiting_ -= lane.waiting.size();
    lane.waiting.clear();
    if (lane.state == Lane::State::ready) {
        ready_.remove(&lane);
        lane.state = Lane::State::idle;
    }
}

void Lanes::drop_waiting()
{
    for (auto& [name, lane] : lanes_)
        drop_waiting(lane);
}

Lane* Lanes::find(std::string_view name)
{
    const auto found = lanes_.find(name);
    return found == lanes_.end() ? nullptr : &found->second;
}

Turn* Lanes::find_turn(const std::function<bool(const Turn&)>& is_meant)
{
    for (auto& [name, lane] : lanes_)
        if (lane.turn && is_meant(*lane.turn))
            return lane.turn;
    return nullptr;
}

void Lanes::for_each_turn(const std::function<void(Turn&)>& f)
{
    for (auto& [name, lane] : lanes_)
        if (lane.turn)
            f(*lane.turn);
}

bool Lanes::has_ended(std::string_view response_id) const
{
    return std::any_of(lanes_.begin(), lanes_.end(), [&](const auto& named) {
        const auto& ended = named.second.memory.ended;
        return std::find(ended.begin(), ended.end(), response_id) != ended.end();
    });
}

void LaneMemory::note_ended(const std::string& response_id)
{
    constexpr std::size_t kMost = 8; // a client that asks later than that knows of the others' ends
    if (response_id.empty() || (!ended.empty() && ended.back() == response_id))
        return;
    ended.push_back(response_id);
    if (ended.size() > kMost)
        ended.pop_front();
}

} // namespace turngate::gateway
