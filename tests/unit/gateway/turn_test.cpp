#include "resolve.hpp"

#include "turn_under_test.hpp"

namespace turngate::gateway::test {
namespace {

using core::FaultCode;
using Events = std::vector<std::string>;

TEST_F(TurnTest, GoesAllTheWay)
{
    const auto& running = start(kCreate);
    EXPECT_EQ(heard(), Events{kCreate}); // the client's own bytes
    EXPECT_EQ(account().slots->used(), 1u);
    for (const std::string& event : {kCreated, kDelta, kCompleted})
        say(event);
    ASSERT_EQ(running.close_code, 0);
    EXPECT_EQ(client.events, (Events{kCreated, kDelta, kCompleted}));
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].cost.value, 1'950'000);
    EXPECT_EQ(test.journal.records[0].turn_id, "turn-1");

    EXPECT_EQ(account().slots->used(), 0u);
    EXPECT_EQ(test.rooms.snapshot->keys.find("sk-alice")->slots->used(), 0u);
    EXPECT_EQ(account().life->parked, 1u);
    EXPECT_EQ(test.rooms.metrics.turns[static_cast<std::size_t>(Outcome::completed)].value(), 1);
}

TEST_F(TurnTest, WritesTheBillBeforeTheClientSeesTheEnd)
{
    std::size_t seen_then = 0;
    test.journal.on_append = [&] { seen_then = client.events.size() + client.unflushed.size(); };
    start(kCreate);
    say(kCreated);
    say(kCompleted);
    EXPECT_EQ(seen_then, 1u); // response.created, not more
    EXPECT_EQ(client.events.size(), 2u);
}

TEST_F(TurnTest, RemembersWhoseTheResponseIsAndWhereItLives)
{
    auto& running =
        start(R"({"type":"response.create","model":"gpt-5.2","input":"hi","store":false})");
    say(kCreated);
    say(kCompleted);
    const auto bound = binding("default/alice", "resp_1");
    ASSERT_TRUE(bound);
    EXPECT_EQ(bound->account, "main");
    EXPECT_EQ(test.pool.whereabouts(lease_request(running.turn,
                                                  {Route::How::here, "main", bound->connection},
                                                  test.rooms.snapshot->accounts.find("main"))),
              upstream::Pool::Whereabouts::here);
    EXPECT_FALSE(bound->store);
    EXPECT_EQ(bound->context_tokens, 1050);
    EXPECT_FALSE(binding("default/bob", "resp_1"));
}

TEST_F(TurnTest, ForwardsOnlyWhatMayGoUp)
{
    test.config.accounts[0].forward_headers = {"x-tenant"};
    test.load();
    facts.forward.add("user-agent", "codex");
    facts.forward.add("x-tenant", "t1");
    facts.forward.add("x-of-another-account", "secret");
    start(kCreate);
    const auto& headers = test.dialer.targets.at(0).headers;
    EXPECT_EQ(headers.get("user-agent"), "codex");
    EXPECT_EQ(headers.get("x-tenant"), "t1");
    EXPECT_FALSE(headers.has("x-of-another-account"));
    EXPECT_EQ(headers.get("authorization"), "Bearer sk-upstream");
}

TEST_F(TurnTest, EditsNothingButTheMappedModel)
{
    test.config.accounts[0].models = {{"fast", "gpt-5.2"}};
    test.load();
    start(
        R"({ "type" : "response.create", "input":"model: \"fast\"", "model" : "fast" , "x":[1 ,2]})");
    EXPECT_EQ(
        heard(),
        Events{
            R"({ "type" : "response.create", "input":"model: \"fast\"", "model" : "gpt-5.2" , "x":[1 ,2]})"});
    say(kCreated);
    say(kCompleted);
    ASSERT_EQ(test.journal.records.size(), 1u);
    EXPECT_EQ(test.journal.records[0].requested_model, "fast");
    EXPECT_EQ(test.journal.records[0].upstream_model, "gpt-5.2");
}

TEST_F(TurnTest, SaysTheTypeThatAClientLeftOut)
{
    start(R"({"model":"gpt-5.2","input":"hi"})");
    ASSERT_EQ(heard().size(), 1u);
    const auto sent = nlohmann::json::parse(heard()[0]);
    EXPECT_EQ(
        sent,
        nlohmann::json::parse(R"({"type":"response.create","model":"gpt-5.2","input":"hi"})"));
}

TEST_F(TurnTest, RelaysAnErrorAndKeepsTheConnection)
{
    const std::string error =
        R"({"type":"error","status":400,"error":{"code":"invalid_prompt","message":"no"}})";
    const auto& running = start(kCreate);
    say(error);
    EXPECT_EQ(running.close_code, 0);
    EXPECT_EQ(client.events, Events{error});
    EXPECT_TRUE(test.journal.records.empty()); // no response, no bill
    EXPECT_EQ(account().life->parked, 1u);

    start(kCreate); // and the next one works
    say(kCompleted);
    EXPECT_EQ(test.dialer.targets.size(), 1u);
    EXPECT_EQ(test.journal.records.size(), 1u);
}

TEST_F(TurnTest, LeavesAConnectionThatHasReachedItsAge)
{
    start(kCreate);
    say(R"({"type":"error","status":400,"error":{"code":"websocket_connection_limit_reached","message":"60 minutes"}})");
    EXPECT_EQ(account().life->parked, 0u);
    EXPECT_EQ(test.dialer.peer(0).close_code(), 1000);
    start(kCreate);
    EXPECT_EQ(test.dialer.targets.size(), 2u);
}

TEST_F(TurnTest, GoesOnWithItsParentsConnection)
{
    start(R"({"type":"response.create","model":"gpt-5.2","input":"hi","store":false})");
    say(kCreated);
    say(kCompleted);
    start(child_of("resp_1"));
    EXPECT_EQ(heard().size(), 2u);
    EXPECT_EQ(test.dialer.targets.size(), 1u);
    // The parent's context is part of an estimate.
    say(R"({"type":"response.created","response":{"id":"resp_2"}})");
    say(R"({"type":"response.completed","response":{"id":"resp_2"}})");
    ASSERT_EQ(test.journal.records.size(), 2u);
    EXPECT_GE(test.journal.records[1].tokens.input, 1050);
}

TEST_F(TurnTest, DialsAgainForAParentThatWasStored)
{
    start(kCreate);
    say(kCreated);
    say(kCompleted);
    test.dialer.peer(0).raw().vanish();
    settle();
    start(child_of("resp_1"));
    ASSERT_EQ(test.dialer.targets.size(), 2u);
    EXPECT_EQ(heard(1), Events{child_of("resp_1")});
}

TEST_F(TurnTest, KnowsNoParentWhoseConnectionIsGone)
{
    start(R"({"type":"response.create","model":"gpt-5.2","input":"hi","store":false})");
    say(kCreated);
    say(kCompleted);
    test.dialer.peer(0).raw().vanish();
    settle();
    const auto& running = start(child_of("resp_1"));
    EXPECT_EQ(running.close_code, 0);
    expect_error(400, "previous_response_not_found");
    EXPECT_EQ(last_event()["error"]["param"], "previous_response_id");
    EXPECT_EQ(test.dialer.targets.size(), 1u);
}

TEST_F(TurnTest, KnowsNoParentOfAnotherTenant)
{
    fakes::run(test.loop,
               test.state->store().bind_response("default/bob", "resp_bob", {.account = "main"}));
    for (const std::string parent : {"resp_bob", "resp_never"}) {
        client.events.clear();
        start(child_of(parent));
        expect_error(400, "previous_response_not_found");
        EXPECT_EQ(client.events.size(), 1u);
    }
    EXPECT_TRUE(test.dialer.targets.empty());
}

TEST_F(TurnTest, ForwardsAnUnknownParentIfTheOperatorWantsThat)
{
    test.config.continuity.unknown_parent = config::UnknownParent::forward;
    test.load();
    start(child_of("resp_never"));
    EXPECT_EQ(heard(), Events{child_of("resp_never")});
}

TEST_F(TurnTest, GoesToItsParentsAccount)
{
    auto second = test.config.accounts[0];
    second.name = "second";
    second.base_url = "http://second.test/v1";
    second.priority = 2;
    test.config.accounts.push_back(second);
    test.load();
    fakes::run(
        test.loop,
        test.state->store().bind_response("default/alice", "resp_2nd", {.account = "second"}));
    start(kCreate);
    EXPECT_EQ(test.dialer.targets.at(0).url.host, "main.test");
    say(kCompleted);
    start(child_of("resp_2nd"));
    EXPECT_EQ(test.dialer.targets.at(1).url.host, "second.test");
}

TEST_F(TurnTest, TakesTheNextAccountWhenTheBestIsBusy)
{
    auto second = test.config.accounts[0];
    second.name = "second";
    second.base_url = "http://second.test/v1";
    second.priority = 2;
    test.config.accounts.push_back(second);
    test.config.accounts[0].concurrency = 1;
    test.load();
    ASSERT_TRUE(account().slots->try_acquire());
    const state::Slot busy(account().slots);
    start(kCreate);
    EXPECT_EQ(test.dialer.targets.at(0).url.host, "second.test");
}

TEST_F(TurnTest, WaitsForASlotOfItsAccount)
{
    test.config.accounts[0].concurrency = 1;
    test.load();
    ASSERT_TRUE(account().slots->try_acquire());
    {
        const state::Slot busy(account().slots);
        start(kCreate);
        EXPECT_TRUE(test.dialer.targets.empty());
        EXPECT_EQ(account().slots->waiting(), 1u);
    }
    settle();
    EXPECT_EQ(heard(), Events{kCreate});
}

TEST_F(TurnTest, WaitsForASlotOfItsUserAndLeavesTheQueueWithTheClient)
{
    test.config.users[0].concurrency = 1;
    test.load();
    const auto slots = test.rooms.snapshot->keys.find("sk-alice")->slots;
    ASSERT_TRUE(slots->try_acquire());
    const state::Slot busy(slots);
    auto& running = start(kCreate);
    EXPECT_EQ(slots->waiting(), 1u);
    running.turn.stop.request({FaultCode::client_gone, {}, "test"});
    settle();
    EXPECT_EQ(running.close_code, 0);
    EXPECT_EQ(slots->waiting(), 0u);
    EXPECT_TRUE(client.events.empty());
    EXPECT_TRUE(test.journal.records.empty());
    EXPECT_TRUE(test.dialer.targets.empty());
}

} // namespace
} // namespace turngate::gateway::test
