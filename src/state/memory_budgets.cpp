#include "memory_budgets.hpp"

#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::state {

core::Fault refusal(Verdict::Word word) noexcept
{
    const bool is_busy = word == Verdict::Word::busy;
    return {
        is_busy ? core::FaultCode::rate_limited : core::FaultCode::quota_exceeded, {}, "budget"};
}

net::Task<core::Result<Hold>> MemoryBudgets::hold(HoldRequest request)
{
    const Verdict verdict = hold_now(request);
    if (verdict.word != Verdict::Word::held)
        co_return refusal(verdict.word);
    co_return Hold(
        shared_from_this(), std::move(request.subject), std::move(request.id), verdict.amount);
}

Verdict MemoryBudgets::hold_now(const HoldRequest& request, unsigned loop)
{
    const auto now = core::Clock::now();
    const std::lock_guard lock(mutex_);
    const auto known = spent_.find(request.subject);
    const core::NanoUsd spent = known == spent_.end() ? core::NanoUsd{} : known->second.amount;
    const auto at = claims_.try_emplace(request.subject).first;
    const Verdict verdict = at->second.ask(request, spent, loop, now);
    if (at->second.is_empty())
        claims_.erase(at);
    return verdict;
}

void MemoryBudgets::change(const HoldRequest& request, core::NanoUsd amount, unsigned loop)
{
    const std::lock_guard lock(mutex_);
    claims_[request.subject].hold(request.id, amount, loop);
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
            at->second.forget(now);
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
    at->second.forget(now);
    std::vector<Claim> page = at->second.page(loop, after, most);
    if (at->second.is_empty())
        claims_.erase(at);
    return page;
}

} // namespace turngate::state
