#include "relay.hpp"

#include "connected.hpp"
#include "recording_client.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway::test {
namespace {

using namespace std::chrono_literals;

using core::FaultCode;
using protocol::EventKind;
using Events = std::vector<std::string>;

class RelayTest : public testing::Test
{
protected:
    RelayTest() : RelayTest(0ms) {}
    explicit RelayTest(std::chrono::milliseconds ping_interval) : up(loop, ping_interval)
    {
        relay.attach(up.connection, "");
    }
    ~RelayTest() override
    {
        stop.request({FaultCode::client_gone, {}, "the test is over"});
        fakes::until(loop, [&] { return waiting_.running() == 0; });
    }

    // The turn's wait for the end, in the background.
    void wait(std::chrono::milliseconds between_events = 60s)
    {
        waiting_.spawn("turn", fakes::keep(relay.until_terminal(between_events, stop), result));
        fakes::settle(loop);
    }
    const core::Result<>& until_result()
    {
        fakes::until(loop, [&] { return result.has_value(); });
        return *result;
    }

    net::Loop loop{0};
    telemetry::Metrics metrics;
    telemetry::Counter pauses = metrics.counter("pauses", "test");
    Connected up;
    RecordingClient client;
    protocol::UpstreamEventReader reader;
    Relay relay{loop, client, reader, pauses};
    net::Stop stop;
    std::optional<core::Result<>> result;

private:
    net::TaskGroup waiting_{loop};
};

TEST_F(RelayTest, ForwardsTheSameBytesInTheirOrder)
{
    wait();
    const Events events{
        kCreated, kInProgress, kDelta, R"({"type":"unheard.of", "x" : [1,2]})", kDelta, kItemDone};
    std::string bytes;
    for (const std::string& event : events) {
        bytes += up.upstream.frame(net::Opcode::text, event);
        up.say(event);
    }
    EXPECT_EQ(client.events, events);
    EXPECT_TRUE(client.wire == bytes);
    EXPECT_FALSE(result);
}

TEST_F(RelayTest, FlushesOnceForAllThatOneReadBrought)
{
    up.say_together({kCreated, kDelta, kDelta, kDelta});
    EXPECT_EQ(client.flushes, 1);
    EXPECT_EQ(client.events.size(), 4u);
}

TEST_F(RelayTest, KeepsTheTerminalEventForSettling)
{
    wait();
    up.say_together({kCreated, kDelta, kCompleted});
    EXPECT_TRUE(until_result());
    EXPECT_EQ(client.events, (Events{kCreated, kDelta}));
    EXPECT_EQ(relay.terminal_kind(), EventKind::completed);
    EXPECT_EQ(relay.terminal_event(), kCompleted);
}

TEST_F(RelayTest, KnowsEveryTerminalEvent)
{
    const std::pair<std::string, EventKind> cases[] = {
        {kCompleted, EventKind::completed},
        {R"({"type":"response.failed","response":{"id":"resp_1"}})", EventKind::failed},
        {R"({"type":"response.incomplete","response":{"id":"resp_1"}})", EventKind::incomplete},
        {R"({"type":"error","status":400,"error":{"code":"x"}})", EventKind::error},
    };
    for (const auto& [event, kind] : cases) {
        Connected own(loop);
        Relay turn(loop, client, reader, pauses);
        turn.attach(own.connection, "");
        own.say(event);
        EXPECT_TRUE(fakes::run(loop, turn.until_terminal(60s, stop))) << event;
        EXPECT_EQ(turn.terminal_kind(), kind) << event;
        EXPECT_EQ(turn.terminal_event(), event);
    }
    EXPECT_TRUE(client.events.empty());
}

TEST_F(RelayTest, DropsWhatFollowsTheTerminalEvent)
{
    up.say_together({kDelta, kCompleted, kDelta, kCreated});
    up.say(kDelta);
    EXPECT_EQ(client.events, Events{kDelta});
    EXPECT_EQ(relay.terminal_event(), kCompleted);
    EXPECT_FALSE(relay.has_response());
}

TEST_F(RelayTest, ForwardsNothingAfterItIsDetached)
{
    up.say(kCreated);
    relay.detach();
    up.say(kDelta);
    relay.detach();
    EXPECT_EQ(client.events, Events{kCreated});
    EXPECT_FALSE(up.connection->is_attached());
}

TEST_F(RelayTest, DetachesWhenItEnds)
{
    {
        Relay shorter(loop, client, reader, pauses);
        shorter.attach(up.connection, "a"); // the default lane is taken
        EXPECT_TRUE(up.connection->is_attached());
    }
    const std::string late = R"({"type":"x.delta","stream_id":"a","delta":"abcd"})";
    up.say(late);
    EXPECT_TRUE(client.events.empty());
}

TEST_F(RelayTest, IgnoresBinaryFrames)
{
    up.upstream.send(net::Opcode::binary, kCompleted);
    up.say(kDelta);
    EXPECT_EQ(client.events, Events{kDelta});
    EXPECT_EQ(relay.terminal_event(), "");
}

TEST_F(RelayTest, KnowsWhatTheClientHasSeen)
{
    EXPECT_EQ(relay.seen(), Seen::nothing);
    EXPECT_FALSE(relay.has_response());
    up.say(kCreated);
    EXPECT_EQ(relay.seen(), Seen::lifecycle);
    EXPECT_TRUE(relay.has_response());
    EXPECT_EQ(relay.response_id(), "resp_1");
    up.say(kInProgress);
    EXPECT_EQ(relay.seen(), Seen::lifecycle);
    up.say(kDelta);
    EXPECT_EQ(relay.seen(), Seen::content);
    up.say(kInProgress);
    EXPECT_EQ(relay.seen(), Seen::content);
}

TEST_F(RelayTest, TakesTheTimeOfTheFirstContent)
{
    up.say(kCreated);
    up.say(R"({"type":"response.output_item.added","item":{}})"); // no content yet
    EXPECT_FALSE(relay.first_content_at());
    const auto before = core::Clock::now();
    up.say(kDelta);
    const auto first = relay.first_content_at();
    ASSERT_TRUE(first);
    EXPECT_GE(*first, before);
    EXPECT_LE(*first, core::Clock::now());
    up.say(kDelta);
    EXPECT_EQ(relay.first_content_at(), first);
}

TEST_F(RelayTest, TakesAnItemForContentWhenNoDeltaCame)
{
    up.say_together({kCreated, kItemDone});
    EXPECT_TRUE(relay.first_content_at());
}

TEST_F(RelayTest, EstimatesTokensFromTheTextOfDeltas)
{
    EXPECT_EQ(relay.estimated_output_tokens(), 0);
    up.say(kCreated);
    EXPECT_EQ(relay.estimated_output_tokens(), 0);
    up.say(kDelta); // 4 bytes of text
    EXPECT_EQ(relay.estimated_output_tokens(), 1);
    up.say(kDelta);
    EXPECT_EQ(relay.estimated_output_tokens(), 2);
    up.say(R"({"type":"response.output_text.delta","delta":"12345678901234567890"})");
    EXPECT_EQ(relay.estimated_output_tokens(), 7);
    up.say(R"({"type":"response.output_text.delta","delta":"x"})"); // 29 bytes: rounded up
    EXPECT_EQ(relay.estimated_output_tokens(), 8);
    up.say(kItemDone);
    EXPECT_EQ(relay.estimated_output_tokens(), 8);
}

TEST_F(RelayTest, EstimatesTextWithQuotesInIt)
{
    up.say(
        R"({"type":"response.output_text.delta","delta":"a\"b\"cd","item_id":"msg_1"})"); // 8 bytes
                                                                                          // as they
                                                                                          // stand
    EXPECT_EQ(relay.estimated_output_tokens(), 2);
}

TEST_F(RelayTest, EstimatesNothingFromDeltasItCannotRead)
{
    up.say(R"({"type":"response.odd.delta","delta":{"x":1}})");
    up.say(R"({"type":"response.odd.delta"})");
    EXPECT_EQ(relay.estimated_output_tokens(), 0);
}

TEST_F(RelayTest, StopsReadingForASlowClientAndGoesOn)
{
    up.say(kCreated);
    client.congested = true;
    up.say(kDelta); // this one is there already
    EXPECT_EQ(pauses.value(), 1);
    up.say(kDelta);
    up.say(kCompleted);
    EXPECT_EQ(client.events, (Events{kCreated, kDelta}));
    EXPECT_EQ(relay.terminal_event(), "");

    client.congested = false;
    relay.on_writable();
    fakes::settle(loop);
    EXPECT_EQ(client.events, (Events{kCreated, kDelta, kDelta}));
    EXPECT_EQ(relay.terminal_event(), kCompleted);
    EXPECT_EQ(pauses.value(), 1);
}

TEST_F(RelayTest, PausesAgainAndAgain)
{
    for (int round = 1; round <= 3; ++round) {
        client.congested = true;
        up.say(kDelta);
        EXPECT_EQ(pauses.value(), round);
        client.congested = false;
        relay.on_writable();
        relay.on_writable();
        fakes::settle(loop);
    }
    EXPECT_EQ(client.events.size(), 3u);
}

TEST_F(RelayTest, LeavesItsConnectionReadable)
{
    client.congested = true;
    up.say(kDelta);
    relay.detach();
    relay.on_writable(); // comes late
    up.upstream.close(1000);
    up.until_over();
    EXPECT_EQ(up.closing->by, net::Closing::By::peer);
}

TEST_F(RelayTest, KnowsALossByItsCloseCode)
{
    const std::pair<std::uint16_t, FaultCode> cases[] = {
        {1000, FaultCode::upstream_lost},
        {1001, FaultCode::upstream_lost},
        {1002, FaultCode::upstream_lost},
        {1008, FaultCode::upstream_lost},
        {1009, FaultCode::upstream_lost},
        {1011, FaultCode::upstream_lost},
        {1012, FaultCode::upstream_restart},
        {1013, FaultCode::upstream_restart},
        {1014, FaultCode::upstream_lost},
        {4000, FaultCode::upstream_lost},
    };
    for (const auto& [code, fault] : cases) {
        Connected own(loop);
        Relay turn(loop, client, reader, pauses);
        turn.attach(own.connection, "");
        own.upstream.close(code);
        const auto ended = fakes::run(loop, turn.until_terminal(60s, stop));
        ASSERT_FALSE(ended) << code;
        EXPECT_EQ(ended.error().code, fault) << code;
    }
}

TEST_F(RelayTest, KnowsAnUpstreamThatVanishedOrBrokeTheRules)
{
    wait();
    up.upstream.raw().vanish();
    const auto& vanished = until_result();
    ASSERT_FALSE(vanished);
    EXPECT_EQ(vanished.error().code, FaultCode::upstream_lost);

    Connected own(loop);
    Relay turn(loop, client, reader, pauses);
    turn.attach(own.connection, "");
    own.upstream.raw().send("\x83\x01x"); // no such opcode
    own.upstream.raw().vanish();
    const auto broke = fakes::run(loop, turn.until_terminal(60s, stop));
    ASSERT_FALSE(broke);
    EXPECT_EQ(broke.error().code, FaultCode::upstream_lost);
}

TEST_F(RelayTest, IsCompleteEvenIfTheConnectionIsLostRightAfterTheEnd)
{
    up.upstream.send(kCompleted);
    up.upstream.close(1011);
    up.until_over();
    EXPECT_TRUE(fakes::run(loop, relay.until_terminal(60s, stop)));
}

TEST_F(RelayTest, IsCompleteEvenIfItIsStoppedAfterTheEnd)
{
    up.say(kCompleted);
    stop.request({FaultCode::client_gone, {}, "test"});
    EXPECT_TRUE(fakes::run(loop, relay.until_terminal(60s, stop)));
}

TEST_F(RelayTest, StopsForTheReasonItIsGiven)
{
    wait();
    up.say(kDelta);
    stop.request({FaultCode::client_gone, {}, "test"});
    const auto& ended = until_result();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, FaultCode::client_gone);
}

TEST_F(RelayTest, GivesUpWhenNoEventComes)
{
    wait(100ms);
    const auto& ended = until_result();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, FaultCode::upstream_timeout);
}

TEST_F(RelayTest, WaitsAnewAfterEachEvent)
{
    wait(600ms);
    const auto begin = core::Clock::now();
    while (core::Clock::now() - begin < 800ms) { // longer than one wait
        up.say(kDelta);
        const auto next = core::Clock::now() + 50ms;
        fakes::until(loop, [&] { return result || core::Clock::now() > next; });
    }
    EXPECT_FALSE(result);
    const auto& ended = until_result();
    EXPECT_EQ(ended.error().code, FaultCode::upstream_timeout);
}

TEST_F(RelayTest, DoesNotBlameTheUpstreamForASlowClient)
{
    wait(100ms);
    client.congested = true;
    up.say(kDelta);
    const auto begin = core::Clock::now();
    fakes::until(loop, [&] { return result || core::Clock::now() - begin > 400ms; });
    EXPECT_FALSE(result);
    client.congested = false;
    relay.on_writable();
    const auto& ended = until_result();
    EXPECT_EQ(ended.error().code, FaultCode::upstream_timeout);
}

TEST_F(RelayTest, KnowsWhichResponseRuns)
{
    EXPECT_FALSE(relay.is_running("resp_1")); // nothing has begun
    up.say(kCreated);
    EXPECT_FALSE(relay.is_running("resp_2"));
    ASSERT_TRUE(relay.is_running("resp_1"));
    const std::string frame = R"({"type":"response.interrupt","response_id":"resp_1"})";
    EXPECT_TRUE(relay.send_up(frame, ControlKind::interrupt));
    fakes::settle(loop);
    EXPECT_EQ(up.upstream.texts(), Events{frame});
    up.say(kCompleted);
    EXPECT_FALSE(relay.is_running("resp_1")); // over
}

TEST_F(RelayTest, TakesARefusedControlEventForNoEnd)
{
    up.say(kCreated);
    ASSERT_TRUE(relay.send_up(R"({"type":"response.interrupt"})", ControlKind::interrupt));
    const std::string refusal = R"({"type":"error","status":400,"error":{"code":"unknown_event"}})";
    up.say(refusal);
    EXPECT_TRUE(relay.terminal_event().empty());
    EXPECT_EQ(client.events.back(), refusal);
    up.say(refusal); // nothing is owed any more: this one is the response's
    EXPECT_EQ(relay.terminal_event(), refusal);
}

TEST_F(RelayTest, EndsWithAnErrorAfterTheAnswerToAControlEvent)
{
    up.say(kCreated);
    ASSERT_TRUE(relay.send_up(R"({"type":"response.interrupt"})", ControlKind::interrupt));
    up.say(R"({"type":"response.interrupt.accepted","response_id":"resp_1"})");
    up.say(R"({"type":"error","status":400,"error":{"code":"x"}})");
    EXPECT_FALSE(relay.terminal_event().empty());
}

TEST_F(RelayTest, EndsWithAServersErrorWhateverIsOwed)
{
    up.say(kCreated);
    ASSERT_TRUE(relay.send_up(R"({"type":"response.interrupt"})", ControlKind::interrupt));
    up.say(R"({"type":"error","status":500,"error":{"code":"server_error"}})");
    EXPECT_FALSE(relay.terminal_event().empty());
}

class SilentRelay : public RelayTest
{
protected:
    SilentRelay() : RelayTest(100ms) {}
};

TEST_F(SilentRelay, CallsADeadConnectionATimeout)
{
    wait();
    up.say(kCreated);
    const auto& ended = until_result();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, FaultCode::upstream_timeout);
}

} // namespace
} // namespace turngate::gateway::test
