#pragma once

#include "budget_leases.hpp"
#include "redis_links.hpp"

namespace turngate::state {

// Budgets counted in Redis too; while it is away, those of this process, which are always asked
// first. Holds may outlive the links and the loops: it is shared with them, and has ended then.
class RedisBudgets final : public Budgets,
                           public HoldOwner,
                           public std::enable_shared_from_this<RedisBudgets>
{
public:
    RedisBudgets(const RedisLinks& links, std::chrono::milliseconds lease);

    // On the loop's thread, before anything is held there.
    void start(net::Loop& loop);
    // Nothing is held any more; of what is settled later, Redis is not told. No loop runs.
    void end() noexcept;
    void tell_all(); // any thread; Redis was flushed

    net::Task<core::Result<Hold>> hold(HoldRequest request) override;
    void charge(const std::string& subject, std::vector<Charge> charges) override;
    void report(std::string_view subject,
                Spending spent,
                const std::vector<std::string>& uids) override;
    std::vector<core::NanoUsd> held(const std::vector<std::string>& subjects) override;
    void settle(const std::string& subject,
                const std::string& id,
                std::vector<Charge> charges) noexcept override;

private:
    unsigned index_of(const net::Executor& executor) const noexcept;
    net::Loop& loop_of(unsigned index) const { return links_.all()[index]->loop(); }
    unsigned first_up() const noexcept; // or kNoLoop

    const RedisLinks& links_;
    MemoryBudgets local_;
    std::vector<std::unique_ptr<BudgetLeases>> leases_; // as the links; none: ended
};

} // namespace turngate::state
