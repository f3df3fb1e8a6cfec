#include "turn_under_test.hpp"

namespace turngate::gateway::test {
namespace {

using core::FaultCode;
using Events = std::vector<std::string>;

net::DialFault refused(int status, const std::string& retry_after = {})
{
    net::DialFault fault{{FaultCode::dial_refused, {}, "upgrade", status}, {}};
    fault.response.status = status;
    if (!retry_after.empty())
        fault.response.headers.add("retry-after", retry_after);
    return fault;
}

TEST_F(TurnTest, TellsTheClientOnceWhyADialFailed)
{
    struct Case
    {
        net::DialFault fault;
        int status;
        const char* code;
        const char* retry_after;
    };
    const Case cases[] = {
        {{{FaultCode::dial_failed, {}, "connect"}, {}}, 502, "upstream_disconnected", nullptr},
        {{{FaultCode::upstream_timeout, {}, "connect"}, {}}, 504, "upstream_timeout", nullptr},
        {refused(429, "17"), 429, "rate_limit_exceeded", "17"},
        {refused(429), 429, "rate_limit_exceeded", "5"}, // nobody knows better
        {refused(429, "soon"), 429, "rate_limit_exceeded", "5"},
        {refused(401), 503, "no_account_available", nullptr},
        {refused(403), 502, "upstream_disconnected", nullptr},
        {refused(500), 502, "upstream_disconnected", nullptr},
    };
    for (const Case& c : cases) {
        client.events.clear();
        test.dialer.faults.push_back(c.fault);
        const auto& running = start(
            R"({"type":"response.create","model":"gpt-5.2","input":"hi","stream_id":"main"})");
        EXPECT_EQ(running.close_code, 0) << c.code; // the socket stays
        EXPECT_EQ(client.events.size(), 1u) << c.code;
        expect_error(c.status, c.code);
        EXPECT_EQ(last_event()["stream_id"], "main");
        if (c.retry_after)
            EXPECT_EQ(last_event()["headers"]["retry-after"], c.retry_after);
        else
            EXPECT_FALSE(last_event().contains("headers")) << c.code;
        EXPECT_TRUE(test.journal.records.empty());
        EXPECT_EQ(account().slots->used(), 0u);
        account().standing->clear();
    }
    client.events.clear();
    start(kCreate); // and then it works
    say(kCompleted, 0);
    EXPECT_EQ(client.events, Events{kCompleted});
}

TEST_F(TurnTest, TellsTheClientOnceThatTheUpstreamIsLost)
{
    const auto& running = start(kCreate);
    say(kCreated);
    say(kDelta);
    test.dialer.peer(0).close(1011);
    until_ended(running);
    EXPECT_EQ(running.close_code, 0);
    EXPECT_EQ(client.events.size(), 3u);
    expect_error(502, "upstream_disconnected");
    EXPECT_FALSE(last_event().contains("stream_id"));
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].status, usage::Status::aborted);
    EXPECT_EQ(test.journal.records[0].upstream_response_id, "resp_1");
    EXPECT_EQ(account().life->parked, 0u);

    client.events.clear();
    start(kCreate);
    say(kCompleted, 1);
    EXPECT_EQ(client.events, Events{kCompleted});
}

TEST_F(TurnTest, CallsARestartARestart)
{
    const auto& running = start(kCreate);
    test.dialer.peer(0).close(1012);
    until_ended(running);
    expect_error(503, "upstream_restart");
    EXPECT_TRUE(test.journal.records.empty()); // nothing had begun
}

TEST_F(TurnTest, GivesUpOnAnUpstreamThatSaysNothing)
{
    test.config.relay.event_timeout = std::chrono::milliseconds(100);
    test.load();
    const auto& running = start(kCreate);
    say(kCreated);
    until_ended(running);
    expect_error(504, "upstream_timeout");
    EXPECT_EQ(test.dialer.peer(0).close_code(), 1000); // we do not vouch for it
    EXPECT_EQ(account().life->parked, 0u);
}

TEST_F(TurnTest, IsBilledThoughItsClientHasLeft)
{
    auto& running = start(kCreate);
    say(kCreated);
    say(kDelta);
    running.turn.stop.request({FaultCode::client_gone, {}, "test"});
    settle();
    EXPECT_EQ(running.close_code, 0);
    EXPECT_EQ(client.events.size(), 2u); // nobody is told
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].reason, "client_gone");
    EXPECT_EQ(test.journal.records[0].tokens.output, 1);
    EXPECT_EQ(test.dialer.peer(0).close_code(), 1000);
    EXPECT_EQ(account().slots->used(), 0u);
}

TEST_F(TurnTest, CostsNothingIfItsClientLeftBeforeTheCreateWasSent)
{
    test.dialer.held = std::make_unique<net::Event>(test.loop);
    auto& running = start(kCreate);
    running.turn.stop.request({FaultCode::client_gone, {}, "test"});
    settle();
    EXPECT_EQ(running.close_code, 0);
    EXPECT_TRUE(client.events.empty());
    EXPECT_TRUE(test.journal.records.empty());
    EXPECT_EQ(account().slots->used(), 0u);
    EXPECT_EQ(account().life->connections, 0u);
}

TEST_F(TurnTest, IsRefusedByAGatewayThatCannotWriteBills)
{
    test.journal.is_healthy_now = false;
    const auto& running = start(kCreate);
    EXPECT_EQ(running.close_code, 0);
    expect_error(503, "accounting_unavailable");
    EXPECT_TRUE(test.dialer.targets.empty());

    test.journal.is_healthy_now = true; // it recovers
    start(kCreate);
    EXPECT_EQ(heard().size(), 1u);
}

TEST_F(TurnTest, EndsTheSessionWhenItsBillCannotBeWritten)
{
    test.journal.is_broken = true;
    const auto& running = start(kCreate);
    say(kCreated);
    say(kCompleted);
    EXPECT_EQ(running.close_code, 1011);
    expect_error(503, "accounting_unavailable");
    EXPECT_EQ(client.events.size(), 2u); // not the end that is not paid for
    EXPECT_EQ(test.rooms.metrics.journal_failures.value(), 1);
}

TEST_F(TurnTest, GoesOnWithoutBillsIfTheOperatorWantsThat)
{
    test.config.usage.journal.on_failure = config::OnJournalFailure::keep_serving;
    test.load();
    test.journal.is_broken = true;
    test.journal.is_healthy_now = false;
    const auto& running = start(kCreate);
    say(kCreated);
    say(kCompleted);
    EXPECT_EQ(running.close_code, 0);
    EXPECT_EQ(client.events.back(), kCompleted);
    EXPECT_EQ(test.rooms.metrics.journal_failures.value(), 1);
}

TEST_F(TurnTest, EndsTheSessionOfARevokedKey)
{
    test.config.keys.clear();
    test.load();
    const auto& running = start(kCreate);
    EXPECT_EQ(running.close_code, 1008);
    expect_error(401, "invalid_api_key");
    EXPECT_TRUE(test.dialer.targets.empty());
}

TEST_F(TurnTest, IsRefusedWhileTheGatewayDrains)
{
    test.rooms.is_draining = true;
    const auto& running = start(kCreate);
    EXPECT_EQ(running.close_code, 0);
    expect_error(503, "gateway_draining");
}

TEST_F(TurnTest, WantsAModelThatAnAccountHasAndThatHasAPrice)
{
    const std::string unheard_of =
        R"({"type":"response.create","model":"unheard-of","input":"hi"})";
    test.config.pricing.unknown_model = "reject";
    test.load();
    start(unheard_of); // every account takes every model, but there is no price
    expect_error(400, "model_not_found");
    EXPECT_EQ(last_event()["error"]["param"], "model");

    test.config.pricing.unknown_model = "gpt-5.2";
    test.load();
    start(unheard_of);
    EXPECT_EQ(heard(), Events{unheard_of});
    say(kCreated);
    say(kCompleted);
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].cost.value, 1'950'000);

    test.config.accounts[0].models = {{"gpt-5.2", "gpt-5.2"}};
    test.load();
    start(unheard_of); // a price, but no account
    expect_error(400, "model_not_found");
}

TEST_F(TurnTest, RunsAModelWithoutAPriceForWhoHasNoBudget)
{
    const std::string unheard_of =
        R"({"type":"response.create","model":"unheard-of","input":"hi"})";
    start(unheard_of);
    EXPECT_EQ(heard(), Events{unheard_of});
    say(kCreated);
    say(kCompleted);
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].reason, "unpriced");
    EXPECT_EQ(test.journal.records[0].cost.value, 0);
    EXPECT_EQ(test.rooms.metrics.unpriced.value(), 1);

    test.config.keys[0].quota = core::NanoUsd{1'000'000'000'000};
    test.load();
    start(unheard_of);
    expect_error(400, "model_not_found");
    EXPECT_EQ(last_event()["error"]["param"], "model");
    EXPECT_THAT(std::string(last_event()["error"]["message"]), testing::HasSubstr("has a budget"));

    test.config.accounts[0].models = {{"unheard-of", "gpt-5.2"}}; // its upstream name has a price
    test.load();
    start(unheard_of);
    say(kCreated);
    say(kCompleted);
    ASSERT_EQ(test.journal.records.size(), 2u);
    EXPECT_EQ(test.journal.records[1].cost.value, 1'950'000);
}

TEST_F(TurnTest, WantsAnAccount)
{
    test.config.accounts[0].mode = config::Mode::off;
    test.load();
    start(kCreate);
    expect_error(503, "no_account_available");
}

TEST_F(TurnTest, SaysWhenToComeBackWhenAllIsBusy)
{
    test.config.accounts[0].max_connections = 0;
    test.load();
    start(kCreate);
    expect_error(429, "rate_limit_exceeded");
    EXPECT_EQ(last_event()["headers"]["retry-after"], "1");
}

} // namespace
} // namespace turngate::gateway::test
