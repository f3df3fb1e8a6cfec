#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

// Calls and what answers them: never one without the other.
namespace turngate::conversation {
namespace {

using Ids = std::vector<std::string>;

TEST(ChainCalls, KeepsACallWithItsOutputWhateverItsKind)
{
    for (const std::string_view type : {"function_call",
                                        "custom_tool_call",
                                        "shell_call",
                                        "local_shell_call",
                                        "apply_patch_call",
                                        "computer_call",
                                        "future_call"}) {
        ChainUnderTest t;
        t.add("r1", "", array(user("1")), {call("c1", type)});
        EXPECT_EQ(t.chain.pending_calls("r1"), Ids{"c1"}) << type;
        EXPECT_EQ(t.rebuild("r1", array(output("c1", type)), "b"),
                  array(user("1"), call("c1", type), output("c1", type)));
        t.add("r2", "r1", array(output("c1", type)), {said("done")});
        EXPECT_TRUE(t.chain.pending_calls("r2").empty()) << type;
        EXPECT_EQ(t.rebuild("r2"),
                  array(user("1"), call("c1", type), output("c1", type), said("done")));
    }
}

TEST(ChainCalls, PairsApprovalsByTheIdOfTheirRequest)
{
    const std::string request = R"({"id":"mcpr_1","type":"mcp_approval_request","name":"f"})";
    const std::string yes =
        R"({"type":"mcp_approval_response","approval_request_id":"mcpr_1","approve":true})";
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {request});
    EXPECT_EQ(t.chain.pending_calls("r1"), Ids{"mcpr_1"});
    EXPECT_EQ(t.rebuild("r1", array(yes)), array(user("1"), request, yes));
    EXPECT_EQ(t.rebuild("r1", array(user("no"))), array(user("1"), request, user("no")));
    t.add("r2", "r1", array(yes));
    EXPECT_TRUE(t.chain.pending_calls("r2").empty());
    EXPECT_EQ(t.rebuild("r2", array(yes)), "-");
}

TEST(ChainCalls, KeepsTheIdThatALocalShellOutputAnswersBy)
{
    const std::string answer = R"({"type":"local_shell_call_output","id":"c1","output":"o"})";
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1", "local_shell_call")});
    EXPECT_EQ(t.rebuild("r1", array(answer)),
              array(user("1"), call("c1", "local_shell_call"), answer));
}

TEST(ChainCalls, PairsALocalShellByItsIdIfItHasNoOther)
{
    const std::string request = R"({"id":"lsh_1","type":"local_shell_call","status":"completed"})";
    const std::string answer = R"({"type":"local_shell_call_output","id":"lsh_1","output":"o"})";
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {request});
    EXPECT_EQ(t.chain.pending_calls("r1"), Ids{"lsh_1"});
    EXPECT_EQ(t.rebuild("r1", array(user("2"))), "-");
    EXPECT_EQ(t.rebuild("r1", array(answer)), array(user("1"), request, answer));
}

TEST(ChainCalls, TakesOutputsOfParallelCallsInOneCreate)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1"), call("c2")});
    EXPECT_EQ(t.chain.pending_calls("r1"), (Ids{"c1", "c2"}));
    const std::string answers = array(output("c2"), output("c1"));
    EXPECT_EQ(t.rebuild("r1", answers),
              array(user("1"), call("c1"), call("c2"), output("c2"), output("c1")));
    EXPECT_EQ(t.rebuild("r1", array(user("2"), output("c2"), output("c1"))),
              array(user("1"), call("c1"), call("c2"), user("2"), output("c2"), output("c1")));
}

TEST(ChainCalls, TakesOutputsOfParallelCallsInTwoCreates)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1"), call("c2")});
    EXPECT_EQ(t.rebuild("r1", array(output("c1"))), "-");
    t.add("r2", "r1", array(output("c1")), {said("half")});
    EXPECT_EQ(t.chain.pending_calls("r2"), Ids{"c2"});
    EXPECT_EQ(t.rebuild("r2"), "-");
    EXPECT_EQ(t.rebuild("r2", array(user("2"))), "-");
    EXPECT_EQ(t.rebuild("r2", array(output("c2"))),
              array(user("1"), call("c1"), call("c2"), output("c1"), said("half"), output("c2")));
    t.add("r3", "r2", array(output("c2")), {said("done")});
    EXPECT_TRUE(t.chain.pending_calls("r3").empty());
    EXPECT_NE(t.rebuild("r3", array(user("2"))), "-");
}

TEST(ChainCalls, LeavesCallsOpenOnlyAtTheVeryEnd)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1")});
    EXPECT_EQ(t.rebuild("r1"), array(user("1"), call("c1")));
    EXPECT_EQ(t.rebuild("r1", array(user("2"))), "-");
    EXPECT_EQ(t.rebuild("r1", "\"2\""), "-");
    t.add("r2", "", array(user("1"), call("c2")), {said("ignored")});
    EXPECT_EQ(t.rebuild("r2"), "-");
    EXPECT_EQ(t.rebuild("r2", array(output("c2"))),
              array(user("1"), call("c2"), said("ignored"), output("c2")));
}

TEST(ChainCalls, LetsCallsOfUnknownKindsGoUnanswered)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1", "hosted_future_call")});
    EXPECT_EQ(t.rebuild("r1", array(user("2"))),
              array(user("1"), call("c1", "hosted_future_call"), user("2")));
}

TEST(ChainCalls, RefusesOutputsWithoutACall)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1")});
    for (const std::string& bad : {array(output("c2")),
                                   array(output("c1"), output("c1")),
                                   array(output("c1"), output("c2")),
                                   array(output("")),
                                   array(R"({"type":"function_call_output","output":"o"})"),
                                   array(output("c3"), call("c3"), output("c1"))}) {
        EXPECT_EQ(t.rebuild("r1", bad), "-") << bad;
        t.add("r2", "r1", bad);
        EXPECT_FALSE(t.chain.is_complete("r2", "a")) << bad;
    }
    EXPECT_TRUE(t.chain.is_complete("r1", "a"));
}

TEST(ChainCalls, TakesPairsThatTheClientSendsWhole)
{
    ChainUnderTest t;
    const std::string history = array(user("1"), call("c1"), output("c1"), said("one"));
    t.add("r1", "", history);
    EXPECT_EQ(t.rebuild("r1"), history);
    EXPECT_EQ(t.rebuild("r1", array(call("c2"), output("c2"))),
              array(user("1"), call("c1"), output("c1"), said("one"), call("c2"), output("c2")));
}

TEST(ChainCalls, TakesOutputsThatTheServerMade)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1", "shell_call"), output("c1", "shell_call")});
    EXPECT_TRUE(t.chain.pending_calls("r1").empty());
    EXPECT_NE(t.rebuild("r1", array(user("2"))), "-");
}

TEST(ChainCalls, TakesAnIdThatIsUsedAgain)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c")});
    t.add("r2", "r1", array(output("c")), {call("c")});
    EXPECT_EQ(t.chain.pending_calls("r2"), Ids{"c"});
    EXPECT_EQ(t.rebuild("r2", array(output("c"))),
              array(user("1"), call("c"), output("c"), call("c"), output("c")));
}

TEST(ChainCalls, ReadsIdsThatAreWrittenWithEscapes)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {R"({"type":"function_call","call_id":"\u0063\"é"})"});
    EXPECT_EQ(t.chain.pending_calls("r1"), Ids{"c\"é"});
    const std::string answer = R"({"type":"function_call_output","call_id":"c\u0022\u00e9"})";
    EXPECT_NE(t.rebuild("r1", array(answer)), "-");
}

TEST(ChainCalls, BoundsCallsThatNobodyAnswers)
{
    ChainUnderTest t;
    std::string parent;
    for (int i = 0; i < 1'000; ++i) {
        const std::string id = "r" + std::to_string(i);
        t.add(id, parent, array(user("1")), {call("c" + std::to_string(i))});
        parent = id;
    }
    EXPECT_EQ(t.chain.pending_calls(parent).size(), 256u);
    EXPECT_EQ(t.chain.pending_calls(parent).back(), "c999");
    EXPECT_FALSE(t.chain.is_complete(parent, "a"));
}

} // namespace
} // namespace turngate::conversation
