#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/accounts/score.hpp"
#include "turngate/accounts/standing.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::accounts {

// A turn that needs an account. The views need to live for the call alone.
struct Request
{
    std::string_view group = {};
    std::string_view model = {};              // as the client named it
    std::string_view pinned = {};             // no other will do: the parent lives there
    std::string_view sticky = {};             // the session's account so far; empty: none
    std::span<const std::string> failed = {}; // accounts that failed this turn: after all others
    std::uint64_t seed = 0;                   // of the session key
};

enum class Layer : std::uint8_t { pinned, sticky, balanced };

struct Candidate
{
    std::shared_ptr<const Account> account;
    Score score;
};

struct LeftOut
{
    std::string_view account; // lives as long as the AccountSet
    Standing why;
};

// What was decided, and why.
struct Choice
{
    Layer layer = Layer::balanced;
    bool is_last_resort = false;   // none but open breakers: the one that opened longest ago
    std::vector<Candidate> order;  // first choice first; empty: none, see fault()
    std::vector<LeftOut> left_out; // of those that have the model
    std::array<unsigned, kStandings> counts{}; // of all accounts that were looked at
    Standing released = Standing::fits;        // why the session's account was let go, if it was
    std::optional<core::Deadline> retry_at;    // the first of the cooling ones is ready

    // Before a turn uses the account; nothing: the next one. The last one that is left may as well
    // be asked with `pass_anyway`.
    std::optional<Permit> pass(const Account& account, core::Deadline now) const noexcept;

    // For an empty order: model_not_found, rate_limited (cooling) or no_account.
    core::FaultCode fault() const noexcept;

    // One line without a line's end, for the log or a usage row: what took the turn, or why
    // nothing.
    std::string explain(const Account* taken) const;
};

// Step 6 without the slot: pinned → sticky → balanced (behaviour.md section 6). No lock but the
// slots' own counts; safe from all loops.
Choice order(const AccountSet& accounts,
             const config::Scheduler& scheduler,
             const Request& request,
             core::Deadline now);

} // namespace turngate::accounts
