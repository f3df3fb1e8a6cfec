#include "turngate/accounts/load_trend.hpp"

#include "float_pair.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr double kSteep = 0.05; // behaviour.md section 6: 5 % per second

} // namespace

void LoadTrend::sample(double load, core::Deadline now) noexcept
{
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto label = static_cast<std::uint32_t>(seconds + 1); // 0 is a place never written
    auto& place = samples_[label % kSamples];
    if (high_of(place.load(kRelaxed)) == label)
        return;
    place.store(pack(label, static_cast<float>(load)), kRelaxed);
    trend_.store(1 - std::clamp(slope(label) / kSteep, 0.0, 1.0), kRelaxed);
}

double LoadTrend::slope(std::uint32_t second) const noexcept
{
    double n = 0, x_sum = 0, y_sum = 0, xx_sum = 0, xy_sum = 0;
    for (const auto& place : samples_) {
        const auto word = place.load(kRelaxed);
        const std::uint32_t age = second - high_of(word);
        if (word == 0 || age >= kSamples)
            continue;
        const double x = -static_cast<double>(age);
        const double y = low_float(word);
        n += 1;
        x_sum += x;
        y_sum += y;
        xx_sum += x * x;
        xy_sum += x * y;
    }
    const double spread = n * xx_sum - x_sum * x_sum;
    return spread > 0 ? (n * xy_sum - x_sum * y_sum) / spread : 0;
}

} // namespace turngate::accounts
