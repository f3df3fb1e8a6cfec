#pragma once

#include "turngate/state/budgets.hpp"

#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace turngate::app {

struct Report
{
    std::string subject;
    std::int64_t spent;
    std::vector<std::string> uids;

    bool operator==(const Report&) const = default;
};

inline void PrintTo(const Report& report, std::ostream* out)
{
    *out << report.subject << " $" << report.spent;
    for (const std::string& uid : report.uids)
        *out << " " << uid;
}

// Budgets that remember what they were told of each subject: the sum last, and all that was charged
// or has arrived. Holds nothing.
class HeardBudgets final : public state::Budgets
{
public:
    std::vector<Report> take()
    {
        const std::lock_guard lock(mutex_);
        std::vector<Report> all;
        for (auto& [subject, report] : std::exchange(heard_, {}))
            all.push_back(std::move(report));
        return all;
    }

    // "subject uid cost" each.
    std::vector<std::string> charged()
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(charged_, {});
    }

    net::Task<core::Result<state::Hold>> hold(state::HoldRequest) override
    {
        co_return core::Fault{core::FaultCode::quota_exceeded};
    }
    void charge(const std::string& subject, std::vector<state::Charge> charges) override
    {
        const std::lock_guard lock(mutex_);
        for (const state::Charge& charge : charges)
            charged_.push_back(subject + " " + charge.uid + " " +
                               std::to_string(charge.cost.value));
    }
    void report(std::string_view subject,
                state::Spending spent,
                const std::vector<std::string>& uids) override
    {
        const std::lock_guard lock(mutex_);
        Report& heard = heard_[std::string(subject)];
        heard.subject = subject;
        heard.spent = spent.amount.value;
        heard.uids.insert(heard.uids.end(), uids.begin(), uids.end());
    }
    std::vector<core::NanoUsd> held(const std::vector<std::string>& subjects) override
    {
        return std::vector<core::NanoUsd>(subjects.size());
    }

private:
    std::mutex mutex_;
    std::map<std::string, Report> heard_;
    std::vector<std::string> charged_;
};

} // namespace turngate::app
