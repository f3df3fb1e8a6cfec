#include "turngate/upstream/pool.hpp"

#include "pool_under_test.hpp"

#include <algorithm>

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

TEST_F(PoolTest, DialsWithTheAccountsKeyAndTheClientsHeaders)
{
    headers.add("user-agent", "codex");
    const auto before = core::Clock::now();
    const auto leased = lease(1);
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->how(), How::dialed);
    ASSERT_EQ(dialer.targets.size(), 1u);
    const net::DialTarget& target = dialer.targets[0];
    EXPECT_EQ(target.url.scheme, "ws");
    EXPECT_EQ(target.url.authority(), "main.test");
    EXPECT_EQ(target.url.path, "/v1/responses");
    EXPECT_EQ(target.headers.get("authorization"), "Bearer sk-main");
    EXPECT_EQ(target.headers.get("user-agent"), "codex");
    EXPECT_GE(dialer.deadlines[0], before + 3s);
    EXPECT_LT(dialer.deadlines[0], before + 30s);
    EXPECT_EQ(life.connections, 1u);
    EXPECT_EQ(life.leased, 1u);
    EXPECT_EQ(life.dials, 1u);
}

TEST_F(PoolTest, DialsWithTheHeadersOfTheAccountBeforeAllOthers)
{
    config::Account config = fakes::account_config("own");
    config.headers = {{"user-agent", "gate/1"}, {"x-team", "a, b"}};
    account = make_account(config);
    headers.add("User-Agent", "codex");
    headers.add("originator", "codex_cli_rs");
    ASSERT_TRUE(lease(1));
    using Field = std::pair<std::string, std::string>;
    const auto& sent = dialer.targets.at(0).headers;
    const std::vector<Field> expected{{"user-agent", "gate/1"},
                                      {"x-team", "a, b"},
                                      {"originator", "codex_cli_rs"},
                                      {"authorization", "Bearer sk-own"}};
    EXPECT_EQ(std::vector<Field>(sent.begin(), sent.end()), expected);
}

TEST_F(PoolTest, KeepsAParkedConnectionForItsSession)
{
    const auto generation = park(1);
    EXPECT_EQ(life.leased, 0u);
    EXPECT_EQ(life.parked, 1u);

    const auto again = lease(1);
    EXPECT_EQ(again->how(), How::reused);
    EXPECT_EQ(again->connection()->generation(), generation);
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.leased, 1u);
    EXPECT_EQ(life.connections, 1u);
    EXPECT_EQ(dialer.targets.size(), 1u);
}

TEST_F(PoolTest, DiscardsALeaseThatIsNotParked)
{
    {
        const auto dropped = lease(1);
        EXPECT_EQ(life.leased, 1u);
    }
    EXPECT_EQ(life.leased, 0u);
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(dialer.peer(0).close_code(), 1000);
    EXPECT_EQ(lease(1)->how(), How::dialed);
}

TEST_F(PoolTest, DoesNotCountWhatItCloses)
{
    auto only = make_account(fakes::account_config("only", 1));
    lease(request(1, "", only)); // dropped; the other end has not answered its close yet
    EXPECT_EQ(only->life->connections, 0u);
    EXPECT_TRUE(lease(request(1, "", only)));
}

TEST_F(PoolTest, TakesOutAParkedConnectionThatDied)
{
    park(1);
    dialer.peer(0).raw().vanish();
    settle();
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(lease(1)->how(), How::dialed);
}

TEST_F(PoolTest, ParksNothingThatIsOver)
{
    auto first = lease(1);
    dialer.peer(0).raw().vanish();
    settle();
    std::move(*first).park();
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.leased, 0u);
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(lease(1)->how(), How::dialed);
}

TEST_F(PoolTest, CountsAConnectionThatDiesAndClosesAtOnceOnlyOnce)
{
    park(1);
    dialer.peer(0).raw().vanish();
    EXPECT_TRUE(pool->evict("main")); // before its reader has seen the end
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 0u);
    settle();
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolTest, KeepsASessionsConnectionsOfSeveralAccounts)
{
    const auto other = make_account(fakes::account_config("other"));
    const auto here = park(1);
    const auto there = park(request(1, "", other));
    EXPECT_EQ(lease(1)->connection()->generation(), here);
    EXPECT_EQ(lease(request(1, "", other))->connection()->generation(), there);
}

TEST_F(PoolTest, SaysWhyADialFailed)
{
    net::HttpResponse refusal;
    refusal.headers.add("retry-after", "9");
    dialer.faults.push_back({{FaultCode::dial_refused, {}, "upgrade", 429}, refusal});
    const auto leased = lease(1);
    ASSERT_FALSE(leased);
    EXPECT_EQ(leased.error().fault.code, FaultCode::dial_refused);
    EXPECT_EQ(leased.error().fault.status, 429);
    EXPECT_EQ(leased.error().response.headers.get("retry-after"), "9");
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(life.leased, 0u);
    EXPECT_TRUE(lease(1)); // and then it works
}

TEST_F(PoolTest, CountsADialTowardsTheLimitWhileItLasts)
{
    const auto running = lease(1);
    hold_dials();
    const auto& dialing = begin(request(2));
    EXPECT_EQ(life.connections, 2u);
    EXPECT_FALSE(lease(3));
    let_dials_go();
    EXPECT_TRUE(*dialing);
    EXPECT_EQ(life.connections, 2u);
}

TEST_F(PoolTest, RefusesWhenAllConnectionsAreInTurns)
{
    const auto first = lease(1), second = lease(2);
    const auto third = lease(3);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().fault.code, FaultCode::rate_limited);
    EXPECT_EQ(life.connections, 2u);
    EXPECT_EQ(dialer.targets.size(), 2u);
}

TEST_F(PoolTest, EvictsAParkedConnectionForATurnThatRuns)
{
    const auto running = lease(1);
    park(2);
    const auto third = lease(3);
    ASSERT_TRUE(third);
    EXPECT_TRUE(is_closed(1));
    EXPECT_FALSE(is_closed(0));
    EXPECT_EQ(life.connections, 2u);
}

TEST_F(PoolTest, EvictsThoseFirstWhoseSessionsHaveLeftThenTheLongestIdle)
{
    account = make_account(fakes::account_config("roomy"));
    for (std::uint64_t session : {1, 2, 3, 4})
        park(session);
    park(1); // used again: not the longest idle any more
    pool->leave(4, key, true);
    pool->leave(3, key, true);
    std::vector<std::size_t> order;
    while (pool->evict("roomy"))
        for (std::size_t i = 0; i < 4; ++i)
            if (is_closed(i) && std::count(order.begin(), order.end(), i) == 0)
                order.push_back(i);
    EXPECT_EQ(order, (std::vector<std::size_t>{3, 2, 1, 0}));
}

TEST_F(PoolTest, EvictsNothingOfOtherAccountsNorWhatRuns)
{
    park(request(1, "", make_account(fakes::account_config("other"))));
    const auto running = lease(2);
    EXPECT_FALSE(pool->evict("main"));
    EXPECT_FALSE(pool->evict("unknown"));
}

TEST_F(PoolTest, StopsDialingAtOnce)
{
    hold_dials();
    const auto& leased = begin(request(1));
    stop.request({FaultCode::client_gone, {}, "test"});
    fakes::until(loop, [&] { return leased.has_value(); });
    ASSERT_FALSE(*leased);
    EXPECT_EQ(leased->error().fault.code, FaultCode::client_gone);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolTest, ClosesAllAtTheEnd)
{
    park(1);
    const auto running = lease(2);
    finish();
    EXPECT_EQ(dialer.peer(0).close_code(), 1000);
    EXPECT_EQ(dialer.peer(1).close_code(), 1000);
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(life.parked, 0u);
    EXPECT_FALSE(running->connection()->is_usable());
}

TEST_F(PoolTest, LeasesNothingOnceItHasClosed)
{
    hold_dials();
    const auto& too_late = begin(request(1));
    fakes::run(loop, pool->close_all());
    let_dials_go();
    ASSERT_FALSE(*too_late);
    EXPECT_EQ(too_late->error().fault.code, FaultCode::gateway_draining);
    EXPECT_EQ(life.connections, 0u);
    EXPECT_TRUE(dialer.peer(0).raw().is_ended());
    const auto later = lease(2);
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().fault.code, FaultCode::gateway_draining);
    EXPECT_EQ(dialer.targets.size(), 1u);
}

TEST_F(PoolTest, CountsForThoseWhoWatch)
{
    park(1);
    const auto again = lease(1);
    dialer.faults.push_back({{FaultCode::dial_failed, {}, "connect"}, {}});
    EXPECT_FALSE(lease(2));
    const std::string text = metrics.render();
    EXPECT_NE(text.find("turngate_upstream_dials_total{result=\"ok\"} 1"), std::string::npos)
        << text;
    EXPECT_NE(text.find("turngate_upstream_dials_total{result=\"failed\"} 1"), std::string::npos);
    EXPECT_NE(text.find("turngate_upstream_reused_total 1"), std::string::npos);
    EXPECT_NE(text.find("turngate_upstream_connections 1"), std::string::npos);
}

// Two loops' pools, and an account that both use.
class PoolWithNeighbour : public PoolTest
{
protected:
    PoolWithNeighbour()
        : PoolTest({.evict_elsewhere = [this](const std::string& name) {
              asked.push_back(name);
              neighbour.evict(name);
          }})
    {
    }
    void TearDown() override
    {
        answer_closes();
        fakes::run(loop, neighbour.close_all());
        PoolTest::TearDown();
    }

    Pool neighbour{loop, dialer, metrics, {.ping_interval = 0ms}};
    std::vector<std::string> asked;
};

TEST_F(PoolWithNeighbour, AsksItToCloseWhatIsIdleThere)
{
    const auto running = lease(1);
    auto idle_there = fakes::run(loop, neighbour.lease(request(2), headers, stop));
    std::move(*idle_there).park();
    const auto leased = lease(3);
    EXPECT_TRUE(leased);
    EXPECT_EQ(asked, std::vector<std::string>{"main"});
    EXPECT_TRUE(is_closed(1));
    EXPECT_EQ(life.connections, 2u);
}

TEST_F(PoolWithNeighbour, DoesNotAskWhileItHasSomethingIdleItself)
{
    auto idle_there = fakes::run(loop, neighbour.lease(request(2), headers, stop));
    std::move(*idle_there).park();
    park(1);
    EXPECT_TRUE(lease(3));
    EXPECT_TRUE(asked.empty());
}

TEST_F(PoolWithNeighbour, DoesNotAskWhenAllRun)
{
    const auto here = lease(1);
    const auto there = fakes::run(loop, neighbour.lease(request(2), headers, stop));
    EXPECT_FALSE(lease(3));
    EXPECT_TRUE(asked.empty());
}

} // namespace
} // namespace turngate::upstream
