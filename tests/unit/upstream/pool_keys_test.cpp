#include "turngate/upstream/pool.hpp"

#include "pool_under_test.hpp"

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

using Whereabouts = Pool::Whereabouts;

class PoolKeys : public PoolTest
{
protected:
    PoolKeys() : PoolKeys(PoolOptions{}) {}
    explicit PoolKeys(PoolOptions options) : PoolTest(std::move(options))
    {
        config::Account roomy = fakes::account_config("roomy");
        account = make_account(roomy);
        roomy.name = "ageing";
        roomy.max_age = 20ms;
        ageing = make_account(roomy);
    }
    std::uint64_t park_aged(std::uint64_t session)
    {
        auto leased = lease(request(session, "", ageing));
        const auto connection = leased->connection();
        std::move(*leased).park();
        fakes::until(loop, [&] { return connection->is_aged(core::Clock::now()); });
        return connection->generation();
    }

    AccountPointer ageing;
    const core::Digest other_key = core::sha256("other key");
};

TEST_F(PoolKeys, KeepWhatTheirSessionLeaves)
{
    const auto generation = park(1);
    pool->leave(1, key, true);
    EXPECT_EQ(account->life->parked, 1u);
    const auto taken_over = lease(2);
    EXPECT_EQ(taken_over->how(), How::reused);
    EXPECT_EQ(taken_over->connection()->generation(), generation);
    EXPECT_EQ(account->life->parked, 0u);
}

TEST_F(PoolKeys, KeepNothingNobodyCanComeBackTo)
{
    park(1);
    pool->leave(1, key, false);
    pool->leave(1, key, false);
    pool->leave(2, key, false);
    EXPECT_TRUE(is_closed(0));
    EXPECT_EQ(account->life->parked, 0u);
}

TEST_F(PoolKeys, OpenOnlyWhatIsTheirs)
{
    const auto generation = park(1);
    pool->leave(1, key, true);
    LeaseRequest other = request(2);
    other.key = other_key;
    EXPECT_EQ(lease(other)->how(), How::dialed);
    EXPECT_FALSE(lease(needing(other, generation)));
    EXPECT_EQ(pool->whereabouts(needing(other, generation)), Whereabouts::gone);
    EXPECT_EQ(pool->whereabouts(needing(request(2), generation)), Whereabouts::here);
}

TEST_F(PoolKeys, KeepWhatStillRunsFromItsTurnsEnd)
{
    auto running = lease(1);
    pool->leave(1, key, true);
    EXPECT_NE(lease(2)->connection(), running->connection());
    const auto generation = running->connection()->generation();
    std::move(*running).park();
    EXPECT_EQ(account->life->parked, 1u);
    EXPECT_EQ(lease(3)->connection()->generation(), generation);
}

TEST_F(PoolKeys, CloseWhatStillRanWhenNobodyCanComeBack)
{
    auto running = lease(1);
    pool->leave(1, key, false);
    EXPECT_TRUE(running->connection()->is_usable());
    std::move(*running).park();
    EXPECT_TRUE(is_closed(0));
    EXPECT_EQ(account->life->parked, 0u);
}

TEST_F(PoolKeys, DoNotOpenWhatAnotherLiveSessionKeeps)
{
    const auto generation = park(1);
    LeaseRequest request = this->request(2);
    request.connection = generation; // good to have, but another will do
    EXPECT_EQ(lease(request)->how(), How::dialed);
    EXPECT_EQ(lease(1)->connection()->generation(), generation);
}

TEST_F(PoolKeys, OpenTheOneThatKnowsTheParentWhileItIsIdle)
{
    const auto generation = park(1);
    const auto wanted = needing(request(2), generation);
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::here);
    auto running = lease(1);
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::gone);
    const auto refused = lease(wanted);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault.code, FaultCode::parent_not_found);
    std::move(*running).park();
    const auto taken = lease(wanted);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->connection()->generation(), generation);
    EXPECT_EQ(lease(1)->how(), How::dialed);
}

TEST_F(PoolKeys, PreferTheOneThatKnowsTheParent)
{
    const auto first = park(1);
    const auto second = park(2);
    pool->leave(1, key, true);
    pool->leave(2, key, true);
    for (const auto generation : {first, second}) {
        LeaseRequest request = this->request(3);
        request.connection = generation;
        EXPECT_EQ(park(request), generation);
    }
}

TEST_F(PoolKeys, KnowWhereAParentIs)
{
    const auto generation = park(1);
    LeaseRequest wanted = request(1);
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::gone);
    wanted.connection = generation;
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::here);
    wanted.account = ageing;
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::gone);
    wanted.connection = park_aged(1);
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::here_but_aged);
    dialer.peer(1).raw().vanish();
    settle();
    EXPECT_EQ(pool->whereabouts(wanted), Whereabouts::gone);
}

TEST_F(PoolKeys, AgedConnectionsAreReplacedBetweenTurns)
{
    LeaseRequest request = this->request(1, "", ageing);
    request.connection = park_aged(1);
    const auto next = lease(request);
    EXPECT_EQ(next->how(), How::dialed);
    EXPECT_TRUE(is_closed(0));
    EXPECT_EQ(ageing->life->connections, 1u);
    EXPECT_EQ(ageing->life->parked, 0u);
}

TEST_F(PoolKeys, AgedConnectionsStillServeATurnThatNeedsThem)
{
    const auto generation = park_aged(1);
    const auto leased = lease(needing(request(1, "", ageing), generation));
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->connection()->generation(), generation);
}

TEST_F(PoolKeys, AgedConnectionsOfOtherLiveSessionsStay)
{
    park_aged(1);
    EXPECT_EQ(lease(request(2, "", ageing))->how(), How::dialed);
    EXPECT_FALSE(is_closed(0));
}

class ForgetfulKeys : public PoolKeys
{
protected:
    ForgetfulKeys() : PoolKeys({.park_ttl = 50ms}) {}
};

TEST_F(ForgetfulKeys, LetGoOfWhatNobodyCameBackFor)
{
    park(1);
    park(2);
    pool->leave(2, key, true);
    fakes::until(loop, [&] { return is_closed(1); });
    EXPECT_FALSE(is_closed(0)); // its session lives
    EXPECT_EQ(account->life->parked, 1u);
    EXPECT_EQ(account->life->connections, 1u);
}

} // namespace
} // namespace turngate::upstream
