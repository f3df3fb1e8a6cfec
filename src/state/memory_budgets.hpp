#pragma once

#include "claims.hpp"

#include <chrono>
#include <mutex>
#include <unordered_map>

namespace turngate::state {

// A bill is in a journal by then, and long since in the repository or refused by it.
inline constexpr std::chrono::hours kChargeLife{24};

// Budgets of this process. Holds may outlive it: it is shared with them.
class MemoryBudgets final : public Budgets,
                            public HoldOwner,
                            public std::enable_shared_from_this<MemoryBudgets>
{
public:
    explicit MemoryBudgets(std::chrono::milliseconds charge_life = kChargeLife)
        : charge_life_(charge_life)
    {
    }

    net::Task<core::Result<Hold>> hold(HoldRequest request) override;
    void charge(const std::string& subject, std::vector<Charge> charges) override;
    void report(std::string_view subject,
                Spending spent,
                const std::vector<std::string>& uids) override;
    std::vector<core::NanoUsd> held(const std::vector<std::string>& subjects) override;
    void settle(const std::string& subject,
                const std::string& id,
                std::vector<Charge> charges) noexcept override;

    // The same at once, for holds that another owns.
    Verdict hold_now(const HoldRequest& request, unsigned loop = Claims::kNoLoop);
    // A hold that is there gets this amount.
    void change(const HoldRequest& request, core::NanoUsd amount, unsigned loop);
    Claims::Settled settle_now(const std::string& subject,
                               const std::string& id,
                               std::vector<Charge> charges);

    void charge_now(const std::string& subject, std::vector<Charge> charges, unsigned loop);

    // False: nothing of it is new to whoever shares these budgets.
    bool report_now(const std::string& subject,
                    Spending spent,
                    const std::vector<std::string>& uids);

    std::optional<Spending> spent(const std::string& subject) const;
    std::vector<std::string> open() const; // subjects with holds or charges
    std::vector<Claim> page(const std::string& subject,
                            unsigned loop,
                            const std::string& after,
                            std::size_t most);

private:
    mutable std::mutex mutex_;
    const std::chrono::milliseconds charge_life_;
    std::unordered_map<std::string, Spending> spent_;
    std::unordered_map<std::string, Claims> claims_; // none is empty
};

// What a turn that is not held is told.
core::Fault refusal(Verdict::Word word) noexcept;

} // namespace turngate::state
