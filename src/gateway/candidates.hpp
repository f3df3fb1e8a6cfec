#pragma once

#include "routes.hpp"
#include "turn.hpp"

#include "turngate/accounts/scheduler.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace turngate::gateway {

// A route, and an account that may take the turn on it.
struct Candidate
{
    Route route;
    std::shared_ptr<const accounts::Account> account;
};

// The routes with their accounts, in order: what a turn may choose from now (behaviour.md sections
// 4 and 6). Found one after the other, and only as far as they are asked for: there may be
// thousands of accounts. Turn and routes outlive it.
class Candidates
{
public:
    Candidates(const Turn& turn, const Routes& routes, core::Deadline now)
        : turn_(turn), routes_(routes), now_(now)
    {
    }

    // Null: there are no more. What it gave stays where it is.
    const Candidate* at(std::size_t place);

    // Once the account has a slot for the turn; nothing: the next one.
    std::optional<accounts::Permit> pass(const Candidate& candidate) const;

    // How it came to be chosen, for people.
    std::string explain(const Candidate& candidate) const;

    // Why there is none, and when to come again, if that is known.
    core::Fault fault(std::optional<std::chrono::seconds>& retry_after) const;

private:
    bool step();
    void add_pinned(const Route& route);
    void add_drawn(const Route& route, const std::shared_ptr<const accounts::Account>& account);
    std::optional<core::Deadline> retry_at(const accounts::Account& account) const;
    bool is_last_resort(const Candidate& candidate) const;

    const Turn& turn_;
    const Routes& routes_;
    const core::Deadline now_;
    std::size_t route_ = 0; // of the routes, the next to look at
    std::size_t drawn_ = 0; // of the choice, likewise
    std::deque<Candidate> given_;
    std::optional<Candidate> open_;          // its breaker is: when nothing else is left
    std::optional<core::Deadline> retry_at_; // the first of the cooling ones is ready
    bool is_refused_ = false;                // the credentials of one of them
    std::optional<accounts::Choice> choice_; // where any account will do
};

accounts::Fitness fitness(const Turn& turn, const accounts::Account& account, core::Deadline now);

// The account's own name for the turn's model.
std::string model_at(const Turn& turn, const accounts::Account& account);

// The account could be sent the turn on that route: it would have its context, and a price where
// the principal needs one.
bool can_take(const Turn& turn, const Route& route, const accounts::Account& account);

} // namespace turngate::gateway
