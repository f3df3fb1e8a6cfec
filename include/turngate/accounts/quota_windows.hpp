#pragma once

#include "turngate/core/clock.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::accounts {

struct QuotaWindow
{
    std::string name; // primary, secondary: as the upstream calls it
    double used_percent = 0;
    core::Deadline resets_at; // from then on it says nothing
};

// What an account's upstream told of its quota windows. A name is never given up, so there are only
// a few: a vendor's. When two loops report the same window, the later report stays.
class QuotaWindows
{
public:
    static constexpr std::size_t kWindows = 8;
    static constexpr auto kUntold = std::chrono::minutes(5); // to reset, if the upstream is silent

    QuotaWindows() = default;
    QuotaWindows(const QuotaWindows&) = delete;
    QuotaWindows& operator=(const QuotaWindows&) = delete;
    ~QuotaWindows();

    // false: a name too many, or too long to be one
    bool report(std::string_view name, double used_percent, core::Deadline resets_at);

    double used_percent(core::Deadline now) const noexcept; // of the fullest; 0 if none is known
    std::vector<QuotaWindow> all(core::Deadline now) const;

private:
    struct Window
    {
        std::atomic<const std::string*> name{nullptr}; // owned; once set, it stays
        std::atomic<std::uint64_t> fill{0};            // second of its reset, percent used
    };

    Window* claim(std::string_view name);

    std::array<Window, kWindows> windows_;
};

} // namespace turngate::accounts
