#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/core/money.hpp"
#include "turngate/net/task.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::state {

// What a subject's bills come to, as the repository had it. Of two the higher revision is the
// newer.
struct Spending
{
    std::int64_t revision = 0;
    core::NanoUsd amount;
};

// One bill, by its response_uid, that the repository may not have yet.
struct Charge
{
    std::string uid;
    core::NanoUsd cost;
};

// Where a hold goes when its turn has ended.
class HoldOwner
{
public:
    virtual ~HoldOwner() = default;

    // Any thread.
    virtual void settle(const std::string& subject,
                        const std::string& id,
                        std::vector<Charge> charges) noexcept = 0;
};

// A running turn's claim on a budget. Its destructor, on any thread, takes the claim back and
// leaves what was charged instead.
class Hold
{
public:
    Hold(std::shared_ptr<HoldOwner> owner,
         std::string subject,
         std::string id,
         core::NanoUsd amount)
        : owner_(std::move(owner)), subject_(std::move(subject)), id_(std::move(id)),
          amount_(amount)
    {
    }
    ~Hold()
    {
        if (owner_)
            owner_->settle(subject_, id_, std::move(charges_));
    }
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) = delete;

    // Less than was asked for, if the turn runs alone on what is left.
    core::NanoUsd amount() const noexcept { return amount_; }
    void set_amount(core::NanoUsd amount) noexcept { amount_ = amount; } // its owner's word

    // The turn has a bill.
    void charge(Charge charge) { charges_.push_back(std::move(charge)); }

private:
    std::shared_ptr<HoldOwner> owner_;
    std::string subject_;
    std::string id_;
    core::NanoUsd amount_;
    std::vector<Charge> charges_;
};

// What a turn asks of one budget.
struct HoldRequest
{
    std::string subject;
    core::NanoUsd limit;
    std::string id;       // unique among all turns
    core::NanoUsd amount; // the most that the turn may cost
    std::string asker;    // that comes again when it is refused; without spaces, empty: nobody
};

// What users and keys may still spend (behaviour.md section 3). Of a subject (user/NAME, key/NAME)
// counts what the repository has, what was charged and is not there yet, and what running turns
// hold: so turns at the same time cannot overspend together, in one gateway or in several that
// share a state. A turn that may cost more than is left runs alone, so the end is overdrawn by one
// turn at most. For an asker that was refused because others hold, what it needs is kept free for
// some seconds, so that small turns cannot keep a large one out. A gateway that dies loses its
// holds 30 s later; its charges are in its journal. Where the shared state is away, each gateway
// counts by itself.
class Budgets
{
public:
    virtual ~Budgets() = default;

    // A hold of the amount, or of all that is left if that is less and nobody holds anything.
    // Faults: rate_limited, there is no room while others hold; quota_exceeded, nothing is left. On
    // a loop.
    virtual net::Task<core::Result<Hold>> hold(HoldRequest request) = 0;

    // Bills that the repository does not have, of turns that held nothing or are long over: from
    // now on they count, once, until they are reported. Any thread.
    virtual void charge(const std::string& subject, std::vector<Charge> charges) = 0;

    // The repository's word, which has the bills `uids` in it: they are charges no more. Any
    // thread.
    virtual void report(std::string_view subject,
                        Spending spent,
                        const std::vector<std::string>& uids) = 0;

    // Held by turns that run or charged by those that ended, and not in the repository: of each
    // subject, in every gateway that can be asked. Not for loops: waits for up to
    // state.redis.timeout.
    virtual std::vector<core::NanoUsd> held(const std::vector<std::string>& subjects) = 0;
};

} // namespace turngate::state
