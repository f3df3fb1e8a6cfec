#include "redis_keys.hpp"

#include "instance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace turngate::state {
namespace {

// The slot of a key in a cluster, as Redis has it: CRC-16/XMODEM of what is between the first { and
// the next }, if that is something.
unsigned cluster_slot(std::string_view key)
{
    if (const auto begin = key.find('{'); begin != key.npos) {
        const auto end = key.find('}', begin);
        if (end != key.npos && end > begin + 1)
            key = key.substr(begin + 1, end - begin - 1);
    }
    std::uint16_t crc = 0;
    for (const char c : key) {
        crc = static_cast<std::uint16_t>(crc ^ (static_cast<unsigned char>(c) << 8));
        for (int bit = 0; bit < 8; ++bit)
            crc = static_cast<std::uint16_t>(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc % 16'384;
}

const std::string kNames[] = {"alice",
                              "",
                              "{",
                              "}",
                              "{}",
                              "}{",
                              "a}b",
                              "default/alice",
                              "ümläut",
                              "a b:c",
                              std::string("\0", 1)};

TEST(RedisKeys, ClusterSlotsAreCountedAsRedisDoes)
{
    EXPECT_EQ(cluster_slot("123456789"), 0x31c3u % 16'384);
    EXPECT_EQ(cluster_slot("{user1000}.following"), cluster_slot("{user1000}.followers"));
}

TEST(RedisKeys, OfOneScriptAreInOneClusterSlot)
{
    for (const std::string& name : kNames) {
        const SlotKeys keys(name);
        EXPECT_EQ(cluster_slot(keys.held), cluster_slot(keys.queue)) << name;
        EXPECT_EQ(cluster_slot(keys.held), cluster_slot(keys.seen)) << name;
    }
}

TEST(RedisKeys, OfOneTurnsPipelineAreInOneClusterSlot)
{
    for (const std::string& tenant : kNames)
        for (const char* id : {"resp_1", "{x}", "}", ""})
            EXPECT_EQ(cluster_slot(response_key(tenant, id)), cluster_slot(lane_key(tenant, "s/")))
                << tenant;
}

TEST(RedisKeys, AreAllDifferent)
{
    std::set<std::string> keys;
    std::size_t count = 0;
    const auto add = [&](std::string key) {
        EXPECT_TRUE(keys.insert(key).second) << key;
        ++count;
    };
    for (const std::string& name : kNames) {
        for (const char* id : {"x", "}:r:x", ":l:x"}) {
            add(response_key(name, id));
            add(lane_key(name, id));
        }
        add(rate_key(name));
        add(budget_key(name));
        add(SlotKeys(name).held);
        add(instance_slots_key(name));
        add(instance_seen_key(name));
    }
    add(kBulletinKey);
    EXPECT_EQ(keys.size(), count);
}

TEST(RedisKeys, AreShortWhateverTheIdIs)
{
    const std::string longer(1'000'000, 'x');
    EXPECT_LT(response_key("t", longer).size(), 100u);
    EXPECT_NE(response_key("t", longer), response_key("t", longer + "x"));
}

TEST(RedisKeys, OfALongIdAreNobodyElses)
{
    const std::string longer(300, 'x');
    EXPECT_NE(response_key("t", longer), response_key("t", "#" + core::sha256(longer).hex()));
}

TEST(RedisKeys, OfOneGatewaysLivesAreNotAnothers)
{
    const Instance a("a");
    for (const char* name : {"a/b", "a:b", "ab", "a%3A", ""})
        EXPECT_FALSE(Instance(name).life.starts_with(a.lives)) << name;
    EXPECT_TRUE(Instance("a").life.starts_with(a.lives));
}

} // namespace
} // namespace turngate::state
