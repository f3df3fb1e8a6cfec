#include "stored.hpp"

#include <gtest/gtest.h>

namespace turngate::state {
namespace {

Binding some_binding()
{
    return {.account = "main",
            .lane = "a",
            .connection = 7,
            .store = false,
            .context_tokens = 12,
            .pending_calls = {"call_1", "call_2"}};
}

TEST(Stored, BindingsAreReadBackByTheirOwnLife)
{
    const std::string text = store(some_binding(), "one/1");
    EXPECT_EQ(text, "1;4:main,1:a,5:one/1,1:7,1:0,2:12,1:2,6:call_1,6:call_2,0:,");
    const auto read = read_binding(text, "one/1");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->connection, 7u);
    EXPECT_EQ(read->pending_calls.size(), 2u);
}

TEST(Stored, BindingsKnowTheirSessionUnlessAnOlderGatewayWroteThem)
{
    Binding binding = some_binding();
    binding.session = core::sha256("a session");
    const std::string text = store(binding, "one/1");
    EXPECT_EQ(read_binding(text, "one/1")->session, binding.session);
    const std::string older = text.substr(0, text.rfind("64:"));
    ASSERT_TRUE(read_binding(older, "one/1"));
    EXPECT_FALSE(read_binding(older, "one/1")->session);
}

TEST(Stored, ConnectionsAreNobodyElses)
{
    const std::string text = store(some_binding(), "one/1");
    for (const char* other : {"two/1", "one/2", "one/", ""})
        EXPECT_EQ(read_binding(text, other)->connection, 0u) << other;
    EXPECT_EQ(read_binding(text, "two/1")->account, "main");
}

TEST(Stored, TextOfNoSenseIsNothing)
{
    const std::string text = store(some_binding(), "one/1");
    const std::string_view session = "0:,"; // the only part that an older gateway did not write
    for (std::size_t size = 0; size < text.size() - session.size(); ++size)
        EXPECT_FALSE(read_binding(text.substr(0, size), "one/1")) << size;
    for (const char* bad : {"2;4:main,1:a,5:one/1,1:7,1:0,2:12,1:0,",
                            "1;4:main,1:a,5:one/1,1:x,1:0,2:12,1:0,",
                            "1;4:main,1:a,5:one/1,1:7,1:0,2:12,9:999999999,",
                            "1;99999999999999999999:main,",
                            "1;5:main,",
                            "1;-1:,",
                            "{\"v\":1}"})
        EXPECT_FALSE(read_binding(bad, "one/1")) << bad;
}

TEST(Stored, FieldsOfALaterGatewayAreLeftAlone)
{
    EXPECT_TRUE(read_binding(store(some_binding(), "one/1") + "3:new,", "one/1"));
}

TEST(Stored, LanesKeepTheirTime)
{
    const StampedLane lane{{"main", "resp_1", R"(a\"b)"}, core::wall_now()};
    const auto read = read_lane(store(lane));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->at, lane.at);
    EXPECT_EQ(read->binding.last_response, "resp_1");
    EXPECT_EQ(read->binding.turn_state, R"(a\"b)");
    EXPECT_FALSE(read_lane("1;"));
    EXPECT_FALSE(read_lane(""));
}

} // namespace
} // namespace turngate::state
