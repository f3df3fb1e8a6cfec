#pragma once

#include "turngate/access/registry.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/state/budgets.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace turngate::app {

// Brings what the repository says of users and keys into the process, every few seconds, on a
// thread of its own: keys and credits as a registry, and what was spent to the budgets. A
// repository that is away changes nothing.
class Books
{
public:
    struct Parts
    {
        std::function<std::unique_ptr<usage::Ledger>()> open; // throws while there is none
        state::Budgets& budgets;
        std::function<void()> on_change; // the registry did; on the books' thread
    };

    explicit Books(Parts parts);
    ~Books();

    // A reading that begins after the call. False: it takes longer. Any thread.
    bool read_now(std::chrono::milliseconds within);

    // As read last; nothing: it never was. Any thread.
    std::optional<access::Registry> registry() const;

    // They have a limit: from now on the budgets are told which bills of theirs have arrived. What
    // was spent they are told of everybody, so that a limit counts at once. Any thread.
    void watch(const std::set<std::string>& subjects);

    // Those bills are in the repository now. Any thread.
    void settled(const std::vector<usage::UsageRecord>& records);

private:
    using Uids = std::map<std::string, std::vector<std::string>, std::less<>>; // by subject

    void keep_reading(const std::stop_token& stop);
    void read();
    Uids take_settled();
    void put_back(Uids uids);
    void tell_budgets(const Uids& settled);
    void tell_registry();

    Parts parts_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::set<std::string> watched_;
    Uids settled_; // since the last reading
    std::optional<access::Registry> registry_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0; // the last of the asked whose reading is over

    // The thread's own.
    std::vector<usage::StoredKey> keys_;
    usage::Balances balances_;
    bool is_down_ = false;
    std::map<std::string, std::int64_t> told_; // the revision that budgets have, by subject
    std::jthread thread_;
};

} // namespace turngate::app
