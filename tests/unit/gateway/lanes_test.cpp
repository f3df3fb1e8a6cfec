#include "lanes.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway::test {
namespace {

using Verdict = Lanes::Verdict;

WaitingTurn turn(const std::string& lane, const std::string& name)
{
    WaitingTurn waiting;
    if (!lane.empty())
        waiting.create.stream_id = lane;
    waiting.frame = name;
    return waiting;
}

class LanesTest : public testing::Test
{
protected:
    void enqueue(const std::string& lane, const std::string& name)
    {
        ASSERT_EQ(lanes.admits(lane), Verdict::fine);
        lanes.enqueue(turn(lane, name));
    }
    // Names of all turns that may begin now.
    std::vector<std::string> begun()
    {
        std::vector<std::string> names;
        while (auto start = lanes.next())
            names.push_back(start->turn.frame);
        return names;
    }
    void end(const std::string& lane) { lanes.end(*lanes.find(lane)); }

    using Names = std::vector<std::string>;
    Lanes lanes;
};

TEST_F(LanesTest, RunsTheTurnsOfALaneOneAfterTheOther)
{
    enqueue("a", "1");
    enqueue("a", "2");
    EXPECT_EQ(begun(), Names{"1"});
    EXPECT_EQ(begun(), Names{});
    end("a");
    EXPECT_EQ(begun(), Names{"2"});
    end("a");
    EXPECT_TRUE(lanes.is_idle());
}

TEST_F(LanesTest, RunsDifferentLanesAtTheSameTime)
{
    enqueue("a", "a1");
    enqueue("", "d1");
    enqueue("a", "a2");
    enqueue("b", "b1");
    EXPECT_EQ(begun(), (Names{"a1", "d1", "b1"}));
    EXPECT_EQ(lanes.running(), 3u);
}

TEST_F(LanesTest, KnowWhatBeginsAtOnce)
{
    EXPECT_TRUE(lanes.begins_at_once("a"));
    enqueue("a", "1");
    EXPECT_FALSE(lanes.begins_at_once("a"));
    EXPECT_FALSE(lanes.begins_at_once("b")); // not before that one
    begun();
    EXPECT_FALSE(lanes.begins_at_once("a"));
    EXPECT_TRUE(lanes.begins_at_once("b"));
    for (std::size_t i = 1; i < Lanes::kMaxRunning; ++i)
        enqueue("lane-" + std::to_string(i), "x");
    begun();
    EXPECT_FALSE(lanes.begins_at_once("b")); // all sixteen run
    end("a");
    EXPECT_TRUE(lanes.begins_at_once("a"));
}

TEST_F(LanesTest, GiveBackWhatAWaitingTurnHeld)
{
    core::ByteBudget budget(100);
    const auto held = [&](const std::string& name) {
        WaitingTurn waiting = turn("a", name);
        waiting.of_all = core::ByteBudget::Share(budget);
        EXPECT_TRUE(waiting.of_all.resize(30));
        return waiting;
    };
    enqueue("a", "1");
    lanes.enqueue(held("2"));
    lanes.enqueue(held("3"));
    EXPECT_EQ(budget.held(), 60u);
    begun();
    end("a");
    begun(); // the second has begun
    EXPECT_EQ(budget.held(), 30u);
    lanes.drop_waiting();
    EXPECT_EQ(budget.held(), 0u);
}

TEST_F(LanesTest, LetsLanesThatWaitTakeTurns)
{
    for (std::size_t i = 0; i <= Lanes::kMaxRunning; ++i) {
        const std::string lane = std::to_string(i);
        enqueue(lane, lane + "-1");
        enqueue(lane, lane + "-2");
    }
    EXPECT_EQ(begun().size(), Lanes::kMaxRunning);
    end("3");
    EXPECT_EQ(begun(), Names{"16-1"}); // before the second of any other
    end("16");
    EXPECT_EQ(begun(), Names{"3-2"});
}

TEST_F(LanesTest, CountsNamesForLife)
{
    for (std::size_t i = 0; i < Lanes::kMaxNames; ++i) {
        const std::string lane = "lane-" + std::to_string(i);
        enqueue(lane, "x");
        begun();
        end(lane);
    }
    EXPECT_EQ(lanes.admits("one-more"), Verdict::too_many_names);
    EXPECT_EQ(lanes.admits(""), Verdict::fine); // has no name
    EXPECT_EQ(lanes.admits("lane-0"), Verdict::fine);
}

TEST_F(LanesTest, BoundsWhatWaits)
{
    enqueue("", "runs");
    begun();
    for (std::size_t i = 0; i < Lanes::kMaxWaiting; ++i)
        enqueue("", "waits");
    EXPECT_EQ(lanes.admits(""), Verdict::too_many_waiting);
    EXPECT_EQ(lanes.admits("other"), Verdict::too_many_waiting);
    end("");
    begun();
    EXPECT_EQ(lanes.admits(""), Verdict::fine);
}

TEST_F(LanesTest, DropsWhatWaitsAndKeepsWhatRuns)
{
    enqueue("a", "a1");
    begun();
    enqueue("a", "a2");
    enqueue("b", "b1");
    lanes.drop_waiting(*lanes.find("a"));
    EXPECT_EQ(begun(), Names{"b1"});
    end("a");
    end("b");
    EXPECT_EQ(begun(), Names{});
    EXPECT_TRUE(lanes.is_idle());

    enqueue("a", "a3");
    lanes.drop_waiting();
    EXPECT_TRUE(lanes.is_idle());
    enqueue("a", "a4"); // and on it goes
    EXPECT_EQ(begun(), Names{"a4"});
}

TEST_F(LanesTest, KeepsALanesMemory)
{
    enqueue("a", "a1");
    begun();
    lanes.find("a")->memory.last_response = "resp_1";
    end("a");
    enqueue("a", "a2");
    EXPECT_EQ(lanes.next()->lane.memory.last_response, "resp_1");
    EXPECT_EQ(lanes.find("b"), nullptr);
}

} // namespace
} // namespace turngate::gateway::test
