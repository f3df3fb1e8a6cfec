#include "relay.hpp"

#include "connected.hpp"
#include "recording_client.hpp"

#include "turngate/protocol/error_event.hpp"

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
    explicit RelayTest(std::chrono::milliseconds ping_interval,
                       RelayRules its_rules = {0ms, 60s, 0ms})
        : rules(its_rules), up(loop, ping_interval)
    {
        relay.attach(up.connection, "", response());
    }
    ~RelayTest() override
    {
        stop.request({FaultCode::client_gone, {}, "the test is over"});
        fakes::until(loop, [&] { return waiting_.running() == 0; });
    }

    // The turn's wait for the end, in the background.
    void wait()
    {
        waiting_.spawn("turn", fakes::keep(relay.until_terminal(stop), result));
        fakes::settle(loop);
    }
    const core::Result<>& until_result()
    {
        fakes::until(loop, [&] { return result.has_value(); });
        return *result;
    }

    static Response response() { return {{}, core::Clock::now(), core::wall_now(), 1 << 20}; }
    const Response& got() const { return relay.response(); }

    const RelayRules rules;
    net::Loop loop{0};
    telemetry::Metrics metrics;
    telemetry::Counter pauses = metrics.counter("pauses", "test");
    Connected up;
    RecordingClient client;
    protocol::UpstreamEventReader reader;
    Shown shown;
    Relay relay{loop, client, reader, pauses, shown, rules};
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

// One that came in pieces has no frame to be sent as it is; it lives as long as one that has.
TEST_F(RelayTest, ForwardsWhatHasNoFrameOfItsOwn)
{
    wait();
    up.say(kCreated);
    std::string head = up.upstream.frame(net::Opcode::text, kDelta.substr(0, 20));
    head.front() = 0x01; // not the last piece
    std::string tail = up.upstream.frame(net::Opcode::continuation, kDelta.substr(20));
    up.upstream.raw().send(head + tail);
    fakes::until(loop, [&] { return client.events.size() == 2; });
    EXPECT_EQ(client.events, (Events{kCreated, kDelta}));
    EXPECT_EQ(client.forwards, 2);
    EXPECT_EQ(client.wire.find(kDelta.substr(0, 20)), std::string::npos);
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
    EXPECT_EQ(got().end_kind, EventKind::completed);
    EXPECT_EQ(got().end, kCompleted);
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
        Relay turn(loop, client, reader, pauses, shown, rules);
        turn.attach(own.connection, "", response());
        own.say(event);
        EXPECT_TRUE(fakes::run(loop, turn.until_terminal(stop))) << event;
        EXPECT_EQ(turn.response().end_kind, kind) << event;
        EXPECT_EQ(turn.response().end, event);
    }
    EXPECT_TRUE(client.events.empty());
}

TEST_F(RelayTest, DropsWhatFollowsTheTerminalEvent)
{
    up.say_together({kDelta, kCompleted, kDelta, kCreated});
    up.say(kDelta);
    EXPECT_EQ(client.events, Events{kDelta});
    EXPECT_EQ(got().end, kCompleted);
    EXPECT_FALSE(got().has_begun());
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
        Relay shorter(loop, client, reader, pauses, shown, rules);
        shorter.attach(up.connection, "a", response()); // the default lane is taken
        EXPECT_TRUE(up.connection->is_attached());
    }
    const std::string late = R"({"type":"x.delta","stream_id":"a","delta":"abcd"})";
    up.say(late);
    EXPECT_TRUE(client.events.empty());
}

TEST_F(RelayTest, EndsWithABinaryFrameAtOnce)
{
    wait();
    up.upstream.send(net::Opcode::binary, kCompleted);
    up.say(kDelta);
    const auto& ended = until_result();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, FaultCode::upstream_lost);
    EXPECT_FALSE(relay.is_clean());
    EXPECT_EQ(got().end, "");
}

TEST_F(RelayTest, KnowsWhatTheClientHasSeen)
{
    EXPECT_EQ(shown.seen, Seen::nothing);
    EXPECT_FALSE(got().has_begun());
    up.say(kCreated);
    EXPECT_EQ(shown.seen, Seen::lifecycle);
    EXPECT_TRUE(got().has_begun());
    EXPECT_EQ(got().id, "resp_1");
    up.say(kInProgress);
    EXPECT_EQ(shown.seen, Seen::lifecycle);
    up.say(kDelta);
    EXPECT_EQ(shown.seen, Seen::content);
    up.say(kInProgress);
    EXPECT_EQ(shown.seen, Seen::content);
}

TEST_F(RelayTest, TakesTheTimeOfTheFirstContent)
{
    up.say(kCreated);
    up.say(R"({"type":"response.output_item.added","item":{}})"); // no content yet
    EXPECT_FALSE(got().meter.first_content_at());
    const auto before = core::Clock::now();
    up.say(kDelta);
    const auto first = got().meter.first_content_at();
    ASSERT_TRUE(first);
    EXPECT_GE(*first, before);
    EXPECT_LE(*first, core::Clock::now());
    up.say(kDelta);
    EXPECT_EQ(got().meter.first_content_at(), first);
}

TEST_F(RelayTest, TakesAnItemForContentWhenNoDeltaCame)
{
    up.say_together({kCreated, kItemDone});
    EXPECT_TRUE(got().meter.first_content_at());
}

TEST_F(RelayTest, EstimatesTokensFromTheTextOfDeltas)
{
    EXPECT_EQ(got().meter.estimated_output_tokens(), 0);
    up.say(kCreated);
    EXPECT_EQ(got().meter.estimated_output_tokens(), 0);
    up.say(kDelta); // 4 bytes of text
    EXPECT_EQ(got().meter.estimated_output_tokens(), 1);
    up.say(kDelta);
    EXPECT_EQ(got().meter.estimated_output_tokens(), 2);
    up.say(R"({"type":"response.output_text.delta","delta":"12345678901234567890"})");
    EXPECT_EQ(got().meter.estimated_output_tokens(), 7);
    up.say(R"({"type":"response.output_text.delta","delta":"x"})"); // 29 bytes: rounded up
    EXPECT_EQ(got().meter.estimated_output_tokens(), 8);
    up.say(kItemDone);
    EXPECT_EQ(got().meter.estimated_output_tokens(), 8);
}

TEST_F(RelayTest, EstimatesTextWithQuotesInIt)
{
    up.say(
        R"({"type":"response.output_text.delta","delta":"a\"b\"cd","item_id":"msg_1"})"); // 8 bytes
                                                                                          // as they
                                                                                          // stand
    EXPECT_EQ(got().meter.estimated_output_tokens(), 2);
}

TEST_F(RelayTest, EstimatesNothingFromDeltasItCannotRead)
{
    up.say(R"({"type":"response.odd.delta","delta":{"x":1}})");
    up.say(R"({"type":"response.odd.delta"})");
    EXPECT_EQ(got().meter.estimated_output_tokens(), 0);
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
    EXPECT_EQ(got().end, "");

    client.congested = false;
    relay.on_writable();
    fakes::settle(loop);
    EXPECT_EQ(client.events, (Events{kCreated, kDelta, kDelta}));
    EXPECT_EQ(got().end, kCompleted);
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
        {1009, FaultCode::create_too_large},
        {1011, FaultCode::upstream_lost},
        {1012, FaultCode::upstream_restart},
        {1013, FaultCode::upstream_restart},
        {1014, FaultCode::upstream_lost},
        {4000, FaultCode::upstream_lost},
    };
    for (const auto& [code, fault] : cases) {
        Connected own(loop);
        Relay turn(loop, client, reader, pauses, shown, rules);
        turn.attach(own.connection, "", response());
        own.upstream.close(code);
        const auto ended = fakes::run(loop, turn.until_terminal(stop));
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
    Relay turn(loop, client, reader, pauses, shown, rules);
    turn.attach(own.connection, "", response());
    own.upstream.raw().send("\x83\x01x"); // no such opcode
    own.upstream.raw().vanish();
    const auto broke = fakes::run(loop, turn.until_terminal(stop));
    ASSERT_FALSE(broke);
    EXPECT_EQ(broke.error().code, FaultCode::upstream_lost);
}

TEST_F(RelayTest, IsCompleteEvenIfTheConnectionIsLostRightAfterTheEnd)
{
    up.upstream.send(kCompleted);
    up.upstream.close(1011);
    up.until_over();
    EXPECT_TRUE(fakes::run(loop, relay.until_terminal(stop)));
}

TEST_F(RelayTest, IsCompleteEvenIfItIsStoppedAfterTheEnd)
{
    up.say(kCompleted);
    stop.request({FaultCode::client_gone, {}, "test"});
    EXPECT_TRUE(fakes::run(loop, relay.until_terminal(stop)));
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

class ImpatientRelay : public RelayTest
{
protected:
    ImpatientRelay() : RelayTest(0ms, {0ms, 100ms, 0ms}) {}
};

class PatientRelay : public RelayTest
{
protected:
    PatientRelay() : RelayTest(0ms, {0ms, 600ms, 0ms}) {}
};

TEST_F(ImpatientRelay, GivesUpWhenNoEventComes)
{
    wait();
    const auto& ended = until_result();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, FaultCode::upstream_timeout);
}

TEST_F(PatientRelay, WaitsAnewAfterEachEvent)
{
    wait();
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

TEST_F(ImpatientRelay, DoesNotBlameTheUpstreamForASlowClient)
{
    wait();
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
    EXPECT_TRUE(got().end.empty());
    EXPECT_EQ(client.events.back(), refusal);
    up.say(refusal); // nothing is owed any more: this one is the response's
    EXPECT_EQ(got().end, refusal);
}

TEST_F(RelayTest, EndsWithAnErrorAfterTheAnswerToAControlEvent)
{
    up.say(kCreated);
    ASSERT_TRUE(relay.send_up(R"({"type":"response.interrupt"})", ControlKind::interrupt));
    up.say(R"({"type":"response.interrupt.accepted","response_id":"resp_1"})");
    up.say(R"({"type":"error","status":400,"error":{"code":"x"}})");
    EXPECT_FALSE(got().end.empty());
}

TEST_F(RelayTest, EndsWithAServersErrorWhateverIsOwed)
{
    up.say(kCreated);
    ASSERT_TRUE(relay.send_up(R"({"type":"response.interrupt"})", ControlKind::interrupt));
    up.say(R"({"type":"error","status":500,"error":{"code":"server_error"}})");
    EXPECT_FALSE(got().end.empty());
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

class Holding : public RelayTest
{
protected:
    Holding() : RelayTest(0ms, {150ms, 60s, 0ms}) {}
};

TEST_F(Holding, KeepsBackWhatCarriesNoContent)
{
    const Events quiet{kCreated,
                       R"({"type":"keepalive","sequence_number":1})",
                       kInProgress,
                       R"({"type":"codex.rate_limits"})",
                       R"({"type":"unheard.of"})"};
    for (const std::string& event : quiet)
        up.say(event);
    EXPECT_TRUE(client.events.empty());
    EXPECT_EQ(shown.seen, Seen::nothing);
    EXPECT_FALSE(got().has_output); // a second attempt is not forbidden
    const std::string added = R"({"type":"response.output_item.added","item":{}})";
    up.say(added);
    Events all = quiet;
    all.push_back(added);
    EXPECT_EQ(client.events, all); // in their order
    EXPECT_EQ(shown.seen, Seen::content);
    EXPECT_TRUE(got().has_output);
}

TEST_F(Holding, ShowsItWhenItsTimeIsOver)
{
    wait();
    up.say(kCreated);
    EXPECT_TRUE(client.events.empty());
    fakes::until(loop, [&] { return !client.events.empty(); });
    EXPECT_EQ(client.events, Events{kCreated});
    EXPECT_EQ(shown.seen, Seen::lifecycle);
    up.say(kInProgress); // and from then on at once
    EXPECT_EQ(client.events, (Events{kCreated, kInProgress}));
}

TEST_F(RelayTest, EndsOnlyTheResponseThatIsNamed)
{
    up.say(kCreated);
    up.say(R"({"type":"response.failed","response":{"id":"resp_0"}})"); // of the turn before
    EXPECT_FALSE(got().has_ended());
    EXPECT_TRUE(client.events == Events{kCreated}); // nobody hears of it
    up.say(kCompleted);
    EXPECT_EQ(got().end, kCompleted);
    EXPECT_FALSE(relay.is_clean()); // but this connection is not kept
}

TEST_F(RelayTest, EndsNothingTwice)
{
    up.say_together({kCreated, kCompleted});
    relay.detach();
    Relay next(loop, client, reader, pauses, shown, rules);
    next.attach(up.connection, "", response());
    up.say(kCompleted); // once more
    EXPECT_FALSE(next.response().has_ended());
    up.say(R"({"type":"response.created","response":{"id":"resp_2"}})");
    const std::string end = R"({"type":"response.completed","response":{"id":"resp_2"}})";
    up.say(end);
    EXPECT_EQ(next.response().end, end);
    EXPECT_FALSE(next.is_clean());
}

TEST_F(RelayTest, TakesAnErrorWithoutATypeForTheEnd)
{
    up.say(R"({"error":{"message":"no","type":"api_error"}})");
    EXPECT_TRUE(got().has_ended());
    EXPECT_EQ(got().end_kind, EventKind::error);
}

TEST_F(RelayTest, PutsItemsInTheirOrder)
{
    up.say(kCreated);
    up.say(
        R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","id":"b"}})");
    up.say(
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"a"}})");
    protocol::ItemReader items;
    relay.response().items.conclude(items, {});
    ASSERT_EQ(got().items.items().size(), 2u);
    EXPECT_NE(got().items.items()[0].find("\"a\""), std::string::npos);
}

class Codex : public RelayTest
{
protected:
    Codex() : RelayTest(0ms, {0ms, 60s, 100ms}) {}
};

TEST_F(Codex, IsKeptAliveWhileTheUpstreamIsSilent)
{
    wait();
    up.say(kCreated);
    fakes::until(loop, [&] { return client.events.size() == 3; });
    EXPECT_EQ(client.events[1], protocol::keepalive_event(0, ""));
    EXPECT_EQ(client.events[2], protocol::keepalive_event(1, ""));
    EXPECT_FALSE(result);
    EXPECT_EQ(shown.seen, Seen::lifecycle); // which forbids nothing
    up.say(kCompleted);
    EXPECT_TRUE(until_result());
}

} // namespace
} // namespace turngate::gateway::test
