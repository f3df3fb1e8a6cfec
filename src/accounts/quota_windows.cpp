#include "turngate/accounts/quota_windows.hpp"

#include "float_pair.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace turngate::accounts {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::size_t kMaxName = 64;

std::uint32_t second_of(core::Deadline at) noexcept
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(at.time_since_epoch()).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, UINT32_MAX));
}

bool is_open(std::uint64_t fill, core::Deadline now) noexcept
{
    return core::Deadline(std::chrono::seconds(high_of(fill))) > now;
}

} // namespace

QuotaWindows::~QuotaWindows()
{
    for (const Window& window : windows_)
        delete window.name.load(kRelaxed);
}

QuotaWindows::Window* QuotaWindows::claim(std::string_view name)
{
    std::unique_ptr<const std::string> ours;
    for (Window& window : windows_) {
        const std::string* known = window.name.load(std::memory_order_acquire);
        if (!known) {
            if (!ours)
                ours = std::make_unique<const std::string>(name);
            if (window.name.compare_exchange_strong(known, ours.get(), std::memory_order_acq_rel)) {
                ours.release();
                return &window;
            }
        }
        if (*known == name)
            return &window;
    }
    return nullptr;
}

bool QuotaWindows::report(std::string_view name, double used_percent, core::Deadline resets_at)
{
    if (!std::isfinite(used_percent) || name.size() > kMaxName)
        return false;
    Window* window = claim(name);
    if (window)
        window->fill.store(
            pack(second_of(resets_at), static_cast<float>(std::clamp(used_percent, 0.0, 100.0))),
            kRelaxed);
    return window != nullptr;
}

double QuotaWindows::used_percent(core::Deadline now) const noexcept
{
    double fullest = 0;
    for (const Window& window : windows_) {
        const auto fill = window.fill.load(kRelaxed);
        if (is_open(fill, now))
            fullest = std::max<double>(fullest, low_float(fill));
    }
    return fullest;
}

std::vector<QuotaWindow> QuotaWindows::all(core::Deadline now) const
{
    std::vector<QuotaWindow> all;
    for (const Window& window : windows_) {
        const std::string* name = window.name.load(std::memory_order_acquire);
        const auto fill = window.fill.load(kRelaxed);
        if (name && is_open(fill, now))
            all.push_back(
                {*name, low_float(fill), core::Deadline(std::chrono::seconds(high_of(fill)))});
    }
    return all;
}

} // namespace turngate::accounts
