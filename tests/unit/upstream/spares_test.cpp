#include "spares.hpp"

#include "fakes/account.hpp"
#include "fakes/raw_peer.hpp"

#include <gtest/gtest.h>

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

class SparesTest : public testing::Test
{
protected:
    std::shared_ptr<Connection> connection()
    {
        auto [stream, peer] = fakes::make_pair(loop);
        peers.push_back(std::move(peer));
        return std::make_shared<Connection>(
            loop, account, std::move(stream), net::WebSocketOptions{}, PongTimeouts{});
    }
    void put(const std::shared_ptr<Connection>& spare)
    {
        ASSERT_EQ(spares.to_dial(now).size(), 1u);
        spares.put(spare);
    }
    // How long after `now` the next dial may come.
    std::chrono::seconds pause()
    {
        for (std::chrono::seconds pause{0};; ++pause)
            if (!spares.to_dial(now + pause).empty())
                return pause;
    }

    net::Loop loop{0};
    std::vector<fakes::RawPeer> peers;
    std::shared_ptr<const accounts::Account> account =
        fakes::make_account(fakes::account_config("main", 3));
    Spares spares;
    core::Deadline now = core::Clock::now();
};

TEST_F(SparesTest, AreDialedOneAtATime)
{
    spares.want({account}, 2);
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
    EXPECT_EQ(spares.to_dial(now).size(), 0u);
}

TEST_F(SparesTest, WaitLongerAfterEachFailedDial)
{
    spares.want({account}, 1);
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
    for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        spares.failed(*account, now);
        EXPECT_EQ(pause(), expected);
    }
}

TEST_F(SparesTest, WaitAfterThoseThatDieYoungUntilOneWasOfUse)
{
    spares.want({account}, 1);
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
    const auto pause_after_death = [&] {
        const auto spare = connection();
        spares.put(spare);
        spares.died(*spare, now);
        return pause();
    };
    EXPECT_EQ(pause_after_death(), 1s);
    EXPECT_EQ(pause_after_death(), 2s);
    EXPECT_EQ(pause_after_death(), 4s);
    spares.put(connection());
    EXPECT_TRUE(spares.take(*account, now));
    now += pause();
    EXPECT_EQ(pause_after_death(), 1s);
    EXPECT_EQ(account->life->parked, 0u);
}

TEST_F(SparesTest, DoNotWaitAfterOneThatDiedOfAge)
{
    spares.want({account}, 1);
    const auto spare = connection();
    put(spare);
    now += 61s;
    spares.died(*spare, now);
    EXPECT_EQ(pause(), 0s);
}

TEST_F(SparesTest, TryAtOnceWhenTheConfigurationIsNew)
{
    spares.want({account}, 1);
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
    spares.failed(*account, now);
    EXPECT_EQ(spares.to_dial(now).size(), 0u);
    spares.want({account}, 1);
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
}

TEST_F(SparesTest, GiveTheOneWithTheLongestLifeBeforeIt)
{
    spares.want({account}, 2);
    const auto older = connection(), younger = connection();
    put(older);
    put(younger);
    EXPECT_EQ(account->life->parked, 2u);
    EXPECT_EQ(spares.take(*account, now), younger);
    EXPECT_EQ(spares.take(*account, now), older);
    EXPECT_EQ(spares.take(*account, now), nullptr);
    EXPECT_EQ(account->life->parked, 0u);
}

TEST_F(SparesTest, GiveNothingThatIsOver)
{
    spares.want({account}, 1);
    const auto spare = connection();
    put(spare);
    spare->close();
    EXPECT_EQ(spares.take(*account, now), nullptr);
    spares.died(*spare, now);
    EXPECT_EQ(account->life->parked, 0u);
}

TEST_F(SparesTest, AreNotDialedWhereNoTurnWouldGo)
{
    spares.want({account}, 1);
    account->standing->disable();
    EXPECT_TRUE(spares.to_dial(now).empty());
    account->standing->enable();
    account->standing->cool_until("", now + 1s);
    EXPECT_TRUE(spares.to_dial(now).empty());
    now += 2s;
    const auto all = std::vector{connection(), connection(), connection()};
    EXPECT_TRUE(spares.to_dial(now).empty());
    all.front()->close();
    EXPECT_EQ(spares.to_dial(now).size(), 1u);
}

TEST_F(SparesTest, AreNotWantedOfAccountsThatAreOff)
{
    auto off = std::make_shared<accounts::Account>(*account);
    off->config.mode = config::Mode::off;
    spares.want({account}, 1);
    put(connection());
    EXPECT_TRUE(spares.take_superfluous(now).empty());
    spares.want({off}, 1);
    EXPECT_TRUE(spares.to_dial(now).empty());
    EXPECT_EQ(spares.take_superfluous(now).size(), 1u);
    EXPECT_EQ(account->life->parked, 0u);
}

} // namespace
} // namespace turngate::upstream
