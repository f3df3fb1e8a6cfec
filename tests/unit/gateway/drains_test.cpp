#include "drains.hpp"

#include "turn_under_test.hpp"

namespace turngate::gateway::test {
namespace {

using namespace std::chrono_literals;

using core::FaultCode;
using usage::Status;

// Turns as a session runs them: whoever is unfinished when it has been left reads on.
class DrainsTest : public TurnTest
{
protected:
    DrainsTest()
    {
        test.config.usage.aborted_turns = config::AbortedTurns::drain;
        test.load();
    }
    ~DrainsTest() override
    {
        for (Turn* turn : running_)
            turn->stop.request({FaultCode::client_gone, {}, "the test is over"});
        test.drains.close();
        fakes::until(test.loop,
                     [&] { return sessions_.running() == 0 && test.drains.running() == 0; });
    }

    Turn& begin(const std::string& frame = kCreate)
    {
        auto create = test.rooms.client_events.read(frame).value();
        WaitingTurn waiting{std::move(create), frame, core::Clock::now(), core::wall_now()};
        auto turn = std::make_unique<Turn>(
            test.rooms, client, facts, lanes[create.stream_id.value_or("")], std::move(waiting));
        Turn& begun = *turn;
        running_.push_back(&begun);
        sessions_.spawn("session", run(std::move(turn)));
        settle();
        return begun;
    }
    // The turn is another's from here on, or gone.
    void leave(Turn& turn)
    {
        turn.stop.request({FaultCode::client_gone, {}, "client gone"});
        settle();
    }
    void until_drained()
    {
        fakes::until(test.loop, [&] { return test.drains.running() == 0; });
    }
    const usage::UsageRecord& only_record() const
    {
        EXPECT_EQ(test.journal.records.size(), 1u);
        return test.journal.records.at(0);
    }
    void expect_estimate()
    {
        const auto& record = only_record();
        EXPECT_EQ(record.status, Status::aborted);
        EXPECT_EQ(record.reason, "client_gone");
        EXPECT_TRUE(record.estimated);
        EXPECT_EQ(account().slots->used(), 0u);
    }
    void expect_that_the_next_works(std::size_t dial)
    {
        begin();
        say(kCreated, dial);
        say(kCompleted, dial);
        EXPECT_EQ(client.events.back(), kCompleted);
        EXPECT_EQ(test.journal.records.size(), 2u);
    }

private:
    net::Task<> run(std::unique_ptr<Turn> turn)
    {
        co_await run_turn(*turn);
        std::erase(running_, turn.get());
        if (turn->unfinished)
            test.drains.take(std::move(turn), nullptr);
    }

    std::vector<Turn*> running_;
    net::TaskGroup sessions_{test.loop};
};

TEST_F(DrainsTest, BillsWhatTheResponseReallyCost)
{
    Turn& turn = begin();
    say(kCreated);
    say(kDelta);
    leave(turn);
    EXPECT_EQ(test.drains.running(), 1u);
    EXPECT_TRUE(test.journal.records.empty());
    EXPECT_EQ(account().slots->used(), 1u); // it runs there
    say(kDelta);
    say(kCompleted);

    EXPECT_EQ(test.drains.running(), 0u);
    const auto& record = only_record();
    EXPECT_EQ(record.status, Status::completed);
    EXPECT_EQ(record.reason, "client_gone");
    EXPECT_FALSE(record.estimated);
    EXPECT_EQ(record.tokens.input, 1000);
    EXPECT_EQ(record.tokens.output, 50);
    EXPECT_EQ(client.events.size(), 2u); // nobody heard the rest
    EXPECT_EQ(account().slots->used(), 0u);
    EXPECT_EQ(account().life->parked, 1u);
    EXPECT_TRUE(binding("default/alice", "resp_1")); // for whoever knows its id
    expect_that_the_next_works(0);
}

TEST_F(DrainsTest, LeavesTheUsersSlotToTheNext)
{
    test.config.users[0].concurrency = 1;
    test.load();
    Turn& turn = begin();
    say(kCreated);
    leave(turn);
    begin();
    EXPECT_EQ(heard(1).size(), 1u);
}

TEST_F(DrainsTest, LeavesTheLaneToWhoeverComesBack)
{
    facts.is_named = true;
    Turn& turn = begin();
    say(kCreated);
    leave(turn);
    say(kCompleted);
    EXPECT_TRUE(binding("default/alice", "resp_1"));
    const auto lane = fakes::run(
        test.loop, test.state->store().find_lane("default/alice", facts.key.hex() + "/"));
    EXPECT_FALSE(lane);
}

TEST_F(DrainsTest, DoesNotHideTheUpstreamsOwnReason)
{
    const char* const failed =
        R"({"type":"response.failed","response":{"id":"resp_1","error":{"code":"server_error",)"
        R"("message":"no"},"usage":{"input_tokens":7,"output_tokens":2,"total_tokens":9}}})";
    test.config.recovery.max_attempts = 3; // which nobody needs any more
    test.config.recovery.budget = 5s;
    test.load();
    Turn& turn = begin();
    say(kCreated);
    leave(turn);
    say(failed);
    EXPECT_EQ(test.drains.running(), 0u);
    const auto& record = only_record();
    EXPECT_EQ(record.status, Status::failed);
    EXPECT_EQ(record.reason, "server_error");
    EXPECT_FALSE(record.estimated);
    EXPECT_EQ(record.tokens.input, 7);
    EXPECT_EQ(account().life->faults, 1u);
}

TEST_F(DrainsTest, EstimatesWhatDoesNotEndInTime)
{
    test.config.usage.drain_timeout = 100ms;
    test.load();
    Turn& turn = begin();
    say(kCreated);
    leave(turn);
    say(kDelta);
    until_drained();
    expect_estimate();
    EXPECT_EQ(only_record().tokens.output, 1); // as far as it was read
    EXPECT_EQ(account().life->faults, 0u);
    expect_that_the_next_works(1);
}

TEST_F(DrainsTest, EstimatesWhatIsLostMeanwhile)
{
    Turn& turn = begin();
    say(kCreated);
    say(kDelta);
    leave(turn);
    test.dialer.peer(0).close(1011);
    until_drained();
    expect_estimate();
    EXPECT_EQ(account().life->faults, 1u);
    expect_that_the_next_works(1);
}

TEST_F(DrainsTest, EstimatesWhatTheGatewaysEndCutsOff)
{
    Turn& turn = begin();
    say(kCreated);
    leave(turn);
    test.drains.close();
    until_drained();
    expect_estimate();
}

TEST_F(DrainsTest, TriesToWriteABillOnce)
{
    Turn& turn = begin();
    say(kCreated);
    leave(turn);
    int tries = 0;
    test.journal.is_broken = true;
    test.journal.on_append = [&] { ++tries; };
    say(kCompleted);
    EXPECT_EQ(test.drains.running(), 0u);
    EXPECT_EQ(tries, 1);
    EXPECT_EQ(account().slots->used(), 0u);
}

TEST_F(DrainsTest, TakesNoMoreThanItHasRoomFor)
{
    std::vector<Turn*> turns;
    for (std::size_t i = 0; i < 3; ++i) {
        turns.push_back(&begin());
        say(kCreated, i);
    }
    for (Turn* turn : turns)
        leave(*turn);
    EXPECT_EQ(test.drains.running(), 2u);
    EXPECT_EQ(test.journal.records.size(), 1u);
    EXPECT_TRUE(test.journal.records.at(0).estimated);
    say(kCompleted, 0);
    say(kCompleted, 1);
    EXPECT_EQ(test.journal.records.size(), 3u);
    Turn& another = begin(); // and there is room again
    say(kCreated, 0);
    leave(another);
    EXPECT_EQ(test.drains.running(), 1u);
}

TEST_F(DrainsTest, ReadsOnWhereItsClientDidNot)
{
    Turn& turn = begin();
    client.congested = true;
    say(kCreated);
    say(kDelta);
    say(kCompleted); // waits in the socket: nothing more is read
    EXPECT_TRUE(test.journal.records.empty());
    leave(turn);
    until_drained();
    EXPECT_EQ(only_record().status, Status::completed);
    EXPECT_FALSE(only_record().estimated);
}

TEST_F(DrainsTest, BillsTheSuccessorsToo)
{
    Turn& turn = begin();
    say(kCreated);
    turn.attempt->relay.steering().submit(R"("hurry")", "resp_1");
    leave(turn);
    say(R"({"type":"response.steer.accepted","steer":{"id":"steer_1","previous_response_id":"resp_1"}})");
    say(R"({"type":"response.incomplete","response":{"id":"resp_1","incomplete_details":{"reason":"steered"},)"
        R"("usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}})");
    EXPECT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.drains.running(), 1u);
    say(R"({"type":"response.created","response":{"id":"resp_2"}})");
    say(R"({"type":"response.completed","response":{"id":"resp_2",)"
        R"("usage":{"input_tokens":5,"output_tokens":2,"total_tokens":7}}})");
    EXPECT_EQ(test.drains.running(), 0u);
    ASSERT_EQ(test.journal.records.size(), 2u);
    EXPECT_EQ(test.journal.records[0].reason, "steered");
    EXPECT_EQ(test.journal.records[1].upstream_response_id, "resp_2");
    EXPECT_EQ(test.journal.records[1].tokens.total, 7);
}

TEST_F(DrainsTest, IsNotForTurnsThatEndOtherwise)
{
    Turn& interrupted = begin();
    say(kCreated);
    interrupted.stop.request({FaultCode::interrupted, {}, "test"});
    settle();
    Turn& cut = begin();
    say(kCreated, 1);
    cut.stop.request({FaultCode::gateway_draining, {}, "test"});
    settle();
    EXPECT_EQ(test.drains.running(), 0u);
    ASSERT_EQ(test.journal.records.size(), 2u);
    EXPECT_EQ(test.journal.records[0].status, Status::cancelled);
    EXPECT_EQ(test.journal.records[1].reason, "gateway_draining");
}

TEST_F(DrainsTest, IsNotForOtherConfigurations)
{
    for (const auto aborted : {config::AbortedTurns::estimate, config::AbortedTurns::free}) {
        test.config.usage.aborted_turns = aborted;
        test.load();
        Turn& turn = begin();
        say(kCreated, test.journal.records.size());
        leave(turn);
        EXPECT_EQ(test.drains.running(), 0u);
        EXPECT_EQ(test.journal.records.back().status, Status::aborted);
    }
    EXPECT_EQ(test.journal.records.size(), 2u);
}

} // namespace
} // namespace turngate::gateway::test
