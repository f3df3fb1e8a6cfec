#include "turngate/upstream/pool.hpp"

#include "fakes/account.hpp"
#include "fakes/dialer.hpp"
#include "fakes/run.hpp"

#include <gtest/gtest.h>

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

using core::FaultCode;
using How = Lease::How;
using LeaseResult = boost::system::result<Lease, LeaseFault>;

class PoolTest : public testing::Test
{
protected:
    ~PoolTest() override { finish(); }

    void finish()
    {
        for (auto& peer : dialer.peers)
            peer->close(1000); // answers the closing handshakes
        fakes::run(loop, pool.close_all());
    }
    void settle() { fakes::settle(loop); }

    LeaseResult lease(std::uint64_t session) { return lease(session, account); }
    LeaseResult lease(std::uint64_t session, std::shared_ptr<const accounts::Account> from)
    {
        return fakes::run(loop, pool.lease(session, std::move(from), headers, stop));
    }

    net::Loop loop{0};
    fakes::Dialer dialer;
    telemetry::Metrics metrics;
    Pool pool{loop, dialer, metrics, {.ping_interval = 0ms, .pong = {}, .dial_timeout = 3s}};
    std::shared_ptr<const accounts::Account> account =
        fakes::make_account(fakes::account_config("main", 2));
    const accounts::AccountLife& life = *account->life;
    net::HttpHeaders headers;
    net::Stop stop;
};

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

TEST_F(PoolTest, KeepsAParkedConnectionForItsSession)
{
    auto first = lease(1);
    const auto generation = first->connection().generation();
    std::move(*first).park();
    EXPECT_EQ(life.leased, 0u);
    EXPECT_EQ(life.parked, 1u);
    ASSERT_TRUE(pool.parked(1));
    EXPECT_EQ(pool.parked(1)->generation(), generation);
    EXPECT_FALSE(pool.parked(2));

    const auto again = lease(1);
    EXPECT_EQ(again->how(), How::reused);
    EXPECT_EQ(again->connection().generation(), generation);
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.leased, 1u);
    EXPECT_EQ(life.connections, 1u);
    EXPECT_EQ(dialer.targets.size(), 1u);
    EXPECT_FALSE(pool.parked(1));
}

TEST_F(PoolTest, GivesNoSessionAnothersConnection)
{
    auto first = lease(1);
    std::move(*first).park();
    const auto second = lease(2);
    EXPECT_EQ(second->how(), How::dialed);
    EXPECT_EQ(dialer.targets.size(), 2u);
    EXPECT_TRUE(pool.parked(1));
}

TEST_F(PoolTest, DiscardsALeaseThatIsNotParked)
{
    {
        const auto dropped = lease(1);
        EXPECT_EQ(life.leased, 1u);
    }
    EXPECT_EQ(life.leased, 0u);
    EXPECT_FALSE(pool.parked(1));
    EXPECT_EQ(dialer.peer(0).close_code(), 1000);
    dialer.peer(0).close(1000);
    settle();
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(lease(1)->how(), How::dialed);
}

TEST_F(PoolTest, TakesOutAParkedConnectionThatDied)
{
    auto first = lease(1);
    std::move(*first).park();
    dialer.peer(0).raw().vanish();
    settle();
    EXPECT_FALSE(pool.parked(1));
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
    EXPECT_FALSE(pool.parked(1));
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.leased, 0u);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolTest, ClosesWhatIsParkedAtAnotherAccount)
{
    auto first = lease(1);
    std::move(*first).park();
    const auto elsewhere = lease(1, fakes::make_account(fakes::account_config("other")));
    EXPECT_EQ(elsewhere->how(), How::dialed);
    EXPECT_EQ(elsewhere->connection().account().config.name, "other");
    EXPECT_EQ(dialer.peer(0).close_code(), 1000);
    EXPECT_EQ(life.parked, 0u);
}

TEST_F(PoolTest, ClosesTheParkedConnectionOfASessionThatLeft)
{
    auto first = lease(1);
    std::move(*first).park();
    pool.leave(1);
    pool.leave(1);
    pool.leave(2);
    EXPECT_FALSE(pool.parked(1));
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(dialer.peer(0).close_code(), 1000);
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
    dialer.held = std::make_unique<net::Event>(loop);
    std::optional<LeaseResult> dialing;
    net::TaskGroup tasks(loop);
    tasks.spawn("2", fakes::keep(pool.lease(2, account, headers, stop), dialing));
    settle();
    EXPECT_EQ(life.connections, 2u);
    EXPECT_FALSE(lease(3));
    dialer.held->set();
    fakes::until(loop, [&] { return tasks.running() == 0; });
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
    auto idle = lease(2);
    std::move(*idle).park();
    const auto third = lease(3);
    ASSERT_TRUE(third);
    EXPECT_FALSE(pool.parked(2));
    EXPECT_EQ(dialer.peer(1).close_code(), 1000);
    EXPECT_EQ(dialer.peer(0).close_code(), 0);
}

TEST_F(PoolTest, StopsDialingAtOnce)
{
    dialer.held = std::make_unique<net::Event>(loop);
    std::optional<LeaseResult> leased;
    net::TaskGroup tasks(loop);
    tasks.spawn("1", fakes::keep(pool.lease(1, account, headers, stop), leased));
    settle();
    stop.request({FaultCode::client_gone, {}, "test"});
    fakes::until(loop, [&] { return tasks.running() == 0; });
    ASSERT_FALSE(*leased);
    EXPECT_EQ(leased->error().fault.code, FaultCode::client_gone);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolTest, ClosesAllAtTheEnd)
{
    auto parked = lease(1);
    auto running = lease(2);
    std::move(*parked).park();
    finish();
    EXPECT_EQ(dialer.peer(0).close_code(), 1000);
    EXPECT_EQ(dialer.peer(1).close_code(), 1000);
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(life.parked, 0u);
    EXPECT_FALSE(running->connection().is_usable());
}

TEST_F(PoolTest, CountsForThoseWhoWatch)
{
    auto first = lease(1);
    std::move(*first).park();
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

} // namespace
} // namespace turngate::upstream
