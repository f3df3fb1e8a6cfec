#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include "gateways.hpp"

namespace turngate::state::test {
namespace {

using namespace std::chrono_literals;
using core::Clock;

constexpr auto kBound = 50ms;
constexpr RateLimits kRates{.rpm = 1'000, .tpm = 1'000'000};
constexpr auto kSlack = 250ms; // sanitizers, and other tests on the same machine

// What Redis may do to us. Whatever it does, everything asked is answered within the bound, and
// after it the gateways share again.
class RedisFaults : public testing::Test
{
protected:
    RedisOptions options(std::string instance)
    {
        RedisOptions options{.redis = server_.config(), .instance = std::move(instance)};
        options.redis.timeout = kBound;
        return options;
    }

    // Binding, finding, a slot and a rate: all of a turn, each in time and none refused.
    void expect_a_turn(Gateway& gateway, const std::string& response)
    {
        State& state = *gateway.state;
        const auto slots = state.slots("user/alice", 2, 10);
        net::Stop stop;
        const auto timed = [&](auto task) {
            const auto before = Clock::now();
            auto value = fakes::run(loop_, std::move(task));
            EXPECT_LT(Clock::now() - before, kBound + kSlack);
            return value;
        };
        EXPECT_TRUE(timed(slots->acquire(loop_, fakes::later(), stop)));
        EXPECT_TRUE(timed(slots->try_acquire(loop_)));
        EXPECT_TRUE(timed(state.rates().take("key", kRates, 10)).fits);
        EXPECT_FALSE(timed(state.store().find_response("t", "unknown")));
        fakes::run(loop_, state.store().bind_response("t", response, {.account = "main"}));
        fakes::run(loop_, state.rates().settle("key", kRates, 5));
        EXPECT_EQ(timed(state.store().find_response("t", response))->account, "main");
        fakes::run(loop_, state.store().bind_lane("t", "lane", {"main", response, ""}));
        EXPECT_EQ(timed(state.store().find_lane("t", "lane"))->last_response, response);
    }

    void expect_sharing(Gateway& first, Gateway& second)
    {
        const std::string id = "shared_" + std::to_string(++shared_);
        fakes::run(loop_, first.state->store().bind_response("t", id, {.account = "x"}));
        fakes::until(loop_, [&] {
            return fakes::run(loop_, second.state->store().find_response("t", id)).has_value();
        });
    }

    void expect_sharing_within_ten_seconds(Gateway& first, Gateway& second)
    {
        const auto before = Clock::now();
        first.until_up();
        second.until_up();
        expect_sharing(first, second);
        EXPECT_LT(Clock::now() - before, 10s);
    }

    net::Loop loop_{0};
    fakes::RedisServer server_;
    int shared_ = 0;
};

TEST_F(RedisFaults, DownAtTheStart)
{
    server_.kill();
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    expect_a_turn(first, "resp_1");
    EXPECT_FALSE(first.is_up());
    server_.start();
    expect_sharing_within_ten_seconds(first, second);
    expect_a_turn(first, "resp_2");
}

TEST_F(RedisFaults, GoneInTheMiddle)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    expect_a_turn(first, "resp_1");
    server_.kill();
    expect_a_turn(first, "resp_2");
    first.until_down();
    expect_a_turn(first, "resp_3");
    server_.start();
    expect_sharing_within_ten_seconds(first, second);
    expect_a_turn(first, "resp_4");
}

TEST_F(RedisFaults, Slow)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    server_.pause();
    expect_a_turn(first, "resp_1"); // late, until it is given up
    first.until_down();
    EXPECT_GE(first.state->health().late, 3u);
    const auto before = Clock::now();
    expect_a_turn(first, "resp_2");
    EXPECT_LT(Clock::now() - before, kSlack); // nobody asks any more
    server_.resume();
    expect_sharing_within_ten_seconds(first, second);
    expect_a_turn(first, "resp_3");
}

// Two gateways that decide alone would both grant what is there once.
TEST_F(RedisFaults, AHoldWaitsLongerThanAllElse)
{
    RedisOptions patient = options("two");
    patient.redis.hold_timeout = 15s;
    Gateway first(loop_, options("one")), second(loop_, patient);
    first.until_up();
    second.until_up();
    auto held =
        fakes::run(loop_, first.state->budgets().hold({"user/alice", {100}, "turn_1", {100}, {}}));
    ASSERT_TRUE(held);
    // What it told at its beginning has arrived: three answers too late would end its connection.
    EXPECT_FALSE(fakes::run(loop_, second.state->store().find_response("t", "unknown")));
    server_.pause();
    std::optional<core::Result<Hold>> asked;
    net::TaskGroup tasks(loop_);
    tasks.spawn(
        "hold",
        fakes::keep(second.state->budgets().hold({"user/alice", {100}, "turn_2", {100}, {}}),
                    asked));
    EXPECT_FALSE(fakes::run(loop_, second.state->store().find_response("t", "unknown")));
    EXPECT_FALSE(asked); // the question behind it was given up before
    server_.resume();
    fakes::until(loop_, [&] { return asked.has_value(); });
    ASSERT_FALSE(*asked);
    EXPECT_EQ(asked->error().code, core::FaultCode::rate_limited);
}

TEST_F(RedisFaults, Flushed)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    const auto here = first.state->slots("account/main", 1, 10);
    const auto there = second.state->slots("account/main", 1, 10);
    const auto slot = fakes::run(loop_, here->try_acquire(loop_));
    ASSERT_TRUE(slot);
    const core::Digest key = core::sha256("secret");
    first.state->bulletin().revoke(key);
    fakes::until(loop_, [&] { return second.state->bulletin().is_revoked(key); });
    // Both have left their mark, by which they see that all is gone.
    fakes::until(loop_,
                 [&] { return server_.command({"EXISTS", "tg:1:{instance:one}:seen"}) == "1"; });

    server_.clear();
    expect_a_turn(first, "resp_1");
    fakes::until(loop_, [&] { // the slot that is held is counted again, soon
        return server_.command({"ZCARD", "tg:1:{slot:account/main}:held"}) == "1";
    });
    EXPECT_FALSE(fakes::run(loop_, there->try_acquire(loop_)));
    fakes::until(loop_, [&] { return server_.command({"EXISTS", "tg:1:{bulletin}"}) == "1"; });
    expect_sharing(first, second);
}

TEST_F(RedisFaults, RestartedWhileSlotsAreHeldAndGivenBack)
{
    Gateway first(loop_, options("one"));
    first.until_up();
    const auto slots = first.state->slots("account/main", 5, 10);
    std::vector<Slot> held;
    for (int i = 0; i < 5; ++i)
        held.push_back(*fakes::run(loop_, slots->try_acquire(loop_)));
    server_.pause();
    held.pop_back(); // said to a Redis that does not listen
    first.until_down();
    held.pop_back(); // said to nobody
    server_.resume();
    first.until_up();
    fakes::until(
        loop_, [&] { return server_.command({"ZCARD", "tg:1:{slot:account/main}:held"}) == "3"; });
    held.clear();
    fakes::until(
        loop_, [&] { return server_.command({"ZCARD", "tg:1:{slot:account/main}:held"}) == "0"; });
}

// More names than Redis can be told of within one operation's time.
TEST_F(RedisFaults, FlushedUnderThousandsOfUsers)
{
    constexpr int kUsers = 3'000;
    RedisOptions patient = options("one");
    patient.redis.timeout = 500ms; // sanitizers
    Gateway gateway(loop_, patient);
    gateway.until_up();
    std::vector<Slot> held;
    for (int i = 0; i < kUsers; ++i) {
        const auto slots = gateway.state->slots("user/" + std::to_string(i), 1, 0);
        held.push_back(*fakes::run(loop_, slots->try_acquire(loop_)));
    }
    fakes::until(loop_,
                 [&] { return server_.command({"EXISTS", "tg:1:{instance:one}:seen"}) == "1"; });
    const auto lost = gateway.state->health().lost;
    const auto before = Clock::now();
    server_.clear();
    fakes::until(loop_, [&] { // as many sets as users, and little else
        return std::stoi(server_.command({"DBSIZE"})) >= kUsers;
    });
    EXPECT_LT(Clock::now() - before, 10s);
    EXPECT_EQ(gateway.state->health().lost, lost);
}

TEST_F(RedisFaults, WaitersGoOnWhenItGoes)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    const auto here = first.state->slots("account/main", 1, 10);
    const auto there = second.state->slots("account/main", 1, 10);
    const auto held = fakes::run(loop_, here->try_acquire(loop_));
    ASSERT_TRUE(held);
    net::Stop stop;
    net::TaskGroup tasks(loop_);
    std::optional<core::Result<Slot>> waited;
    tasks.spawn("waits", fakes::keep(there->acquire(loop_, fakes::later(), stop), waited));
    fakes::until(loop_, [&] { return there->waiting() == 1; });
    server_.kill();
    fakes::until(loop_, [&] { return waited.has_value(); });
    EXPECT_TRUE(*waited); // by its own limit now
    fakes::until(loop_, [&] { return tasks.running() == 0; });
}

TEST_F(RedisFaults, AWrongPasswordIsNoRedis)
{
    fakes::RedisServer guarded(fakes::RedisServer::Kind::password);
    RedisOptions wrong = options("one");
    wrong.redis = guarded.config();
    wrong.redis.password = "wrong";
    Gateway gateway(loop_, wrong);
    expect_a_turn(gateway, "resp_1");
    EXPECT_FALSE(gateway.is_up());
}

TEST_F(RedisFaults, ARedisThatRefusesToWriteIsNoRedis)
{
    Gateway gateway(loop_, options("one"));
    gateway.until_up();
    server_.command({"REPLICAOF", "127.0.0.1", "1"}); // READONLY from now on
    expect_a_turn(gateway, "resp_1");
    fakes::until(loop_, [&] {
        fakes::run(loop_, gateway.state->store().bind_lane("t", "lane", {}));
        return !gateway.is_up();
    });
    EXPECT_GE(gateway.state->health().refused, 1u);
    expect_a_turn(gateway, "resp_2");
    server_.command({"REPLICAOF", "NO", "ONE"});
    gateway.until_up();
}

// Reads go on as if nothing were. What is asked of Redis each second finds it out.
TEST_F(RedisFaults, ARefusalForAllIsAsGoodAsAway)
{
    struct Row
    {
        std::vector<std::string> refuse;
        std::vector<std::string> mend;
    };
    const Row rows[] = {
        {{"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}},
        {{"ACL", "SETUSER", "default", "-evalsha", "-eval"},
         {"ACL", "SETUSER", "default", "+@all"}},
        {{"ACL", "SETUSER", "default", "resetkeys"}, {"ACL", "SETUSER", "default", "~*"}},
        {{"SET", "tg:1:{bulletin}", "no hash"}, {"DEL", "tg:1:{bulletin}"}},
    };
    for (const Row& row : rows) {
        Gateway first(loop_, options("one")), second(loop_, options("two"));
        first.until_up();
        server_.command({"DEL", "tg:1:{bulletin}"}); // else the name would be there already
        server_.command(row.refuse);
        first.until_down();
        expect_a_turn(first, "resp_1");
        EXPECT_FALSE(first.is_up()) << row.refuse.back();
        server_.command(row.mend);
        first.until_up();
        second.until_up();
        expect_sharing(first, second);
    }
}

// Only what it is asked for tells: it is tried again seldom, and counts as away meanwhile.
TEST_F(RedisFaults, OneThatLetsUsInAndRefusesAgainIsTriedSeldom)
{
    Gateway gateway(loop_, options("one"));
    gateway.until_up();
    server_.command({"EVAL",
                     "redis.call('DEL', KEYS[1]) return redis.call('HSET', KEYS[1], 'no', 'text')",
                     "1",
                     "tg:1:{instance:one}:life"});
    gateway.until_down();
    gateway.until_up();
    gateway.until_down();
    const auto lost = gateway.state->health().lost;
    net::Event a_while(loop_);
    fakes::run(loop_, a_while.wait_until(Clock::now() + 2s));
    EXPECT_EQ(gateway.state->health().lost, lost);
    EXPECT_FALSE(gateway.is_up());
    server_.command({"DEL", "tg:1:{instance:one}:life"});
    gateway.until_up();
}

TEST_F(RedisFaults, ForgottenScriptsAreSentAgain)
{
    Gateway gateway(loop_, options("one"));
    gateway.until_up();
    server_.command({"SCRIPT", "FLUSH"});
    expect_a_turn(gateway, "resp_1");
    EXPECT_TRUE(gateway.is_up());
    fakes::until(loop_,
                 [&] { return server_.command({"ZCARD", "tg:1:{slot:user/alice}:held"}) == "0"; });
}

} // namespace
} // namespace turngate::state::test
