#include "memory_budgets.hpp"

#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::state {

net::Task<std::optional<Hold>> MemoryBudgets::hold(std::string subject,
                                                   core::NanoUsd limit,
                                                   std::string id,
                                                   core::NanoUsd amount)
{
    if (!hold_now(subject, limit, id, amount))
        co_return std::nullopt;
    co_return Hold(shared_from_this(), std::move(subject), std::move(id));
}

bool MemoryBudgets::hold_now(const std::string& subject,
                             core::NanoUsd limit,
                             const std::string& id,
                             core::NanoUsd amount,
                             unsigned loop)
{
    const auto now = core::Clock::now();
    const std::lock_guard lock(mutex_);
    const auto known = spent_.find(subject);
    const core::NanoUsd spent = known == spent_.end() ? core::NanoUsd{} : known->second.amount;
    const auto at = claims_.try_emplace(subject).first;
    at->second.forget_charges(now);
    const bool has_room = at->second.has_room(spent, limit, amount);
    if (has_room)
        at->second.hold(id, amount, loop);
    if (at->second.is_empty())
        claims_.erase(at);
    return has_room;
}

void MemoryBudgets::settle(const std::string& subject,
                           const std::string& id,
                           std::vector<Charge> charges) noexcept
try {
    settle_now(subject, id, std::move(charges));
} catch (const std::exception& bug) {
    telemetry::log_error("a hold could not be settled", {{"what", bug.what()}});
}

Claims::Settled MemoryBudgets::settle_now(const std::string& subject,
                                          const std::string& id,
                                          std::vector<Charge> charges)
{
    const auto until = core::Clock::now() + charge_life_;
    const std::lock_guard lock(mutex_);
    const auto at = claims_.try_emplace(subject).first;
    Claims::Settled settled = at->second.settle(id, std::move(charges), until);
    if (at->second.is_empty())
        claims_.erase(at);
    return settled;
}

void MemoryBudgets::charge(const std::string& subject, std::vector<Charge> charges)
{
    charge_now(subject, std::move(charges), Claims::kNoLoop);
}

void MemoryBudgets::charge_now(const std::string& subject,
                               std::vector<Charge> charges,
                               unsigned loop)
{
    const auto until = core::Clock::now() + charge_life_;
    const std::lock_guard lock(mutex_);
    if (!charges.empty())
        claims_[subject].charge(charges, loop, until);
}

void MemoryBudgets::report(std::string_view subject,
                           Spending spent,
                           const std::vector<std::string>& uids)
{
    report_now(std::string(subject), spent, uids);
}

bool MemoryBudgets::report_now(const std::string& subject,
                               Spending spent,
                               const std::vector<std::string>& uids)
{
    const std::lock_guard lock(mutex_);
    const auto [known, is_new] = spent_.try_emplace(subject, spent);
    const bool is_changed =
        is_new || spent.revision > known->second.revision ||
        (spent.revision == known->second.revision && spent.amount != known->second.amount);
    if (is_changed)
        known->second = spent;
    const auto at = claims_.find(subject);
    if (at == claims_.end())
        return !uids.empty();
    at->second.report(uids);
    if (at->second.is_empty())
        claims_.erase(at);
    return is_changed || !uids.empty();
}

std::vector<core::NanoUsd> MemoryBudgets::held(const std::vector<std::string>& subjects)
{
    const auto now = core::Clock::now();
    std::vector<core::NanoUsd> sums;
    const std::lock_guard lock(mutex_);
    for (const std::string& subject : subjects) {
        const auto at = claims_.find(subject);
        if (at != claims_.end())
            at->second.forget_charges(now);
        sums.push_back(at == claims_.end() ? core::NanoUsd{} : at->second.sum());
    }
    return sums;
}

std::optional<Spending> MemoryBudgets::spent(const std::string& subject) const
{
    const std::lock_guard lock(mutex_);
    const auto known = spent_.find(subject);
    if (known == spent_.end())
        return std::nullopt;
    return known->second;
}

std::vector<std::string> MemoryBudgets::open() const
{
    std::vector<std::string> subjects;
    const std::lock_guard lock(mutex_);
    for (const auto& [subject, claims] : claims_)
        subjects.push_back(subject);
    return subjects;
}

std::vector<Claim> MemoryBudgets::page(const std::string& subject,
                                       unsigned loop,
                                       const std::string& after,
                                       std::size_t most)
{
    const auto now = core::Clock::now();
    const std::lock_guard lock(mutex_);
    const auto at = claims_.find(subject);
    if (at == claims_.end())
        return {};
    at->second.forget_charges(now);
    std::vector<Claim> page = at->second.page(loop, after, most);
    if (at->second.is_empty())
        claims_.erase(at);
    return page;
}

} // namespace turngate::state
