#include "bill.hpp"

#include "connected.hpp"
#include "recording_client.hpp"
#include "rooms_under_test.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway::test {
namespace {

using core::FaultCode;
using usage::Status;

// A turn that has been sent and has come as far as the test takes it.
class Bill : public testing::Test
{
protected:
    Bill() : turn(test.rooms, client, session, lane, {})
    {
        session.id = 7;
        session.key = core::sha256("session");
        session.tenant = "default/alice";
        session.client_ip = "192.0.2.7";
        session.user_agent = "codex";
        turn.id = "turn-1";
        turn.create.model = "gpt-5.2";
        turn.frame = std::string(400, 'x'); // about 100 tokens
        turn.accepted_at = core::Clock::now() - std::chrono::seconds(2);
        turn.started_at = core::wall_now();
        use_configuration();
        Place place{{},
                    account(),
                    {},
                    account()->standing->pass_anyway("gpt-5.2", core::Clock::now()),
                    "gpt-5.2",
                    turn.snapshot->prices->find("gpt-5.2"),
                    "test",
                    turn.accepted_at + std::chrono::milliseconds(500)};
        attempt = std::make_unique<Attempt>(turn, std::move(place));
        attempt->sent_at = core::Clock::now();
        attempt->relay.attach(
            up.connection, "", Response({}, turn.accepted_at, turn.started_at, 1 << 20));
    }
    ~Bill() override { attempt->relay.detach(); }

    std::shared_ptr<const accounts::Account> account() const
    {
        return turn.snapshot->accounts.find("main");
    }
    Context& context() { return attempt->relay.response().context; }

    void use_configuration()
    {
        test.load();
        turn.snapshot = test.rooms.snapshot;
        turn.principal = turn.snapshot->keys.find("sk-alice");
        if (!attempt)
            return;
        attempt->place.account = account();
        attempt->place.price = turn.snapshot->prices->find("gpt-5.2");
    }

    usage::UsageRecord bill_for(const std::string& terminal)
    {
        return bill(
            turn,
            *attempt,
            test.rooms.upstream_events.read_terminal(terminal, protocol::peek_kind(terminal)));
    }
    usage::UsageRecord bill_lost(FaultCode code)
    {
        return bill_aborted(turn, *attempt, {code, {}, "test"});
    }

    RoomsUnderTest test;
    RecordingClient client;
    SessionFacts session;
    LaneMemory lane;
    Connected up{test.loop};
    Turn turn;
    std::unique_ptr<Attempt> attempt;
};

TEST_F(Bill, SaysWhoAndWhenAndWhat)
{
    turn.create.stream_id = "main";
    up.say_together({kCreated, kDelta});
    const auto record = bill_for(kCompleted);
    EXPECT_EQ(record.response_uid.size(), 36u);
    EXPECT_EQ(record.turn_id, "turn-1");
    EXPECT_EQ(record.upstream_response_id, "resp_1");
    EXPECT_EQ(record.user, "alice");
    EXPECT_EQ(record.key, "a");
    EXPECT_EQ(record.group, "default");
    EXPECT_EQ(record.account, "main");
    EXPECT_EQ(record.requested_model, "gpt-5.2");
    EXPECT_EQ(record.upstream_model, "gpt-5.2");
    EXPECT_EQ(record.lane, "main");
    EXPECT_EQ(record.session, core::sha256("session").hex());
    EXPECT_EQ(record.request_type, usage::RequestType::ws_v2);
    EXPECT_EQ(record.status, Status::completed);
    EXPECT_EQ(record.reason, "");
    EXPECT_EQ(record.service_tier, "default");
    EXPECT_EQ(record.price_version, "test-1");
    EXPECT_EQ(record.queue_ms, 500);
    ASSERT_TRUE(record.first_token_ms);
    EXPECT_GE(*record.first_token_ms, 2000);
    EXPECT_GE(record.total_ms, *record.first_token_ms);
    EXPECT_EQ(record.started_at, turn.started_at);
    EXPECT_EQ(record.user_agent, "codex");
    EXPECT_EQ(record.client_ip, "192.0.2.7");
    EXPECT_EQ(record.attempts, turn.tries.begun);
    EXPECT_NE(bill_for(kCompleted).response_uid, record.response_uid);
}

TEST_F(Bill, TakesTheUsageAsReported)
{
    const auto record = bill_for(kCompleted);
    EXPECT_EQ(record.tokens,
              (protocol::TokenUsage{.input = 1000,
                                    .cached = 400,
                                    .cache_write = 100,
                                    .output = 50,
                                    .reasoning = 20,
                                    .total = 1050}));
    EXPECT_FALSE(record.estimated);
    EXPECT_FALSE(record.first_token_ms); // no content came
    // 500 × $2 + 400 × $0.5 + 100 × $2.5 + 50 × $10, a million tokens each
    EXPECT_EQ(record.cost.value, 1'950'000);
    EXPECT_EQ(record.account_cost.value, 1'560'000); // × 0.8
}

TEST_F(Bill, MultipliesByWhatTheUserPays)
{
    test.config.groups[0].multiplier = {500'000};
    use_configuration();
    const auto half = bill_for(kCompleted);
    EXPECT_EQ(half.multiplier.value, 500'000);
    EXPECT_EQ(half.cost.value, 975'000);
    EXPECT_EQ(half.account_cost.value, 1'560'000);

    test.config.users[0].group_multipliers["default"] = {0};
    use_configuration();
    EXPECT_EQ(bill_for(kCompleted).cost.value, 0);
}

TEST_F(Bill, CountsUsageOnEveryEndThatHasIt)
{
    struct Case
    {
        std::string type;
        std::string more;
        Status status;
        std::string reason;
    };
    const Case cases[] = {
        {"response.incomplete",
         R"("incomplete_details":{"reason":"max_output_tokens"},)",
         Status::incomplete,
         "max_output_tokens"},
        {"response.failed",
         R"("error":{"code":"server_error","message":"no"},)",
         Status::failed,
         "server_error"},
    };
    for (const Case& c : cases) {
        const std::string event =
            R"({"type":")" + c.type + R"(","response":{"id":"resp_1",)" + c.more +
            R"("usage":{"input_tokens":1000,"output_tokens":50,"total_tokens":1050}}})";
        const auto terminal =
            test.rooms.upstream_events.read_terminal(event, protocol::peek_kind(event));
        const auto record = bill(turn, *attempt, terminal);
        EXPECT_EQ(record.status, c.status) << c.type;
        EXPECT_EQ(record.reason, c.reason) << c.type;
        EXPECT_FALSE(record.estimated) << c.type;
        EXPECT_EQ(record.cost.value, 2'500'000) << c.type;
    }
}

TEST_F(Bill, EstimatesUsageThatIsMissing)
{
    context().parent_tokens = 5'000;
    up.say_together({kCreated, kDelta, kDelta, kDelta});
    const auto record =
        bill_for(R"({"type":"response.completed","response":{"id":"resp_1","usage":null}})");
    EXPECT_TRUE(record.estimated);
    EXPECT_EQ(record.tokens.input, 5'100);
    EXPECT_EQ(record.tokens.cached, 0);
    EXPECT_EQ(record.tokens.output, 3);
    EXPECT_EQ(record.tokens.total, 5'103);
    EXPECT_EQ(record.cost.value, 5'100 * 2'000 + 3 * 10'000);
    EXPECT_EQ(record.status, Status::completed);
}

TEST_F(Bill, EstimatesAnErrorThatCameAfterTheResponseHadBegun)
{
    up.say_together({kCreated, kDelta});
    const auto record =
        bill_for(R"({"type":"error","status":500,"error":{"code":"server_error","message":"no"}})");
    EXPECT_EQ(record.status, Status::failed);
    EXPECT_EQ(record.reason, "server_error");
    EXPECT_EQ(record.upstream_response_id, "resp_1"); // known from its response.created
    EXPECT_TRUE(record.estimated);
    EXPECT_EQ(record.tokens.input, 100);
    EXPECT_EQ(record.tokens.output, 1);
}

TEST_F(Bill, ChargesNothingForAFailureWithoutContent)
{
    up.say(kCreated);
    const auto record = bill_for(
        R"({"type":"response.failed","response":{"id":"resp_1","error":{"code":"server_error"}}})");
    EXPECT_EQ(record.status, Status::failed);
    EXPECT_EQ(record.tokens, protocol::TokenUsage{});
    EXPECT_EQ(record.cost.value, 0);
}

TEST_F(Bill, ChargesAFailureThatHadContent)
{
    up.say_together({kCreated, kDelta});
    const auto record = bill_for(
        R"({"type":"response.failed","response":{"id":"resp_1","error":{"code":"server_error"}}})");
    EXPECT_TRUE(record.estimated);
    EXPECT_EQ(record.tokens.output, 1);
    EXPECT_GT(record.cost.value, 0);
}

TEST_F(Bill, EstimatesATurnThatTheClientLeft)
{
    context().parent_tokens = 1'000;
    turn.create.service_tier = "flex";
    up.say_together({kCreated, kDelta, kDelta});
    const auto record = bill_lost(FaultCode::client_gone);
    EXPECT_EQ(record.status, Status::aborted);
    EXPECT_EQ(record.reason, "client_gone");
    EXPECT_EQ(record.upstream_response_id, "resp_1");
    EXPECT_TRUE(record.estimated);
    EXPECT_EQ(record.service_tier, "flex");
    EXPECT_EQ(record.tokens.input, 1'100);
    EXPECT_EQ(record.tokens.output, 2);
    EXPECT_EQ(record.cost.value, (1'100 * 2'000 + 2 * 10'000) / 2); // flex is half
}

TEST_F(Bill, EstimatesAClientThatLeftBeforeAnythingCame)
{
    const auto record = bill_lost(FaultCode::client_gone);
    EXPECT_EQ(record.upstream_response_id, "");
    EXPECT_EQ(record.tokens.input, 100);
    EXPECT_EQ(record.tokens.output, 0);
}

TEST_F(Bill, ChargesALossOnlyForWhatWasDelivered)
{
    up.say(kCreated);
    const auto nothing = bill_lost(FaultCode::upstream_lost);
    EXPECT_EQ(nothing.tokens, protocol::TokenUsage{});
    EXPECT_EQ(nothing.cost.value, 0);
    up.say(kDelta);
    const auto some = bill_lost(FaultCode::upstream_lost);
    EXPECT_EQ(some.reason, "upstream_lost");
    EXPECT_EQ(some.tokens.input, 100);
    EXPECT_EQ(some.tokens.output, 1);
}

TEST_F(Bill, ChargesNothingForAbortedTurnsIfTheOperatorWantsThat)
{
    test.config.usage.aborted_turns = config::AbortedTurns::free;
    use_configuration();
    up.say_together({kCreated, kDelta});
    const auto record = bill_lost(FaultCode::client_gone);
    EXPECT_EQ(record.status, Status::aborted);
    EXPECT_EQ(record.tokens, protocol::TokenUsage{});
    EXPECT_EQ(record.cost.value, 0);
    EXPECT_EQ(bill_for(kCompleted).cost.value, 1'950'000); // complete ones cost as ever
}

TEST_F(Bill, FindsThePriceOfAModelThatOnlyTheAnswerNames)
{
    turn.create.model.clear(); // a prompt template names it
    attempt->place.model.clear();
    attempt->place.price = nullptr;
    const auto record = bill_for(kCompleted);
    EXPECT_EQ(record.requested_model, "");
    EXPECT_EQ(record.upstream_model, "gpt-5.2");
    EXPECT_EQ(record.cost.value, 1'950'000);
}

TEST_F(Bill, SaysSoWhenThereIsNoPrice)
{
    turn.create.model.clear();
    attempt->place.model.clear();
    attempt->place.price = nullptr;
    const auto record = bill_for(
        R"({"type":"response.completed","response":{"id":"resp_1","model":"unheard-of","usage":{"input_tokens":9,"output_tokens":1}}})");
    EXPECT_EQ(record.reason, "unpriced");
    EXPECT_EQ(record.tokens.input, 9);
    EXPECT_EQ(record.cost.value, 0);
    EXPECT_FALSE(record.estimated);
    EXPECT_EQ(test.rooms.metrics.unpriced.value(), 1);
}

// Only the answer names the model, and it has no price.
class BillOfAnUnpricedAnswer : public Bill
{
protected:
    BillOfAnUnpricedAnswer()
    {
        test.prices.models["dear"].rates = {.input = 4'000'000'000, .output = 1'000'000'000};
        test.prices.models["gpt-5.2-pro"].rates = {.input = 20'000'000'000,
                                                   .output = 100'000'000'000};
        turn.create.model.clear();
        attempt->place.model.clear();
    }
    usage::UsageRecord bill_unheard_of()
    {
        use_configuration();
        attempt->place.price = nullptr;
        return bill_for(
            R"({"type":"response.completed","response":{"id":"resp_1",)"
            R"("model":"unheard-of","usage":{"input_tokens":1000,"output_tokens":50}}})");
    }
};

TEST_F(BillOfAnUnpricedAnswer, IsThatOfTheGroupsDearestWhereThereIsABudget)
{
    test.config.users[0].balance = core::NanoUsd{1};
    const auto record = bill_unheard_of();
    EXPECT_EQ(record.reason, "unpriced_model");
    EXPECT_TRUE(record.estimated);
    EXPECT_EQ(record.tokens.input, 1'000);
    EXPECT_EQ(record.cost.value, 1'000 * 20'000 + 50 * 100'000);
    EXPECT_EQ(test.rooms.metrics.unpriced.value(), 1);
}

TEST_F(BillOfAnUnpricedAnswer, TakesThoseModelsThatTheGroupsAccountsHave)
{
    test.config.users[0].balance = core::NanoUsd{1};
    test.config.accounts[0].models = {{"gpt-5.2", "gpt-5.2"}, {"mine", "dear"}, {"x", "none"}};
    EXPECT_EQ(bill_unheard_of().cost.value, 1'000 * 4'000 + 50 * 1'000); // dearer for these tokens
}

TEST_F(BillOfAnUnpricedAnswer, CostsWhereTheModelWouldHaveBeenRejected)
{
    test.config.pricing.unknown_model = "reject";
    EXPECT_GT(bill_unheard_of().cost.value, 0);
}

TEST_F(BillOfAnUnpricedAnswer, HasThePriceOfTheUndatedName)
{
    use_configuration();
    attempt->place.price = nullptr;
    const auto record = bill_for(
        R"({"type":"response.completed","response":{"id":"resp_1",)"
        R"("model":"gpt-5.2-2025-12-11","usage":{"input_tokens":1000,"output_tokens":50}}})");
    EXPECT_EQ(record.cost.value, 1'000 * 2'000 + 50 * 10'000);
    EXPECT_FALSE(record.estimated);
}

TEST_F(Bill, EstimatesUsageThatMakesNoSense)
{
    test.prices.models["gpt-5.2"].max_input_tokens = 400'000;
    test.prices.models["gpt-5.2"].max_output_tokens = 128'000;
    use_configuration();
    up.say_together({kCreated, kDelta, kDelta, kDelta});
    const char* const odd[] = {
        R"({})",
        R"("much")",
        R"({"prompt_tokens":5})",
        R"({"input_tokens":9000000000000000,"output_tokens":50})",
        R"({"input_tokens":9000000000000001,"output_tokens":9000000000000001})",
        R"({"input_tokens":400001,"output_tokens":50})",
        R"({"input_tokens":1000,"output_tokens":128001})",
        R"({"input_tokens":1000,"output_tokens":50,"total_tokens":9000000000000000})",
    };
    std::int64_t count = 0;
    for (const std::string usage : odd) {
        const auto record = bill_for(
            R"({"type":"response.completed","response":{"id":"resp_1","usage":)" + usage + "}}");
        EXPECT_TRUE(record.estimated) << usage;
        EXPECT_EQ(record.tokens.input, 100) << usage;
        EXPECT_EQ(record.tokens.output, 3) << usage;
        EXPECT_EQ(record.tokens.total, 103) << usage;
        EXPECT_EQ(record.cost.value, 100 * 2'000 + 3 * 10'000) << usage;
        EXPECT_EQ(test.rooms.metrics.odd_usage.value(), ++count) << usage;
    }
    bill_for(R"({"type":"response.completed","response":{"id":"resp_1","usage":null}})");
    EXPECT_EQ(test.rooms.metrics.odd_usage.value(), count); // missing is not odd
}

TEST_F(Bill, BelievesFiguresThatMayBe)
{
    auto& price = test.prices.models["gpt-5.2"];
    price.max_input_tokens = 272'000;
    const auto is_believed = [&](std::int64_t input) {
        use_configuration();
        return !bill_for(R"({"type":"response.completed","response":{"id":"resp_1","usage":)"
                         R"({"input_tokens":)" +
                         std::to_string(input) + R"(,"output_tokens":50}}})")
                    .estimated;
    };
    EXPECT_TRUE(is_believed(272'000));
    EXPECT_FALSE(is_believed(272'001));
    price.long_context = {272'000, {2'000'000}, {1'500'000}};
    EXPECT_TRUE(is_believed(900'000)); // there is a price for it
    price.long_context.reset();
    turn.create.size.has_hosted_tools = true; // the model runs more than once
    EXPECT_TRUE(is_believed(900'000));
    EXPECT_FALSE(is_believed(900'000'000'000));
    turn.create.size.has_hosted_tools = false;
    price.max_input_tokens = 0;
    EXPECT_TRUE(is_believed(900'000)); // who knows
    EXPECT_FALSE(is_believed(9'000'000'000'000'000));
}

TEST_F(Bill, CountsAnAnswerWithoutDeltasByItsSize)
{
    const auto record = bill_for(R"({"type":"response.completed","response":{"id":"resp_1",)"
                                 R"("output":[{"text":")" +
                                 std::string(4'000, 'x') + R"("}],"usage":{}}})");
    EXPECT_GT(record.tokens.output, 999);
}

TEST_F(Bill, CountsNoPictureForMoreThanAModelMakesOfOne)
{
    turn.frame = std::string(4'000'400, 'x');
    turn.create.size = {.pictures = 1, .picture_bytes = 4'000'000};
    EXPECT_EQ(bill_lost(FaultCode::client_gone).tokens.input, 50'100);
    turn.create.size.picture_bytes = 4'000;
    turn.frame = std::string(4'400, 'x');
    EXPECT_EQ(bill_lost(FaultCode::client_gone).tokens.input, 1'100);
}

TEST_F(Bill, BillsTheTierThatWasAskedForUnlessTheAnswerSaysAnother)
{
    const auto cost = [&](const std::string& asked, const std::string& answered) {
        turn.create.service_tier = asked;
        return bill_for(R"({"type":"response.completed","response":{"id":"resp_1",)"
                        R"("service_tier":)" +
                        answered + R"(,"usage":{"input_tokens":1000,"output_tokens":50}}})")
            .cost.value;
    };
    constexpr std::int64_t kStandard = 1'000 * 2'000 + 50 * 10'000;
    EXPECT_EQ(cost("priority", "null"), 2 * kStandard);
    EXPECT_EQ(cost("fast", "null"), 2 * kStandard);
    EXPECT_EQ(cost("flex", "null"), kStandard / 2);
    EXPECT_EQ(cost("auto", "null"), kStandard);
    EXPECT_EQ(cost("", "null"), kStandard);
    EXPECT_EQ(cost("priority", R"("default")"), kStandard);
    EXPECT_EQ(cost("auto", R"("priority")"), 2 * kStandard);
}

TEST_F(Bill, KeepsThePriceOfTheTurnsStart)
{
    test.prices.models["gpt-5.2"].rates.input *= 10;
    test.load(); // a reload in the middle of the turn
    EXPECT_EQ(bill_for(kCompleted).cost.value, 1'950'000);
}

} // namespace
} // namespace turngate::gateway::test
