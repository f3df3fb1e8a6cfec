#include "turngate/upstream/pool.hpp"

#include "pool_under_test.hpp"

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

class PoolSpares : public PoolTest
{
protected:
    void keep(unsigned each)
    {
        pool->keep_spares({account}, each);
        fakes::until(loop, [&] { return life.parked == each; });
    }
};

TEST_F(PoolSpares, AreDialedAheadWithoutAClientsHeaders)
{
    headers.add("user-agent", "codex");
    keep(2);
    EXPECT_EQ(life.connections, 2u);
    EXPECT_EQ(life.leased, 0u);
    EXPECT_EQ(dialer.targets[0].headers.get("authorization"), "Bearer sk-main");
    EXPECT_EQ(dialer.targets[0].headers.get("user-agent"), "");
}

TEST_F(PoolSpares, ServeAFirstTurnAndAreReplaced)
{
    keep(1);
    auto leased = lease(1);
    EXPECT_EQ(leased->how(), How::spare);
    EXPECT_EQ(life.leased, 1u);
    EXPECT_EQ(life.dials, 1u);
    fakes::until(loop, [&] { return life.parked == 1; });
    EXPECT_EQ(life.connections, 2u);
    const auto generation = leased->connection()->generation();
    std::move(*leased).park();
    EXPECT_EQ(lease(1)->connection()->generation(), generation); // its session's from now on
}

TEST_F(PoolSpares, AreSharedByTheLanesThatBeginTogether)
{
    keep(1);
    const auto a = lease(1, "a");
    const auto b = lease(1, "b");
    EXPECT_EQ(a->how(), How::spare);
    EXPECT_EQ(b->connection(), a->connection());
}

TEST_F(PoolSpares, ServeNoOtherAccountAndNoTurnThatNeedsItsParent)
{
    keep(1);
    EXPECT_EQ(lease(request(1, "", make_account(fakes::account_config("other"))))->how(),
              How::dialed);
    EXPECT_FALSE(lease(needing(request(1), 12345)));
    EXPECT_EQ(life.parked, 1u);
}

TEST_F(PoolSpares, GiveWayToATurn)
{
    keep(1);
    EXPECT_TRUE(pool->evict("main"));
    EXPECT_TRUE(is_closed(0));
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolSpares, ThatDieAreTakenOut)
{
    keep(1);
    dialer.peer(0).raw().vanish();
    settle();
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(lease(1)->how(), How::dialed);
}

TEST_F(PoolSpares, AreDialedAgainWhenThatFailed)
{
    dialer.faults.push_back({{FaultCode::dial_failed, {}, "connect"}, {}});
    keep(1);
    ASSERT_EQ(dialer.deadlines.size(), 2u);
    EXPECT_GE(dialer.deadlines[1] - dialer.deadlines[0], 1s);
}

TEST_F(PoolSpares, AreClosedWhenTheyAreNotWantedAnyMore)
{
    keep(2);
    pool->keep_spares({account}, 1);
    fakes::until(loop, [&] { return life.parked == 1; });
    EXPECT_TRUE(is_closed(0)); // the one with the shorter life before it
    EXPECT_FALSE(is_closed(1));
    pool->keep_spares({}, 1);
    fakes::until(loop, [&] { return life.parked == 0; });
    EXPECT_TRUE(is_closed(1));
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolSpares, ThatAreDialedTooLateAreClosed)
{
    hold_dials();
    pool->keep_spares({account}, 1);
    fakes::until(loop, [&] { return life.dials == 1; });
    pool->keep_spares({account}, 0);
    dialer.held->set();
    fakes::until(loop, [&] { return !dialer.peers.empty() && is_closed(0); });
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolSpares, PastTheirAgeAreReplaced)
{
    config::Account config = fakes::account_config("ageing");
    config.max_age = 150ms;
    const auto ageing = make_account(config);
    pool->keep_spares({ageing}, 1);
    fakes::until(loop, [&] { return ageing->life->dials == 2; });
    EXPECT_TRUE(is_closed(0));
}

TEST_F(PoolSpares, BeingDialedDoNotHoldUpTheEnd)
{
    hold_dials();
    pool->keep_spares({account}, 1);
    fakes::until(loop, [&] { return life.dials == 1; });
    const auto before = core::Clock::now();
    finish();
    EXPECT_LT(core::Clock::now() - before, 2s); // the dial's own deadline is 3 s
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(life.parked, 0u);
}

} // namespace
} // namespace turngate::upstream
