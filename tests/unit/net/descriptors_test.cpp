#include "turngate/net/descriptors.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

namespace turngate::net::test {
namespace {

TEST(Descriptors, AreDividedSoThatEachClientHasItsUpstream)
{
    for (const long limit : {64L, 128L, 1'000L, 1'024L, 20'000L, 524'288L, 1L << 40, -1L}) {
        const Descriptors all = divide(limit);
        EXPECT_GE(all.reserve, 32) << limit;
        EXPECT_LE(all.reserve, 1'024) << limit;
        EXPECT_GT(all.clients(), 0u) << limit;
        EXPECT_LE(2 * all.clients() + static_cast<unsigned>(all.reserve),
                  static_cast<unsigned>(all.most))
            << limit;
        EXPECT_EQ(all.below() + all.reserve, all.most) << limit;
    }
    EXPECT_EQ(divide(1'024).clients(), 448u);
    EXPECT_EQ(divide(10).clients(), 0u); // nobody, but no nonsense
}

TEST(Descriptors, AreRaisedToTheHardLimit)
{
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit low{std::min<rlim_t>(before.rlim_max, 256), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    const Descriptors all = descriptors();
    rlimit after{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
    EXPECT_EQ(static_cast<rlim_t>(all.most), std::min<rlim_t>(before.rlim_max, 1 << 30));
    ::setrlimit(RLIMIT_NOFILE, &before);
}

} // namespace
} // namespace turngate::net::test
