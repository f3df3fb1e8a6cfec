#include "turngate/accounts/error_rate.hpp"

#include "float_pair.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr float kQuick = 0.5F; // behaviour.md section 6
constexpr float kSlow = 0.1F;

} // namespace

void ErrorRate::count(Outcome::Kind outcome) noexcept
{
    if (outcome != Outcome::success && outcome != Outcome::fault)
        return;
    const float sample = outcome == Outcome::fault ? 1.0F : 0.0F;
    auto word = averages_.load(kRelaxed);
    std::uint64_t next;
    do {
        const float quick = high_float(word);
        const float slow = low_float(word);
        next = pack(quick + kQuick * (sample - quick), slow + kSlow * (sample - slow));
    } while (next != word && !averages_.compare_exchange_weak(word, next, kRelaxed));
    samples_.fetch_add(1, kRelaxed);
}

double ErrorRate::value() const noexcept
{
    const auto word = averages_.load(kRelaxed);
    return std::max(high_float(word), low_float(word));
}

} // namespace turngate::accounts
