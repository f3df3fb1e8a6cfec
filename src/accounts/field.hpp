#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/accounts/fitness.hpp"
#include "turngate/accounts/score.hpp"

#include <array>
#include <mutex>
#include <unordered_map>

namespace turngate::accounts {

// Who may take a turn of one group and model, as of one moment. Immutable.
struct Ranking
{
    struct Entry
    {
        std::uint32_t place = 0; // in the field
        Score score;
    };

    core::Deadline at;           // that moment
    std::vector<Entry> entries;  // those that fit
    bool is_sorted = false;      // best first; a short one is as the field
    bool is_last_resort = false; // none fits: it is the breaker that opened longest ago
    std::array<unsigned, kFitnesses> counts{};
    std::vector<std::uint32_t> rank_of;        // by place: rank + 1, 0: it does not fit
    std::vector<std::uint32_t> out;            // places of the first that do not fit
    std::optional<core::Deadline> cools_until; // the first of the cooling ones
    std::optional<core::Deadline> changes_at;  // when one more may fit
};

// The candidates for one group and model, with a ranking that is made anew for each choice where
// they are few, and kept for a moment where they are many. Any thread.
class Field
{
public:
    static constexpr std::size_t kFew = 32;
    static constexpr auto kKept = std::chrono::milliseconds(100);
    static constexpr std::size_t kNamed = 4; // of those that do not fit

    Field(const AccountSet::Accounts& accounts, std::string model); // the index keeps them

    const Account& account(std::uint32_t place) const { return *accounts_[place]; }
    const std::shared_ptr<const Account>& ref(std::uint32_t place) const
    {
        return accounts_[place];
    }
    std::size_t size() const noexcept { return accounts_.size(); }
    Fitness fitness_of(const Account& account, std::string_view model, core::Deadline now) const;
    // Its rank among those that fit.
    std::optional<std::uint32_t> find(const Ranking& ranking, const Account& account) const;

    std::shared_ptr<const Ranking> ranking(const config::Weights& weights,
                                           core::Deadline now) const;
    // For when none of the kept ones fits any more.
    std::shared_ptr<const Ranking> rank(const config::Weights& weights, core::Deadline now) const;

private:
    CandidateFacts look_at(const Account& account, core::Deadline now) const;
    void judge(Ranking& ranking, std::vector<std::uint32_t>& fit, core::Deadline now) const;

    const AccountSet::Accounts& accounts_;
    const std::string model_;
    std::unordered_map<const Account*, std::uint32_t> places_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Ranking> kept_;
    mutable bool is_ranking_ = false; // some thread is; the others go by what is kept
};

} // namespace turngate::accounts
