#pragma once

#include "turngate/access/registry.hpp"
#include "turngate/state/budgets.hpp"
#include "turngate/usage/journal.hpp"
#include "turngate/usage/known_books.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace turngate::app {

// What is known of the spending of users and keys: what an earlier process knew, what the
// repository says, and what comes of settling. It is kept in a file, and the budgets of those who
// have a limit are told. Each bill counts once, as a charge or in a sum, also over a restart, and
// while the repository is away. All from any thread.
class Spendings
{
public:
    struct Parts
    {
        state::Budgets& budgets;
        std::string file;
        std::function<void(const usage::TakeRecords&)> each_waiting; // usage::Settler's
        // Bills that an earlier process settled last: a shared state may not have heard of it.
        std::vector<usage::UsageRecord> settled_lately;
    };

    explicit Spendings(Parts parts);

    // The repository's rows: all, or those that changed. True: keys or credits are others than
    // before, or a key has expired.
    bool learn(usage::Changes rows, bool are_all);

    // Those bills are in the repository now, and in its sums.
    void settled(const std::vector<usage::UsageRecord>& records, const usage::Settled& sums);

    // They have a limit: their budgets know now what was spent, and of the bills that wait in the
    // journal. Never unwatched: what was charged while there was a limit is still to be told.
    void watch(const std::set<std::string>& subjects);

    // Of all users and keys; nothing: nothing is known.
    std::optional<access::Registry> registry() const;

private:
    using Uids = std::map<std::string, std::vector<std::string>, std::less<>>; // by subject
    using Subjects = std::set<std::string>;

    bool is_watched(const std::string& subject) const;
    std::optional<state::Spending> spent_by(const std::string& subject) const;
    void report(const std::string& subject, const std::vector<std::string>& uids);
    void report_lately();
    void forget_earlier();
    void charge_waiting(const Subjects& fresh);
    void keep(const usage::Changes& news, const std::vector<std::string>& bills);

    Parts parts_;
    mutable std::mutex mutex_;
    usage::KnownBooks known_;
    Subjects settled_here_;                                // before the repository was read
    bool is_known_ = false;                                // something is
    bool is_current_ = false;                              // the repository said so
    core::Timestamp next_expiry_ = core::Timestamp::max(); // of a key
    std::set<std::string> counted_;                        // in the sums, and maybe in the journal
    usage::BooksFile file_;
    bool is_kept_ = true; // the last writing worked
    Subjects watched_;
    bool is_watching_ = false; // false: nobody has said yet whom to watch
};

} // namespace turngate::app
