#include "turngate/state/state_store.hpp"

#include "fakes/run.hpp"

#include <gtest/gtest.h>

#include <string>

namespace turngate::state {
namespace {

class MemoryStore : public testing::Test
{
protected:
    void bind(StateStore& store, std::string_view tenant, std::string_view id, Binding binding = {})
    {
        fakes::run(loop_, store.bind_response(tenant, id, std::move(binding)));
    }
    std::optional<Binding> find(StateStore& store, std::string_view tenant, std::string_view id)
    {
        return fakes::run(loop_, store.find_response(tenant, id));
    }
    int known(StateStore& store, int ids)
    {
        int count = 0;
        for (int i = 0; i < ids; ++i)
            count += find(store, "t", "resp_" + std::to_string(i)).has_value();
        return count;
    }

    net::Loop loop_{0};
};

TEST_F(MemoryStore, FindsWhatWasBound)
{
    const auto store = make_memory_store();
    bind(*store,
         "default/alice",
         "resp_1",
         {.account = "main", .connection = 7, .store = false, .context_tokens = 42});
    const auto found = find(*store, "default/alice", "resp_1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->account, "main");
    EXPECT_EQ(found->connection, 7u);
    EXPECT_FALSE(found->store);
    EXPECT_EQ(found->context_tokens, 42);
}

TEST_F(MemoryStore, KnowsNothingElse)
{
    const auto store = make_memory_store();
    EXPECT_FALSE(find(*store, "default/alice", "resp_1"));
    bind(*store, "default/alice", "resp_1");
    EXPECT_FALSE(find(*store, "default/alice", "resp_2"));
    EXPECT_FALSE(find(*store, "default/alice", ""));
}

TEST_F(MemoryStore, ShowsNobodyAnotherTenantsResponse)
{
    const auto store = make_memory_store();
    bind(*store, "default/alice", "resp_1");
    for (const char* tenant :
         {"default/bob", "other/alice", "default/alic", "default/alicer", "default", ""})
        EXPECT_FALSE(find(*store, tenant, "resp_1")) << tenant;
    EXPECT_FALSE(find(*store, "default/alicer", "esp_1"));
    EXPECT_FALSE(find(*store, "default/alice", std::string("\0resp_1", 7)));
}

TEST_F(MemoryStore, KeepsEqualIdsOfTwoTenantsApart)
{
    const auto store = make_memory_store();
    bind(*store, "a", "resp_1", {.account = "one"});
    bind(*store, "b", "resp_1", {.account = "two"});
    EXPECT_EQ(find(*store, "a", "resp_1")->account, "one");
    EXPECT_EQ(find(*store, "b", "resp_1")->account, "two");
}

TEST_F(MemoryStore, TakesTheLastBindingOfAnId)
{
    const auto store = make_memory_store();
    bind(*store, "t", "resp_1", {.account = "one"});
    bind(*store, "t", "resp_1", {.account = "two"});
    EXPECT_EQ(find(*store, "t", "resp_1")->account, "two");
}

TEST_F(MemoryStore, StaysWithinItsBytesAndDropsTheOldest)
{
    constexpr int kCount = 5'000;
    const auto store = make_memory_store({.bytes = 256 << 10});
    for (int i = 0; i < kCount; ++i)
        bind(*store, "t", "resp_" + std::to_string(i), {.account = "main"});
    const int left = known(*store, kCount);
    EXPECT_GT(left, 250);
    EXPECT_LT(left, (256 << 10) / 128); // no entry costs less than 128 bytes
    EXPECT_TRUE(find(*store, "t", "resp_" + std::to_string(kCount - 1)));
    EXPECT_FALSE(find(*store, "t", "resp_0"));
}

TEST_F(MemoryStore, CountsABindingThatGrew)
{
    constexpr int kCount = 1'000;
    const auto store = make_memory_store({.bytes = 1 << 20});
    for (int i = 0; i < kCount; ++i)
        bind(*store, "t", "resp_" + std::to_string(i), {.account = "a"});
    EXPECT_EQ(known(*store, kCount), kCount);
    for (int i = 0; i < kCount; ++i)
        bind(*store, "t", "resp_" + std::to_string(i), {.account = std::string(10'000, 'a')});
    EXPECT_LE(known(*store, kCount), (1 << 20) / 10'000 + 16); // a shard keeps at least its newest
}

} // namespace
} // namespace turngate::state
