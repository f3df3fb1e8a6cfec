#include "turn_under_test.hpp"

namespace turngate::gateway::test {
namespace {

using nlohmann::json;

std::string create_on(const std::string& lane)
{
    return R"({"type":"response.create","stream_id":")" + lane +
           R"(","model":"gpt-5.2","input":"hi"})";
}

std::string on(const std::string& lane, const std::string& event)
{
    return R"({"stream_id":")" + lane + "\"," + event.substr(1);
}

std::string created(const std::string& id)
{
    return R"({"type":"response.created","response":{"id":")" + id + R"("}})";
}

std::string ended(const std::string& id, const std::string& type, const std::string& reason = {})
{
    json event{{"type", type}, {"response", {{"id", id}, {"model", "gpt-5.2"}}}};
    if (!reason.empty())
        event["response"]["incomplete_details"] = {{"reason", reason}};
    event["response"]["usage"] = {{"input_tokens", 10}, {"output_tokens", 1}, {"total_tokens", 11}};
    return event.dump();
}

const std::string kAccepted =
    R"({"type":"response.steer.accepted","steer":{"id":"steer_1","previous_response_id":"resp_1"}})";

class TurnLanes : public TurnTest
{
protected:
    void steer(RunningTurn& running)
    {
        const std::string frame =
            R"({"type":"response.steer","previous_response_id":"resp_1","input":"hurry"})";
        ASSERT_TRUE(running.turn.attempt->relay.is_running("resp_1"));
        ASSERT_TRUE(running.turn.attempt->relay.send_up(frame, ControlKind::steer));
        running.turn.attempt->relay.steering().submit(R"("hurry")", "resp_1");
        settle();
    }
};

TEST_F(TurnLanes, ShareAConnection)
{
    auto& first = start(create_on("a"));
    auto& second = start(create_on("b"));
    ASSERT_EQ(test.dialer.peers.size(), 1u);
    say(on("b", created("resp_b")));
    say(on("a", created("resp_a")));
    say(on("b", ended("resp_b", "response.completed")));
    until_ended(second);
    EXPECT_FALSE(first.close_code);
    say(on("a", ended("resp_a", "response.completed")));
    until_ended(first);
    EXPECT_EQ(test.journal.records.size(), 2u);
    EXPECT_EQ(account().life->leased, 0u);
    EXPECT_EQ(account().life->parked, 1u);
}

TEST_F(TurnLanes, HaveConnectionsOfTheirOwnWhereTheAccountKnowsNone)
{
    test.config.accounts[0].lanes = false;
    test.load();
    auto& first = start(create_on("a"));
    auto& second = start(create_on("b"));
    ASSERT_EQ(test.dialer.peers.size(), 2u);
    EXPECT_EQ(heard(0), (std::vector<std::string>{kCreate}));
    say(created("resp_a"), 0);
    EXPECT_EQ(last_event()["stream_id"], "a");
    say(ended("resp_b", "response.completed"), 1);
    EXPECT_EQ(last_event()["stream_id"], "b");
    say(ended("resp_a", "response.completed"), 0);
    until_ended(first);
    until_ended(second);
    EXPECT_EQ(last_event()["stream_id"], "a");
}

TEST_F(TurnLanes, AreChargedForOneLossTogether)
{
    auto& first = start(create_on("a"));
    auto& second = start(create_on("b"));
    test.dialer.peer(0).raw().vanish();
    until_ended(first);
    until_ended(second);
    EXPECT_EQ(account().life->faults, 1u);
    EXPECT_EQ(client.events.size(), 2u);
}

TEST_F(TurnLanes, LeaveTheirNeighboursTheConnection)
{
    auto& first = start(create_on("a"));
    auto& second = start(create_on("b"));
    say(on("a", created("resp_a")));
    first.turn.stop.request({core::FaultCode::interrupted, {}, "test"});
    until_ended(first);
    EXPECT_EQ(last_event()["response"]["incomplete_details"]["reason"], "interrupted");
    const auto told = client.events.size();
    say(on("a", kDelta));
    EXPECT_EQ(client.events.size(), told); // the rest of it is dropped
    say(on("b", ended("resp_b", "response.completed")));
    until_ended(second);
    EXPECT_EQ(test.dialer.peer(0).close_code(), 0);

    // The lane is not free before its response has ended there.
    auto& meanwhile = start(create_on("a"));
    EXPECT_EQ(test.dialer.peers.size(), 2u);
    say(on("a", ended("resp_a2", "response.completed")), 1);
    until_ended(meanwhile);
}

TEST_F(TurnLanes, BillASuccessorByItself)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    steer(running);
    say(kAccepted);
    say(ended("resp_1", "response.incomplete", "steered"));
    EXPECT_FALSE(running.close_code);
    EXPECT_EQ(test.journal.records.size(), 1u);
    say(created("resp_2"));
    say(kDelta);
    say(ended("resp_2", "response.completed"));
    until_ended(running);
    ASSERT_EQ(test.journal.records.size(), 2u);
    EXPECT_EQ(test.journal.records[0].upstream_response_id, "resp_1");
    EXPECT_EQ(test.journal.records[1].upstream_response_id, "resp_2");
    EXPECT_EQ(test.journal.records[0].turn_id, test.journal.records[1].turn_id);
    EXPECT_NE(test.journal.records[0].response_uid, test.journal.records[1].response_uid);
    EXPECT_TRUE(binding("default/alice", "resp_2"));
    EXPECT_EQ(account().life->parked, 1u);
}

TEST_F(TurnLanes, TakeASuccessorThatCameTogetherWithItsPredecessorsEnd)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    steer(running);
    auto& peer = test.dialer.peer(0);
    std::string together;
    for (const auto& event : {kAccepted,
                              ended("resp_1", "response.incomplete", "steered"),
                              created("resp_2"),
                              kDelta,
                              ended("resp_2", "response.completed")})
        together += peer.frame(net::Opcode::text, event);
    peer.raw().send(together);
    until_ended(running);
    EXPECT_EQ(test.journal.records.size(), 2u);
    ASSERT_EQ(client.events.size(), 6u);
    EXPECT_EQ(json::parse(client.events[3])["response"]["id"], "resp_2");
}

TEST_F(TurnLanes, EndWhenASteerFailed)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    steer(running);
    say(ended("resp_1", "response.completed"));
    EXPECT_FALSE(running.close_code); // its fate is open
    say(R"({"type":"response.steer.failed","error":{"code":"response_already_completed"}})");
    until_ended(running);
    EXPECT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(last_event()["type"], "response.steer.failed");
    EXPECT_EQ(account().life->parked, 1u);
}

TEST_F(TurnLanes, GiveASteerBackWhenTheConnectionIsLostBeforeItsSuccessor)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    steer(running);
    say(kAccepted);
    say(ended("resp_1", "response.incomplete", "steered"));
    test.dialer.peer(0).raw().vanish();
    until_ended(running);
    EXPECT_EQ(*running.close_code, 0);
    settle();
    ASSERT_EQ(test.journal.records.size(), 1u);
    client.flush();
    EXPECT_EQ(last_event()["type"], "response.steer.failed");
    EXPECT_EQ(last_event()["steer"]["input"], "hurry");
}

TEST_F(TurnLanes, TellNoSecondEndWhenStoppedBeforeASuccessor)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    steer(running);
    say(kAccepted);
    say(ended("resp_1", "response.completed"));
    running.turn.stop.request({core::FaultCode::interrupted, {}, "test"});
    until_ended(running);
    EXPECT_EQ(last_event()["type"], "response.steer.failed"); // given back, and no end beside it
    EXPECT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(account().life->leased, 0u);
}

TEST_F(TurnLanes, AreChargedForOneFailedDialTogether)
{
    test.dialer.held = std::make_unique<net::Event>(test.loop);
    test.dialer.faults.push_back({{core::FaultCode::dial_failed, {}, "connect"}, {}});
    auto& first = start(create_on("a"));
    auto& second = start(create_on("b"));
    test.dialer.held->set();
    until_ended(first);
    until_ended(second);
    EXPECT_EQ(test.dialer.targets.size(), 1u);
    EXPECT_EQ(account().life->faults, 1u);
}

TEST_F(TurnLanes, TellASuccessorThatIsLostAsAnyOther)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    steer(running);
    say(kAccepted);
    say(ended("resp_1", "response.incomplete", "steered"));
    say(created("resp_2"));
    test.dialer.peer(0).raw().vanish();
    until_ended(running);
    expect_error(502, "upstream_disconnected");
    ASSERT_EQ(test.journal.records.size(), 2u);
    EXPECT_EQ(test.journal.records[1].status, usage::Status::aborted);
    EXPECT_EQ(test.journal.records[1].upstream_response_id, "resp_2");
}

TEST_F(TurnLanes, AreToldOfAnInterruptionAndBilled)
{
    auto& running = start(kCreate);
    say(created("resp_1"));
    say(kDelta);
    running.turn.stop.request({core::FaultCode::interrupted, {}, "test"});
    until_ended(running);
    EXPECT_EQ(last_event()["type"], "response.incomplete");
    EXPECT_EQ(last_event()["response"]["id"], "resp_1");
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].status, usage::Status::cancelled);
    EXPECT_TRUE(test.journal.records[0].estimated);
    EXPECT_EQ(account().life->faults, 0u);
    EXPECT_TRUE(binding("default/alice", "resp_1")); // it can be gone on from
}

TEST_F(TurnLanes, SayNothingOfAPreemptedTurnNobodySaw)
{
    auto& unseen = start(kCreate);
    unseen.turn.stop.request({core::FaultCode::preempted, {}, "test"});
    until_ended(unseen);
    EXPECT_TRUE(client.events.empty());

    auto& seen = start(kCreate);
    say(created("resp_2"), 1);
    seen.turn.stop.request({core::FaultCode::preempted, {}, "test"});
    until_ended(seen);
    EXPECT_EQ(last_event()["type"], "response.incomplete");
}

} // namespace
} // namespace turngate::gateway::test
