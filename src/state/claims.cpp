#include "claims.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace turngate::state {

core::NanoUsd Claims::sum() const noexcept
{
    constexpr Sum kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr Sum kMost = std::numeric_limits<std::int64_t>::max();
    return {static_cast<std::int64_t>(std::clamp(sum_, kLeast, kMost))};
}

void Claims::hold(const std::string& id, core::NanoUsd amount, unsigned loop)
{
    Held& held = holds_[id];
    sum_ += Sum{amount.value} - held.amount.value;
    held = {amount, loop, next_++};
}

Claims::Settled Claims::settle(const std::string& id,
                               std::vector<Charge> charges,
                               core::Deadline until)
{
    Settled settled{.loop = kNoLoop, .charges = std::move(charges)};
    const auto held = holds_.find(id);
    if (held != holds_.end()) {
        settled.loop = held->second.loop;
        sum_ -= held->second.amount.value;
        holds_.erase(held);
    }
    std::erase_if(settled.charges,
                  [&](const Charge& each) { return reported_.contains(each.uid); });
    for (const Charge& each : settled.charges)
        charge(each, settled.loop, until);
    forget_reported();
    return settled;
}

void Claims::charge(const Charge& charge, unsigned loop, core::Deadline until)
{
    Charged& charged = charges_[charge.uid];
    sum_ += Sum{charge.cost.value} - charged.cost.value;
    charged = {charge.cost, loop, until};
    first_end_ = std::min(first_end_, until);
}

void Claims::report(const std::vector<std::string>& uids)
{
    for (const std::string& uid : uids) {
        const auto charged = charges_.find(uid);
        if (charged != charges_.end()) {
            sum_ -= charged->second.cost.value;
            charges_.erase(charged);
        } else if (!holds_.empty()) {
            reported_[uid] = next_; // its turn still runs
        }
    }
}

void Claims::forget_reported()
{
    if (reported_.empty())
        return;
    std::uint64_t oldest = next_;
    for (const auto& [id, held] : holds_)
        oldest = std::min(oldest, held.number);
    std::erase_if(reported_, [&](const auto& each) { return each.second <= oldest; });
}

void Claims::forget_charges(core::Deadline now)
{
    if (now < first_end_)
        return;
    first_end_ = core::Deadline::max();
    std::erase_if(charges_, [&](const auto& each) {
        const Charged& charged = each.second;
        if (charged.until <= now) {
            sum_ -= charged.cost.value;
            return true;
        }
        first_end_ = std::min(first_end_, charged.until);
        return false;
    });
}

} // namespace turngate::state
