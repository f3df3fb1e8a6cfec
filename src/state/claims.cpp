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
    count(name, Sum{amount.value} - known.amount.value);
    known = {amount, loop, until, next_++};
    first_end_ = std::min(first_end_, until);
}

void Claims::remove(ByName::iterator at)
{
    count(at->first, -Sum{at->second.amount.value});
    claims_.erase(at);
}

void Claims::count(const std::string& name, Sum amount)
{
    sum_ += amount;
    if (name.starts_with(kHold))
        holds_ += amount;
}

// In budget_scripts.cpp, too.
Verdict Claims::ask(const HoldRequest& request,
                    core::NanoUsd spent,
                    unsigned loop,
                    core::Deadline now)
{
    forget(now);
    const Sum left = Sum{request.limit.value} - spent.value - (sum_ - holds_);
    const bool is_other_first = waiting_ && waiting_->asker != request.asker;
    const Sum kept = is_other_first
                         ? std::clamp(Sum{waiting_->amount.value}, Sum{0}, std::max(left, Sum{0}))
                         : Sum{0};
    Verdict verdict{.word = Verdict::Word::held, .amount = request.amount};
    if (holds_ + kept + request.amount.value > left) {
        if (left <= 0)
            return {};
        if (holds_ > 0 || kept > 0) {
            if (!is_other_first && !request.asker.empty())
                waiting_ = Waiting{request.asker, request.amount, now + kKeptFree};
            return {.word = Verdict::Word::busy, .amount = {}};
        }
        verdict.amount = {static_cast<std::int64_t>(left)}; // less than was asked for
    }
    if (!is_other_first)
        waiting_.reset();
    hold(request.id, verdict.amount, loop);
    return verdict;
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

void Claims::forget(core::Deadline now)
{
    if (waiting_ && waiting_->until <= now)
        waiting_.reset();
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
