#pragma once

#include "turngate/accounts/breaker.hpp"
#include "turngate/accounts/fitness.hpp"
#include "turngate/accounts/outcome.hpp"
#include "turngate/accounts/quota_windows.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::accounts {

class Standing;

// The right to use an account for one turn, under the credentials it was given for; settled by the
// turn's outcome, else by its destructor as neutral.
class Permit
{
public:
    Permit() = default; // of a turn that asks nobody
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit();

private:
    friend class Standing;
    Permit(std::shared_ptr<Standing> standing, std::uint64_t model, core::Deadline given_at);

    std::shared_ptr<Standing> standing_; // null: settled
    std::optional<BreakerPermit> breaker_;
    std::uint64_t model_ = 0; // hash of its name
    core::Deadline given_at_{};
    unsigned probe_ = 0; // of the credentials; 0: none
};

// Whether an account may be used: credentials refused, cooling by model, breaker, taken out by an
// operator (behaviour.md section 6). One object for one account under one set of credentials: with
// new ones a new standing begins, and what turns of the old say of it reaches nobody. Any thread.
// Models go by their upstream's names.
class Standing : public std::enable_shared_from_this<Standing>
{
public:
    static constexpr auto kFirstProbe = std::chrono::seconds(30); // of refused credentials
    static constexpr auto kFirstCooling = std::chrono::seconds(5);
    static constexpr auto kLongest = std::chrono::minutes(5);   // both double up to it
    static constexpr auto kProbeLife = std::chrono::minutes(2); // not settled by then: lost

    Standing(); // as a shared_ptr: permits keep it
    ~Standing();

    void configure(const config::BreakerRules& rules) noexcept { breaker_.configure(rules); }

    // disabled, refused, cooling, breaker_open, else fits: a pass would be given now, if nobody
    // came first.
    Fitness fitness(std::string_view model, core::Deadline now) const;

    // Before each use. Nothing: see fitness. Of refused credentials one turn at a time may probe.
    std::optional<Permit> pass(std::string_view model, core::Deadline now);

    // Whatever stands against it; for the last account that is left, or who has waited for it.
    Permit pass_anyway(std::string_view model, core::Deadline now);

    // The first time counts, and for the standing that gave it. `now` is when the use ended.
    static void settle(Permit& permit, const Outcome& outcome, core::Deadline now);

    // When what stands against it now will be over. Nothing: nothing does, or nobody can tell
    // (disabled, probes on their way).
    std::optional<core::Deadline> retry_at(std::string_view model, core::Deadline now) const;

    // Another gateway's word: no use before then, the later of two stays; empty model: all.
    void cool_until(std::string_view model, core::Deadline at);
    void end_cooling(std::string_view model);

    // The operator's. clear() lifts all but disable().
    void clear();
    void disable() { is_disabled_ = true; }
    void enable() { is_disabled_ = false; }
    bool is_disabled() const noexcept { return is_disabled_; }

    QuotaWindows& quota() noexcept { return quota_; }
    const Breaker& breaker() const noexcept { return breaker_; }

    struct Cooling
    {
        std::string model; // empty: all
        core::Deadline until;
    };
    std::vector<Cooling> coolings(core::Deadline now) const;
    std::optional<core::Deadline> refused_until(core::Deadline now) const; // the next probe's time
    std::optional<core::Deadline> refused_at() const; // last, while they are refused

private:
    friend class Permit;
    struct State; // standing_state.hpp

    bool is_unmarked() const noexcept { return !is_marked_.load(std::memory_order_acquire); }
    Permit permit(std::uint64_t model, core::Deadline now);
    void release(Permit& permit, const Outcome& outcome, core::Deadline now);

    std::atomic<bool> is_disabled_{false};
    std::atomic<bool> is_marked_{false}; // there is something in the state to look at
    Breaker breaker_;
    QuotaWindows quota_;
    mutable std::mutex mutex_;
    std::unique_ptr<State> state_; // refusal of the credentials, models that cool
};

} // namespace turngate::accounts
