#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace turngate::core {
namespace {

std::int64_t milliseconds_of(const std::string& uuid)
{
    return std::stoll(uuid.substr(0, 8) + uuid.substr(9, 4), nullptr, 16);
}

std::int64_t now_in_milliseconds()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch())
        .count();
}

TEST(Uuid7, HasVersionAndVariantInCanonicalText)
{
    const std::regex canonical(
        "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (int i = 0; i < 100; ++i) {
        const std::string id = uuid7();
        EXPECT_TRUE(std::regex_match(id, canonical)) << id;
    }
}

TEST(Uuid7, BeginsWithTheTimeOfItsMaking)
{
    const auto before = now_in_milliseconds();
    const auto made = milliseconds_of(uuid7());
    EXPECT_LE(before, made);
    EXPECT_LE(made, now_in_milliseconds());
}

TEST(Uuid7, SortsByTheMillisecondOfItsMaking)
{
    const std::string first = uuid7();
    while (now_in_milliseconds() <= milliseconds_of(first))
        std::this_thread::yield();
    EXPECT_LT(first, uuid7());
}

TEST(Uuid7, NeverComesTwice)
{
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i)
        seen.insert(uuid7());
    EXPECT_EQ(seen.size(), 10'000u);
}

TEST(Random, DiffersFromCallToCallAndThreadToThread)
{
    std::set<std::uint32_t> seen;
    std::vector<std::uint32_t> elsewhere(300);
    std::thread other([&] {
        for (auto& value : elsewhere)
            value = random_u32();
    });
    for (int i = 0; i < 300; ++i)
        seen.insert(random_u32());
    other.join();
    seen.insert(elsewhere.begin(), elsewhere.end());
    EXPECT_GT(seen.size(), 590u); // 600 draws of 2^32: one chance in 10^50 for less
}

TEST(Sha256, AgreesWithThePublishedVectors)
{
    EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc").hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, ComparesAsAValue)
{
    EXPECT_TRUE(equal_in_constant_time(sha256("key"), sha256("key")));
    Digest other = sha256("key");
    other.bytes.back() ^= 1;
    EXPECT_FALSE(equal_in_constant_time(sha256("key"), other));
    EXPECT_NE(sha256("key"), other);
    EXPECT_EQ(sha256("key").prefix(), other.prefix());
    EXPECT_NE(sha256("key").prefix(), sha256("another").prefix());
}

} // namespace
} // namespace turngate::core
