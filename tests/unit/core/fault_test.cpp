#include "turngate/core/fault.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace turngate::core {
namespace {

constexpr auto kLast = static_cast<int>(FaultCode::upstream_error);

TEST(Fault, EveryCodeHasANameOfItsOwn)
{
    std::set<std::string_view> names;
    for (int i = 0; i <= kLast; ++i)
        names.insert(name_of(static_cast<FaultCode>(i)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast) + 1);
    EXPECT_FALSE(names.contains("unknown"));
    EXPECT_EQ(name_of(FaultCode::client_gone), "client_gone");
    EXPECT_EQ(name_of(FaultCode::upstream_error), "upstream_error");
}

TEST(Fault, EveryCodeCarriesItsSide)
{
    for (int i = 0; i <= kLast; ++i) {
        const auto code = static_cast<FaultCode>(i);
        const Side expected = code >= FaultCode::dial_failed  ? Side::upstream
                              : code >= FaultCode::no_account ? Side::gateway
                                                              : Side::client;
        EXPECT_EQ(side_of(code), expected) << name_of(code);
    }
}

TEST(Fault, IsTriviallyDestructible)
{
    EXPECT_TRUE(std::is_trivially_destructible_v<Fault>);
}

TEST(Fault, AnUncheckedOneIsABugThatNamesItself)
{
    const Result<int> result = Fault{FaultCode::upstream_lost, {}, "test"};
    try {
        static_cast<void>(result.value());
        FAIL() << "no exception";
    } catch (const std::logic_error& bug) {
        EXPECT_NE(std::string(bug.what()).find("upstream_lost"), std::string::npos) << bug.what();
    }
}

} // namespace
} // namespace turngate::core
