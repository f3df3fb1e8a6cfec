#include "steering.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway::test {
namespace {

using protocol::SteerEvent;
using protocol::SteerStep;

constexpr auto kMessage = R"([{"role":"user","content":"b"}])";

SteerEvent answer(SteerStep step, std::string id = {})
{
    SteerEvent event;
    event.which = step;
    event.id = std::move(id);
    return event;
}

TEST(Steering, GivesTheSuccessorWhatWasAccepted)
{
    Steering steering;
    EXPECT_FALSE(steering.is_open());
    steering.submit(R"("a")", "resp_1");
    steering.submit(kMessage, "resp_1");
    steering.submit(R"("late")", "resp_1");
    steering.on_answer(answer(SteerStep::accepted, "steer_1"));
    steering.on_answer(answer(SteerStep::accepted, "steer_2"));
    EXPECT_EQ(steering.begin_successor(),
              R"([{"type":"message","role":"user","content":"a"},{"role":"user","content":"b"}])");
    EXPECT_TRUE(steering.is_open()); // the late one is the successor's matter
    EXPECT_EQ(steering.begin_successor(), "[]");
}

TEST(Steering, ForgetsWhatFailed)
{
    Steering steering;
    steering.submit(R"("a")", "resp_1");
    steering.submit(R"("b")", "resp_1");
    steering.on_answer(answer(SteerStep::accepted, "steer_1"));
    steering.on_answer(answer(SteerStep::failed)); // has no id: the one not accepted
    EXPECT_TRUE(steering.is_open());
    steering.on_answer(answer(SteerStep::failed, "steer_1"));
    EXPECT_FALSE(steering.is_open());
    EXPECT_EQ(steering.take_queued(), "");
}

TEST(Steering, RemembersWhatWaitsUpstreamForTheNextCreate)
{
    Steering steering;
    steering.submit(R"("a")", "resp_1");
    steering.on_answer(answer(SteerStep::accepted, "steer_1"));
    steering.on_answer(answer(SteerStep::pending, "steer_1"));
    EXPECT_FALSE(steering.is_open());
    EXPECT_EQ(steering.take_queued(), R"([{"type":"message","role":"user","content":"a"}])");
    EXPECT_EQ(steering.take_queued(), "");
}

TEST(Steering, JoinsInputsOfEitherForm)
{
    EXPECT_EQ(join_inputs("", ""), "[]");
    EXPECT_EQ(join_inputs("[]", R"([{"a":1}])"), R"([{"a":1}])");
    EXPECT_EQ(join_inputs(R"([{"a":1}])", ""), R"([{"a":1}])");
    EXPECT_EQ(join_inputs(R"([{"a":1}])", R"("x")"),
              R"([{"a":1},{"type":"message","role":"user","content":"x"}])");
}

TEST(Steering, GivesBackWhatIsOpen)
{
    Steering steering;
    steering.submit(R"("a")", "resp_1");
    const auto given_up = steering.give_up();
    ASSERT_EQ(given_up.size(), 1u);
    EXPECT_EQ(given_up.front().input, R"("a")");
    EXPECT_EQ(given_up.front().target, "resp_1");
    EXPECT_FALSE(steering.is_open());
    steering.on_answer(answer(SteerStep::accepted, "steer_1")); // comes too late
    EXPECT_FALSE(steering.is_open());
}

} // namespace
} // namespace turngate::gateway::test
