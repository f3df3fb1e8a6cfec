#include "turngate/config/quantity.hpp"

#include <gtest/gtest.h>

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, ReadsDurationsWithAUnit)
{
    const std::pair<std::string_view, std::optional<std::chrono::milliseconds>> rows[] = {
        {"500ms", 500ms},
        {"30s", 30s},
        {"5m", 5min},
        {"1h", 1h},
        {"0", 0ms},
        {"0s", 0ms},
        {"30", {}},
        {"", {}},
        {"s", {}},
        {"-1s", {}},
        {"1 s", {}},
        {"1S", {}},
        {"1d", {}},
        {"1.5s", {}},
        {"9223372036854775807ms", std::chrono::milliseconds{INT64_MAX}},
        {"9223372036854775807h", {}},
        {"9223372036854775808ms", {}},
    };
    for (const auto& [text, value] : rows)
        EXPECT_EQ(parse_duration(text), value) << text;
}

TEST(Quantity, ReadsSizesWithOrWithoutAUnit)
{
    const std::pair<std::string_view, std::optional<std::uint64_t>> rows[] = {
        {"64KiB", 65'536},
        {"16MiB", 16'777'216},
        {"1GiB", 1'073'741'824},
        {"16777215", 16'777'215},
        {"0", 0},
        {"1KB", {}},
        {"1kib", {}},
        {"KiB", {}},
        {"", {}},
        {"-1", {}},
        {"9999999999999GiB", {}},
    };
    for (const auto& [text, value] : rows)
        EXPECT_EQ(parse_size(text), value) << text;
}

TEST(Quantity, ReadsDecimalsExactly)
{
    const std::pair<std::string_view, std::optional<std::int64_t>> rows[] = {
        {"25.00", 25'000'000'000},
        {"0.1", 100'000'000},
        {"0.000000001", 1},
        {"0", 0},
        {"0.0", 0},
        {"9223372036.854775807", INT64_MAX},
        {"9223372036.854775808", {}},
        {"99999999999999999999", {}},
        {"0.0000000001", {}},
        {"-1", {}},
        {"+1", {}},
        {".5", {}},
        {"5.", {}},
        {"1e3", {}},
        {"1.2.3", {}},
        {"", {}},
        {".", {}},
        {" 1", {}},
        {"0x10", {}},
        {"nan", {}},
    };
    for (const auto& [text, value] : rows)
        EXPECT_EQ(parse_decimal(text, 9), value) << text;
    EXPECT_EQ(parse_decimal("1.000001", 6), 1'000'001);
    EXPECT_EQ(parse_decimal("1.0000001", 6), std::nullopt);
}

TEST(Quantity, IsPrintedInTheLargestUnitThatLosesNothing)
{
    EXPECT_EQ(duration_text(0ms), "0");
    EXPECT_EQ(duration_text(1500ms), "1500ms");
    EXPECT_EQ(duration_text(90s), "90s");
    EXPECT_EQ(duration_text(2h), "2h");
    EXPECT_EQ(size_text(0), "0");
    EXPECT_EQ(size_text(1025), "1025");
    EXPECT_EQ(size_text(3 << 20), "3MiB");
}

} // namespace
} // namespace turngate::config
