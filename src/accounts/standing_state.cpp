#include "standing_state.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

// first, doubled with each time after it, up to the longest.
core::Clock::duration doubled(std::chrono::seconds first, unsigned times) noexcept
{
    const unsigned doublings = std::min(times - 1, 10U);
    return std::min<core::Clock::duration>(first * (1 << doublings), Standing::kLongest);
}

} // namespace

bool Refusal::bars(core::Deadline now) const noexcept
{
    return phase != Phase::accepted && now < due;
}

unsigned Refusal::begin_probe(core::Deadline now) noexcept
{
    if (phase == Phase::accepted)
        return 0;
    phase = Phase::probing;
    due = now + Standing::kProbeLife;
    return ++probe;
}

void Refusal::on_success(core::Deadline begun, unsigned its_probe) noexcept
{
    if (is_lost(its_probe))
        return;
    if (is_current(its_probe) || begun > since)
        phase = Phase::accepted;
    if (phase == Phase::accepted)
        times = 0;
}

void Refusal::on_refused(core::Deadline begun, unsigned its_probe, core::Deadline now) noexcept
{
    const bool is_news = phase == Phase::accepted || is_current(its_probe) || begun > since;
    if (!is_news || is_lost(its_probe))
        return;
    phase = Phase::refused;
    since = now;
    due = now + doubled(Standing::kFirstProbe, ++times);
}

void Refusal::on_other(unsigned its_probe) noexcept
{
    if (!is_current(its_probe))
        return;
    phase = Phase::refused;
    due = since; // over: the next may probe at once
}

void Rest::on_cools(core::Deadline begun,
                    std::optional<std::chrono::seconds> resets_in,
                    core::Deadline now) noexcept
{
    if (resets_in) {
        until = std::max(until, now + *resets_in);
        return;
    }
    if (times > 0 && begun <= since)
        return; // of the same wave of turns
    since = now;
    until = std::max(until, now + doubled(Standing::kFirstCooling, ++times));
}

Rest& Standing::State::rest_of(std::string_view model, core::Deadline now)
{
    const auto hash = model.empty() ? 0 : hash_of(model);
    std::erase_if(rests, [&](const Rest& rest) { return rest.is_forgotten(now); });
    const auto found = std::ranges::find(rests, hash, &Rest::hash);
    if (found != rests.end())
        return *found;
    if (rests.size() >= kMostRests)
        rests.erase(std::ranges::min_element(rests, {}, &Rest::until));
    return rests.emplace_back(Rest{.model = std::string(model), .hash = hash});
}

std::optional<core::Deadline> Standing::State::cools_until(std::uint64_t model,
                                                           core::Deadline now) const
{
    std::optional<core::Deadline> until;
    for (const Rest& rest : rests)
        if ((rest.hash == 0 || rest.hash == model) && !rest.is_over(now))
            until = std::max(rest.until, until.value_or(rest.until));
    return until;
}

void Standing::State::on_success(std::uint64_t model, core::Deadline begun)
{
    std::erase_if(rests, [&](const Rest& rest) {
        return (rest.hash == 0 || rest.hash == model) && begun >= rest.until;
    });
}

std::uint64_t hash_of(std::string_view model) noexcept
{
    return std::hash<std::string_view>{}(model) | 1;
}

} // namespace turngate::accounts
