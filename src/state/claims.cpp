#include "claims.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace turngate::state {
namespace {

constexpr core::Deadline kWithItsTurn = core::Deadline::max();

} // namespace

core::NanoUsd Claims::sum() const noexcept
{
    constexpr Sum kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr Sum kMost = std::numeric_limits<std::int64_t>::max();
    return {static_cast<std::int64_t>(std::clamp(sum_, kLeast, kMost))};
}

void Claims::put(const std::string& name, core::NanoUsd amount, unsigned loop, core::Deadline until)
{
    Known& known = claims_[name];
    sum_ += Sum{amount.value} - known.amount.value;
    known = {amount, loop, until, next_++};
    first_end_ = std::min(first_end_, until);
}

void Claims::remove(ByName::iterator at)
{
    sum_ -= at->second.amount.value;
    claims_.erase(at);
}

bool Claims::has_holds() const
{
    return !claims_.empty() && claims_.begin()->second.until == kWithItsTurn;
}

void Claims::hold(const std::string& id, core::NanoUsd amount, unsigned loop)
{
    put(hold_name(id), amount, loop, kWithItsTurn);
}

Claims::Settled Claims::settle(const std::string& id,
                               std::vector<Charge> charges,
                               core::Deadline until)
{
    Settled settled{.loop = kNoLoop, .charges = std::move(charges)};
    const auto held = claims_.find(hold_name(id));
    if (held != claims_.end()) {
        settled.loop = held->second.loop;
        remove(held);
    }
    std::erase_if(settled.charges,
                  [&](const Charge& each) { return reported_.contains(each.uid); });
    for (const Charge& each : settled.charges)
        put(charge_name(each.uid), each.cost, settled.loop, until);
    forget_reported();
    return settled;
}

void Claims::charge(const std::vector<Charge>& charges, unsigned loop, core::Deadline until)
{
    for (const Charge& each : charges)
        put(charge_name(each.uid), each.cost, loop, until);
}

void Claims::report(const std::vector<std::string>& uids)
{
    for (const std::string& uid : uids) {
        const auto charged = claims_.find(charge_name(uid));
        if (charged != claims_.end())
            remove(charged);
        if (has_holds())
            reported_[uid] = next_; // its turn may still run, though it was charged
    }
}

void Claims::forget_reported()
{
    if (reported_.empty())
        return;
    std::uint64_t oldest = next_;
    for (auto at = claims_.begin(); at != claims_.end() && at->second.until == kWithItsTurn; ++at)
        oldest = std::min(oldest, at->second.number);
    std::erase_if(reported_, [&](const auto& each) { return each.second <= oldest; });
}

void Claims::forget_charges(core::Deadline now)
{
    if (now < first_end_)
        return;
    first_end_ = core::Deadline::max();
    for (auto at = claims_.begin(); at != claims_.end();) {
        const auto claim = at++;
        if (claim->second.until <= now)
            remove(claim);
        else
            first_end_ = std::min(first_end_, claim->second.until);
    }
}

std::vector<Claim> Claims::page(unsigned loop, const std::string& after, std::size_t most) const
{
    std::vector<Claim> page;
    for (auto at = claims_.upper_bound(after); at != claims_.end() && page.size() < most; ++at)
        if (at->second.loop == loop)
            page.push_back({at->first, at->second.amount, at->second.until});
    return page;
}

} // namespace turngate::state
