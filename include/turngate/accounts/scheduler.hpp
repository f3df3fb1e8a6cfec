#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/accounts/fitness.hpp"
#include "turngate/accounts/score.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace turngate::accounts {

// A turn that needs an account. The views need to live for the call alone.
struct Request
{
    std::string_view group = {};
    std::string_view model = {};              // as the client named it
    std::string_view sticky = {};             // the session's account so far; empty: none
    std::span<const std::string> failed = {}; // accounts that failed this turn: after all others
    std::uint64_t seed = 0;                   // of the session key
};

enum class Layer : std::uint8_t { sticky, balanced };

struct Candidate
{
    std::shared_ptr<const Account> account;
    Score score;
};

// The candidates, first choice first. Drawn one after the other, and only as far as they are asked
// for: `for (const Candidate& one : choice.order)`. What it gave stays where it is. One thread.
class Order
{
public:
    struct Source;
    Order() noexcept;
    explicit Order(std::unique_ptr<Source> source);
    Order(Order&&) noexcept;
    Order& operator=(Order&&) noexcept;
    ~Order();

    const Candidate* at(std::size_t place) const; // null: there are no more
    bool empty() const { return at(0) == nullptr; }
    const Candidate& front() const { return *at(0); } // not of an empty one
    std::size_t size() const; // at most so many; one that stops fitting meanwhile is passed over

    class Iterator
    {
    public:
        Iterator(const Order& order, std::size_t place) : order_(order), place_(place) {}
        const Candidate& operator*() const { return *order_.at(place_); }
        Iterator& operator++()
        {
            ++place_;
            return *this;
        }
        bool operator==(std::default_sentinel_t) const { return order_.at(place_) == nullptr; }

    private:
        const Order& order_;
        std::size_t place_;
    };
    Iterator begin() const { return {*this, 0}; }
    std::default_sentinel_t end() const { return {}; }

    const Candidate* find(const Account* account) const; // among those given so far

private:
    std::unique_ptr<Source> source_; // null: nobody
    mutable std::deque<Candidate> given_;
};

// What was decided, and why. Must not outlive the AccountSet.
struct Choice
{
    Layer layer = Layer::balanced;
    bool is_last_resort = false; // none but open breakers: the one that opened longest ago
    Order order;                 // empty: nobody, see fault()
    std::array<unsigned, kFitnesses> counts{}; // of the group's accounts
    std::string left_out;                      // of those that have the model, for people
    Fitness released = Fitness::fits;          // why the session's account was let go, if it was
    std::optional<core::Deadline> retry_at;    // the first of the cooling ones is ready
    std::string model;                         // as the client named it

    // Before a turn uses the account; nothing: the next one. The last one that is left may as well
    // be asked with Standing::pass_anyway.
    std::optional<Permit> pass(const Account& account, core::Deadline now) const;

    // For an empty order: model_not_found, rate_limited (cooling) or no_account.
    core::FaultCode fault() const noexcept;

    // One line without a line's end, for the log or a usage row: what took the turn, or why
    // nothing.
    std::string explain(const Account* taken) const;
};

// Step 6 without the slot: sticky → balanced (behaviour.md section 6). Costs the same for
// ten accounts and for thousands. Safe from all loops.
Choice order(const AccountSet& accounts,
             const config::Scheduler& scheduler,
             const Request& request,
             core::Deadline now);

} // namespace turngate::accounts
