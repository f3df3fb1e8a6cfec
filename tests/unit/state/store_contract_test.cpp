#include <gtest/gtest.h>

#include "gateways.hpp"

namespace turngate::state::test {
namespace {

// What every StateStore promises, whatever it is made of.
class Store : public testing::TestWithParam<Backend>
{
protected:
    Store() : gateway_(gateway_of(loop_, GetParam())) { gateway_.until_up(); }

    void bind(std::string_view tenant, std::string_view id, Binding binding = {})
    {
        fakes::run(loop_, store().bind_response(tenant, id, std::move(binding)));
    }
    std::optional<Binding> find(std::string_view tenant, std::string_view id)
    {
        return fakes::run(loop_, store().find_response(tenant, id));
    }
    void bind_lane(std::string_view tenant, std::string_view session, LaneBinding lane)
    {
        fakes::run(loop_, store().bind_lane(tenant, session, std::move(lane)));
    }
    std::optional<LaneBinding> find_lane(std::string_view tenant, std::string_view session)
    {
        return fakes::run(loop_, store().find_lane(tenant, session));
    }
    StateStore& store() { return gateway_.state->store(); }

    net::Loop loop_{0};
    Gateway gateway_;
};

TEST_P(Store, FindsWhatWasBound)
{
    const std::string odd("call\0,7:{}\xff\n", 12);
    bind("default/alice",
         "resp_1",
         {.account = "main",
          .lane = "sub agent",
          .connection = 7,
          .store = false,
          .context_tokens = 42,
          .pending_calls = {"call_1", "", odd}});
    const auto found = find("default/alice", "resp_1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->account, "main");
    EXPECT_EQ(found->lane, "sub agent");
    EXPECT_EQ(found->connection, 7u);
    EXPECT_FALSE(found->store);
    EXPECT_EQ(found->context_tokens, 42);
    EXPECT_EQ(found->pending_calls, (std::vector<std::string>{"call_1", "", odd}));
}

TEST_P(Store, KnowsNothingElse)
{
    EXPECT_FALSE(find("default/alice", "resp_1"));
    bind("default/alice", "resp_1");
    EXPECT_FALSE(find("default/alice", "resp_2"));
    EXPECT_FALSE(find("default/alice", ""));
    EXPECT_FALSE(find_lane("default/alice", "resp_1"));
}

TEST_P(Store, ShowsNobodyAnotherTenantsResponse)
{
    bind("default/alice", "resp_1");
    for (const char* tenant :
         {"default/bob", "other/alice", "default/alic", "default/alicer", "default", ""})
        EXPECT_FALSE(find(tenant, "resp_1")) << tenant;
    EXPECT_FALSE(find("default/alicer", "esp_1"));
    EXPECT_FALSE(find("default/alice", std::string("\0resp_1", 7)));
}

TEST_P(Store, KeepsNamesWithBracesAndColonsApart)
{
    bind("a", "}:r:x", {.account = "one"});
    EXPECT_FALSE(find("a}:r:", "x"));
    EXPECT_FALSE(find("a}", ":r:x"));
    bind("{a}", "x", {.account = "two"});
    EXPECT_EQ(find("{a}", "x")->account, "two");
    EXPECT_FALSE(find("a", "x"));
}

TEST_P(Store, KeepsEqualIdsOfTwoTenantsApart)
{
    bind("a", "resp_1", {.account = "one"});
    bind("b", "resp_1", {.account = "two"});
    EXPECT_EQ(find("a", "resp_1")->account, "one");
    EXPECT_EQ(find("b", "resp_1")->account, "two");
}

TEST_P(Store, TakesTheLastBindingOfAnId)
{
    bind("t", "resp_1", {.account = "one"});
    bind("t", "resp_1", {.account = "two"});
    EXPECT_EQ(find("t", "resp_1")->account, "two");
    bind_lane("t", "session/", {"one", "resp_1", ""});
    bind_lane("t", "session/", {"two", "resp_2", R"(turn \"state\")"});
    const auto lane = find_lane("t", "session/");
    ASSERT_TRUE(lane);
    EXPECT_EQ(lane->account, "two");
    EXPECT_EQ(lane->last_response, "resp_2");
    EXPECT_EQ(lane->turn_state, R"(turn \"state\")");
}

TEST_P(Store, ForgetsAResponseOfOneTenant)
{
    bind("a", "resp_1", {.account = "one"});
    bind("b", "resp_1", {.account = "two"});
    bind("a", "resp_2", {.account = "one"});
    fakes::run(loop_, store().forget_response("a", "resp_1"));
    fakes::run(loop_, store().forget_response("a", "resp_3")); // which never was
    EXPECT_FALSE(find("a", "resp_1"));
    EXPECT_TRUE(find("b", "resp_1"));
    EXPECT_TRUE(find("a", "resp_2"));
    bind("a", "resp_1", {.account = "three"});
    EXPECT_EQ(find("a", "resp_1")->account, "three");
}

TEST_P(Store, TakesIdsOfAnyLength)
{
    const std::string longer(100'000, 'x');
    bind("t", longer, {.account = "one"});
    bind("t", longer + "y", {.account = "two"});
    EXPECT_EQ(find("t", longer)->account, "one");
    EXPECT_EQ(find("t", longer + "y")->account, "two");
}

INSTANTIATE_TEST_SUITE_P(Contract, Store, kEveryBackend, [](const auto& info) {
    return name_of(info.param);
});

} // namespace
} // namespace turngate::state::test
