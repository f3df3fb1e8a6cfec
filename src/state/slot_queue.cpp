#include "slot_queue.hpp"

#include <algorithm>

namespace turngate::state {

SlotQueue::Lines::iterator SlotQueue::line_of(std::string_view tenant)
{
    return std::ranges::find(lines_, tenant, &Line::tenant);
}

void SlotQueue::add(std::shared_ptr<SlotWaiter> waiter, int which)
{
    auto line = line_of(waiter->tenant);
    if (line == lines_.end())
        line = lines_.insert(lines_.end(), Line{waiter->tenant, {}});
    line->places.push_back({std::move(waiter), which});
    ++size_;
}

bool SlotQueue::remove(const SlotWaiter& waiter)
{
    const auto line = line_of(waiter.tenant);
    if (line == lines_.end())
        return false;
    const auto count =
        std::erase_if(line->places, [&](const Place& one) { return one.waiter.get() == &waiter; });
    size_ -= count;
    if (line->places.empty())
        lines_.erase(line);
    return count > 0;
}

std::shared_ptr<SlotWaiter> SlotQueue::take_next()
{
    while (!lines_.empty()) {
        Line& line = lines_.front();
        const Place place = std::move(line.places.front());
        line.places.pop_front();
        --size_;
        const bool is_ours = place.waiter->claim(place.which);
        if (line.places.empty())
            lines_.pop_front();
        else if (is_ours) // it was this tenant's turn
            lines_.splice(lines_.end(), lines_, lines_.begin());
        if (is_ours)
            return place.waiter;
    }
    return nullptr;
}

std::shared_ptr<SlotWaiter> SlotQueue::take_newest_for(std::string_view tenant)
{
    const auto longest =
        std::ranges::max_element(lines_, {}, [](const Line& line) { return line.places.size(); });
    if (longest == lines_.end())
        return nullptr;
    const auto own = line_of(tenant);
    const auto have = own == lines_.end() ? 0 : own->places.size();
    if (have + 1 >= longest->places.size())
        return nullptr;
    auto newest = std::move(longest->places.back().waiter);
    longest->places.pop_back();
    --size_;
    return newest;
}

bool SlotQueue::is_wanted() const noexcept
{
    return std::ranges::any_of(lines_, [](const Line& line) {
        return std::ranges::any_of(line.places,
                                   [](const Place& one) { return !one.waiter->is_claimed(); });
    });
}

core::Deadline SlotQueue::oldest() const
{
    const auto since = [](const Line& line) { return line.places.front().waiter->since; };
    return since(*std::ranges::min_element(lines_, {}, since));
}

} // namespace turngate::state
