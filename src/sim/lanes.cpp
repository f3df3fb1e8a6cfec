#include "lanes.hpp"

#include "seal.hpp"

#include <algorithm>
#include <utility>

namespace turngate::sim {

std::optional<Error> Lanes::admit(Create create)
{
    if (!create.lane.empty() && !lanes_.contains(create.lane)) {
        const std::size_t named = lanes_.size() - lanes_.count("");
        if (named >= kNames)
            return stream_limit_reached();
    }
    lanes_.try_emplace(create.lane);
    waiting_.push_back(std::move(create));
    return std::nullopt;
}

std::deque<Create>::iterator Lanes::first_free()
{
    return std::find_if(waiting_.begin(), waiting_.end(), [&](const Create& create) {
        return !lanes_.at(create.lane).is_busy;
    });
}

std::optional<Start> Lanes::next()
{
    if (in_flight_ >= kInFlight)
        return std::nullopt;
    const auto found = first_free();
    if (found == waiting_.end())
        return std::nullopt;
    Create create = std::move(*found);
    waiting_.erase(found);

    Lane& lane = lanes_.at(create.lane);
    lane.is_busy = true;
    ++in_flight_;
    Start start = resolve(std::move(create), lane);
    lane.continues_latest = lane.latest && start.create.parent == lane.latest->id;
    if (start.refusal)
        failed(start.create.lane);
    return start;
}

// A queued fork finds its parent only while the source lane has not moved on: this is why parents
// are looked up when a request starts, not when it arrives.
Start Lanes::resolve(Create create, Lane& lane) const
{
    Start start{std::move(create), nullptr, ParentKind::none, std::nullopt};
    if (start.create.parent) {
        start.parent = in_memory(*start.create.parent, lane);
        start.kind = start.parent ? ParentKind::memory : ParentKind::stored;
        if (!start.parent)
            start.parent = storage_.find(owner_, *start.create.parent);
        if (!start.parent)
            start.refusal = parent_not_found(*start.create.parent);
    } else if (start.create.conversation) {
        start.parent = storage_.find(owner_, *start.create.conversation);
        start.kind = start.parent ? ParentKind::stored : ParentKind::none;
    }
    if (start.refusal)
        return start;
    auto open = start.parent ? start.parent->open_calls : std::vector<Call>();
    start.refusal = settle_calls(open, start.create.input.calls);
    const auto& sealed = start.create.input.sealed;
    const bool is_legible = std::all_of(
        sealed.begin(), sealed.end(), [&](const auto& one) { return is_readable(one); });
    if (!start.refusal && !is_legible)
        start.refusal = invalid_encrypted_content();
    return start;
}

bool Lanes::is_readable(const std::string& sealed) const
{
    return seal_.empty() || sealed.starts_with(seal_prefix(seal_));
}

ContextPtr Lanes::in_memory(const std::string& id, const Lane& own) const
{
    for (const auto& [name, lane] : lanes_)
        if (lane.latest && lane.latest->id == id && (!lane.is_busy || &lane == &own))
            return lane.latest;
    return nullptr;
}

void Lanes::finished(std::string_view name, ContextPtr response)
{
    Lane& lane = lanes_.find(name)->second;
    lane.latest = std::move(response);
    release(lane);
}

void Lanes::failed(std::string_view name)
{
    Lane& lane = lanes_.find(name)->second;
    if (lane.continues_latest)
        lane.latest.reset();
    release(lane);
}

void Lanes::release(Lane& lane)
{
    lane.is_busy = false;
    lane.continues_latest = false;
    --in_flight_;
}

} // namespace turngate::sim
