#pragma once

#include "turngate/core/money.hpp"
#include "turngate/net/task.hpp"

#include <cstdint>
#include <memory>
#include <optional>
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
    Hold(std::shared_ptr<HoldOwner> owner, std::string subject, std::string id)
        : owner_(std::move(owner)), subject_(std::move(subject)), id_(std::move(id))
    {
    }
    ~Hold()
    {
        if (owner_)
            owner_->settle(subject_, id_, std::move(charges_));
    }
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) = delete;

    // The turn has a bill.
    void charge(Charge charge) { charges_.push_back(std::move(charge)); }

private:
    std::shared_ptr<HoldOwner> owner_;
    std::string subject_;
    std::string id_;
    std::vector<Charge> charges_;
};

// What users and keys may still spend (behaviour.md section 3). Of a subject (user/NAME, key/NAME)
// counts what the repository has, what was charged and is not there yet, and what running turns
// hold: so turns at the same time cannot overspend together, in one gateway or in several that
// share a state. A gateway that dies loses its holds 30 s later; its charges are in its journal.
// Where the shared state is away, each gateway counts by itself.
class Budgets
{
public:
    virtual ~Budgets() = default;

    // A hold of `amount` under `limit`, named by `id`, unique among all turns; nothing if there is
    // no room for it. On a loop.
    virtual net::Task<std::optional<Hold>> hold(std::string subject,
                                                core::NanoUsd limit,
                                                std::string id,
                                                core::NanoUsd amount) = 0;

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
