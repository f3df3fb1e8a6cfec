#include "turngate/accounts/quota_reading.hpp"

#include <gtest/gtest.h>

namespace turngate::accounts {
namespace {

using namespace std::chrono_literals;

const core::Timestamp kWall{std::chrono::seconds(1'000'000)};
const core::Deadline kNow{std::chrono::hours(5)};

TEST(QuotaReading, TakesTheWindowsOfAHandshake)
{
    net::HttpHeaders headers;
    headers.add("x-codex-primary-used-percent", "91.5");
    headers.add("x-codex-primary-reset-after-seconds", "60");
    headers.add("X-Codex-Secondary-Used-Percent", "3");
    headers.add("x-codex-secondary-reset-at", "1000120");
    const auto windows = read_quota(headers, kWall, kNow);
    ASSERT_EQ(windows.size(), 2u);
    EXPECT_EQ(windows[0].name, "primary");
    EXPECT_DOUBLE_EQ(windows[0].used_percent, 91.5);
    EXPECT_EQ(windows[0].resets_at, kNow + 60s);
    EXPECT_EQ(windows[1].name, "secondary");
    EXPECT_EQ(windows[1].resets_at, kNow + 120s);
}

TEST(QuotaReading, TakesTheWindowsOfAnEvent)
{
    const auto windows = read_quota(
        R"({"type":"codex.rate_limits","rate_limits":{"allowed":true,"primary":{"used_percent":42,)"
        R"("reset_at":1000030},"secondary":{"used_percent":7.5}}})",
        kWall,
        kNow);
    ASSERT_EQ(windows.size(), 2u);
    EXPECT_DOUBLE_EQ(windows[0].used_percent, 42);
    EXPECT_EQ(windows[0].resets_at, kNow + 30s);
    EXPECT_EQ(windows[1].resets_at, kNow + QuotaWindows::kUntold);
}

TEST(QuotaReading, TakesNothingFromWhatIsNoQuota)
{
    net::HttpHeaders headers;
    headers.add("x-codex-primary-used-percent", "much");
    EXPECT_TRUE(read_quota(headers, kWall, kNow).empty());
    for (const char* event : {"",
                              "[]",
                              "{}",
                              "nonsense",
                              R"({"rate_limits":7})",
                              R"({"rate_limits":{"primary":7}})",
                              R"({"rate_limits":{"primary":{"used_percent":"7"}}})"})
        EXPECT_TRUE(read_quota(std::string_view(event), kWall, kNow).empty()) << event;
}

} // namespace
} // namespace turngate::accounts
