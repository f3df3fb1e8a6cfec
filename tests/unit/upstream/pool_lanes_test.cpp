#include "turngate/upstream/pool.hpp"

#include "connection_under_test.hpp"
#include "pool_under_test.hpp"

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

class PoolLanes : public PoolTest
{
protected:
    // A turn that runs on its lane.
    struct Running
    {
        explicit Running(LeaseResult leased, const std::string& lane) : lease(std::move(*leased))
        {
            connection = lease->connection();
            connection->attach(turn, lane);
        }
        ~Running()
        {
            if (lease)
                cancel();
        }
        void end()
        {
            connection->detach(turn);
            std::move(*lease).park();
            lease.reset();
        }
        void cancel()
        {
            connection->abandon(turn, {});
            lease.reset();
        }

        RecordingTurn turn;
        std::optional<Lease> lease;
        std::shared_ptr<Connection> connection;
    };

    Running& run(const std::string& lane) { return running.emplace_back(lease(1, lane), lane); }

    std::deque<Running> running;

    void TearDown() override
    {
        running.clear();
        PoolTest::TearDown();
    }
};

TEST_F(PoolLanes, ShareTheSessionsConnection)
{
    Running& a = run("a");
    Running& b = run("b");
    EXPECT_EQ(b.lease->how(), How::reused);
    EXPECT_EQ(a.connection, b.connection);
    EXPECT_EQ(life.connections, 1u);
    EXPECT_EQ(life.leased, 2u);
    a.end();
    EXPECT_EQ(life.parked, 0u);
    b.end();
    EXPECT_EQ(life.parked, 1u);
    EXPECT_EQ(life.leased, 0u);
}

TEST_F(PoolLanes, HaveOneConnectionEachWhereTheAccountSpeaksNone)
{
    const auto laneless = make_laneless();
    const auto a = park(request(1, "a", laneless));
    const auto b = park(request(1, "b", laneless));
    EXPECT_NE(a, b);
    EXPECT_EQ(park(request(1, "a", laneless)), a);
    EXPECT_EQ(park(request(1, "b", laneless)), b);
    EXPECT_EQ(laneless->life->parked, 2u);
}

TEST_F(PoolLanes, DoNotShareARunningConnectionWhereTheAccountSpeaksNone)
{
    const auto laneless = make_laneless();
    const auto first = lease(request(1, "a", laneless));
    const auto second = lease(request(1, "a", laneless));
    EXPECT_NE(first->connection(), second->connection());
}

TEST_F(PoolLanes, ForkToTheParentsConnectionWhereTheAccountSpeaksNone)
{
    const auto laneless = make_laneless();
    const auto parent = park(request(1, "a", laneless));
    const auto fork = needing(request(1, "b", laneless), parent);
    EXPECT_EQ(lease(fork)->connection()->generation(), parent);
}

TEST_F(PoolLanes, ThatBeginTogetherDialOnce)
{
    hold_dials();
    const auto &a = begin(request(1, "a")), &b = begin(request(1, "b")), &c = begin(request(1, ""));
    let_dials_go();
    EXPECT_EQ((*a)->how(), How::dialed);
    EXPECT_EQ((*b)->how(), How::reused);
    EXPECT_EQ((*a)->connection(), (*b)->connection());
    EXPECT_EQ((*a)->connection(), (*c)->connection());
    EXPECT_EQ(life.dials, 1u);
    EXPECT_EQ(life.connections, 1u);
    EXPECT_EQ(life.leased, 3u);
}

TEST_F(PoolLanes, OfOtherSessionsAndAccountsDoNotWaitForADial)
{
    hold_dials();
    const auto& first = begin(request(1, "a"));
    const auto held = std::move(dialer.held);
    EXPECT_TRUE(begin(request(2, "b")).has_value());
    EXPECT_TRUE(begin(request(1, "b", make_account(fakes::account_config("other")))).has_value());
    EXPECT_FALSE(first.has_value());
    held->set();
    fakes::until(loop, [&] { return first.has_value(); });
}

TEST_F(PoolLanes, AllHearWhyTheirDialFailed)
{
    hold_dials();
    const auto &a = begin(request(1, "a")), &b = begin(request(1, "b")),
               &c = begin(request(1, "c"));
    net::HttpResponse refusal;
    refusal.headers.add("retry-after", "9");
    dialer.faults.push_back({{FaultCode::dial_refused, {}, "upgrade", 429}, refusal});
    let_dials_go();
    for (const auto* result : {&a, &b, &c}) {
        ASSERT_FALSE(**result);
        EXPECT_EQ((*result)->error().fault.code, FaultCode::dial_refused);
        EXPECT_EQ((*result)->error().fault.status, 429);
        EXPECT_EQ((*result)->error().response.headers.get("retry-after"), "9");
    }
    EXPECT_EQ(life.dials, 1u);
    EXPECT_EQ(life.connections, 0u);
}

TEST_F(PoolLanes, DialAgainWhenTheOneThatDialedIsStopped)
{
    hold_dials();
    net::Stop stop_a;
    const auto& a = begin(request(1, "a"), stop_a);
    const auto &b = begin(request(1, "b")), &c = begin(request(1, "c"));
    const auto first_dial = std::move(dialer.held);
    hold_dials();
    stop_a.request({FaultCode::client_gone, {}, "test"});
    fakes::until(loop, [&] { return a.has_value(); });
    settle();
    EXPECT_EQ(a->error().fault.code, FaultCode::client_gone);
    EXPECT_FALSE(b || c);
    EXPECT_EQ(life.dials, 2u);
    let_dials_go();
    EXPECT_EQ((*b)->connection(), (*c)->connection());
    EXPECT_EQ(life.dials, 2u);
}

TEST_F(PoolLanes, StopWaitingForADialAtOnce)
{
    hold_dials();
    net::Stop stop_b;
    const auto& a = begin(request(1, "a"));
    const auto& b = begin(request(1, "b"), stop_b);
    stop_b.request({FaultCode::client_gone, {}, "test"});
    fakes::until(loop, [&] { return b.has_value(); });
    EXPECT_EQ(b->error().fault.code, FaultCode::client_gone);
    EXPECT_FALSE(a);
    let_dials_go();
    EXPECT_TRUE(*a);
    EXPECT_EQ(life.leased, 1u);
}

TEST_F(PoolLanes, HaveAnotherConnectionWhenOneIsFull)
{
    for (int i = 0; i < 16; ++i)
        run(std::to_string(i));
    EXPECT_EQ(life.connections, 1u);
    EXPECT_EQ(run("16").lease->how(), How::dialed);
    EXPECT_EQ(run("17").lease->how(), How::reused);
    EXPECT_EQ(life.connections, 2u);
}

TEST_F(PoolLanes, CancelledBesideNeighboursLeaveTheConnectionOpen)
{
    Running& a = run("a");
    Running& b = run("b");
    a.cancel();
    EXPECT_FALSE(is_closed(0));
    EXPECT_EQ(life.leased, 1u);
    EXPECT_EQ(run("c").connection, b.connection);
    EXPECT_NE(run("a").connection, b.connection); // its lane is not free yet
}

TEST_F(PoolLanes, AreFreeAgainWhenTheCancelledResponseHasEnded)
{
    Running& a = run("a");
    Running& b = run("b");
    a.cancel();
    dialer.peer(0).send(event("response.completed", "a"));
    settle();
    EXPECT_EQ(run("a").connection, b.connection);
}

TEST_F(PoolLanes, CancelledAloneCloseTheConnection)
{
    Running& a = run("a");
    Running& b = run("b");
    a.cancel();
    b.cancel();
    EXPECT_TRUE(is_closed(0));
    EXPECT_EQ(life.connections, 0u);
    EXPECT_EQ(run("a").lease->how(), How::dialed);
}

TEST_F(PoolLanes, LoseTheirConnectionTogether)
{
    Running& a = run("a");
    Running& b = run("b");
    dialer.peer(0).raw().vanish();
    settle();
    EXPECT_EQ(a.turn.lost.size(), 1u);
    EXPECT_EQ(b.turn.lost.size(), 1u);
    EXPECT_NE(run("c").connection, a.connection);
    a.cancel();
    b.end();
    EXPECT_EQ(life.leased, 1u);
    EXPECT_EQ(life.parked, 0u);
    EXPECT_EQ(life.connections, 1u);
}

TEST_F(PoolLanes, BeginOnANewConnectionWhenTheirsIsAgedAndOthersStillRunOnIt)
{
    config::Account config = fakes::account_config("ageing");
    config.max_age = 20ms;
    account = make_account(config);
    Running& a = run("a");
    fakes::until(loop, [&] { return a.connection->is_aged(core::Clock::now()); });
    EXPECT_NE(run("b").connection, a.connection);
    EXPECT_FALSE(is_closed(0));
    a.end();
    EXPECT_EQ(account->life->parked, 1u);
}

} // namespace
} // namespace turngate::upstream
