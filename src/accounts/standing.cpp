#include "turngate/accounts/standing.hpp"

#include "standing_state.hpp"

#include <algorithm>
#include <utility>

namespace turngate::accounts {

Permit::Permit(std::shared_ptr<Standing> standing, std::uint64_t model, core::Deadline given_at)
    : standing_(std::move(standing)), model_(model), given_at_(given_at)
{
}

Permit& Permit::operator=(Permit&& other) noexcept
{
    std::swap(standing_, other.standing_);
    std::swap(breaker_, other.breaker_);
    std::swap(model_, other.model_);
    std::swap(given_at_, other.given_at_);
    std::swap(probe_, other.probe_);
    return *this;
}

Permit::~Permit()
{
    if (standing_)
        standing_->release(*this, {}, given_at_);
}

Standing::Standing() : state_(std::make_unique<State>()) {}

Standing::~Standing() = default;

Fitness Standing::fitness(std::string_view model, core::Deadline now) const
{
    if (is_disabled_)
        return Fitness::disabled;
    if (!is_unmarked()) {
        const std::lock_guard lock(mutex_);
        if (state_->refusal.bars(now))
            return Fitness::refused;
        if (state_->cools_until(hash_of(model), now))
            return Fitness::cooling;
    }
    return breaker_.lets_pass(now) ? Fitness::fits : Fitness::breaker_open;
}

std::optional<Permit> Standing::pass(std::string_view model, core::Deadline now)
{
    if (is_disabled_)
        return std::nullopt;
    Permit permit(shared_from_this(), hash_of(model), now);
    if (is_unmarked()) {
        permit.breaker_ = breaker_.try_pass(now);
    } else {
        // Under one lock: only one turn may find that a probe is due.
        const std::lock_guard lock(mutex_);
        if (!state_->refusal.bars(now) && !state_->cools_until(permit.model_, now))
            permit.breaker_ = breaker_.try_pass(now);
        if (permit.breaker_)
            permit.probe_ = state_->refusal.begin_probe(now);
    }
    if (permit.breaker_)
        return permit;
    permit.standing_.reset(); // there is nothing to settle
    return std::nullopt;
}

Permit Standing::pass_anyway(std::string_view model, core::Deadline now)
{
    Permit permit(shared_from_this(), hash_of(model), now);
    permit.breaker_ = breaker_.pass_anyway(now);
    return permit;
}

void Standing::settle(Permit& permit, const Outcome& outcome, core::Deadline now)
{
    if (const auto standing = std::exchange(permit.standing_, nullptr))
        standing->release(permit, outcome, now);
}

void Standing::release(Permit& permit, const Outcome& outcome, core::Deadline now)
{
    if (permit.breaker_)
        permit.breaker_->settle(outcome.kind, now);
    permit.breaker_.reset();
    const bool marks = outcome.kind == Outcome::cools || outcome.kind == Outcome::refused;
    if (!marks && is_unmarked())
        return;
    const std::lock_guard lock(mutex_);
    switch (outcome.kind) {
    case Outcome::success:
        state_->refusal.on_success(permit.given_at_, permit.probe_);
        state_->on_success(permit.model_, permit.given_at_);
        break;
    case Outcome::refused:
        state_->refusal.on_refused(permit.given_at_, permit.probe_, now);
        break;
    case Outcome::cools:
        state_->rest_of(outcome.model, now).on_cools(permit.given_at_, outcome.resets_in, now);
        [[fallthrough]];
    case Outcome::fault:
    case Outcome::neutral:
        state_->refusal.on_other(permit.probe_);
        break;
    }
    is_marked_.store(!state_->is_blank(), std::memory_order_release);
}

std::optional<core::Deadline> Standing::retry_at(std::string_view model, core::Deadline now) const
{
    if (is_disabled_)
        return std::nullopt;
    core::Deadline at = breaker_.probes_at();
    if (!is_unmarked()) {
        const std::lock_guard lock(mutex_);
        if (state_->refusal.bars(now))
            at = std::max(at, state_->refusal.due);
        at = std::max(at, state_->cools_until(hash_of(model), now).value_or(at));
    }
    return at > now ? std::optional(at) : std::nullopt;
}

void Standing::cool_until(std::string_view model, core::Deadline at)
{
    const std::lock_guard lock(mutex_);
    Rest& rest = state_->rest_of(model, core::Deadline::min());
    rest.until = std::max(rest.until, at);
    is_marked_.store(true, std::memory_order_release);
}

void Standing::end_cooling(std::string_view model)
{
    const std::lock_guard lock(mutex_);
    const auto hash = model.empty() ? 0 : hash_of(model);
    std::erase_if(state_->rests, [&](const Rest& rest) { return rest.hash == hash; });
    is_marked_.store(!state_->is_blank(), std::memory_order_release);
}

void Standing::clear()
{
    const std::lock_guard lock(mutex_);
    const unsigned probe = state_->refusal.probe;
    *state_ = State{};
    state_->refusal.probe = probe; // one that is on its way is not the next
    breaker_.reset();
    is_marked_.store(false, std::memory_order_release);
}

std::vector<Standing::Cooling> Standing::coolings(core::Deadline now) const
{
    std::vector<Cooling> all;
    const std::lock_guard lock(mutex_);
    for (const Rest& rest : state_->rests)
        if (!rest.is_over(now))
            all.push_back({rest.model, rest.until});
    return all;
}

std::optional<core::Deadline> Standing::refused_until(core::Deadline now) const
{
    const std::lock_guard lock(mutex_);
    const Refusal& refusal = state_->refusal;
    if (refusal.phase == Refusal::Phase::accepted)
        return std::nullopt;
    return std::max(refusal.due, now);
}

std::optional<core::Deadline> Standing::refused_at() const
{
    if (is_unmarked())
        return std::nullopt;
    const std::lock_guard lock(mutex_);
    const Refusal& refusal = state_->refusal;
    return refusal.phase == Refusal::Phase::accepted ? std::nullopt : std::optional(refusal.since);
}

} // namespace turngate::accounts
