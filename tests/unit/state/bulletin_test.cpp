#include <gtest/gtest.h>

#include "gateways.hpp"

namespace turngate::state::test {
namespace {

using namespace std::chrono_literals;

core::Timestamp soon(std::chrono::milliseconds after = 60s)
{
    return core::wall_now() + after;
}

TEST(Bulletin, KeepsTheLaterOfTwoCoolings)
{
    Bulletin bulletin;
    EXPECT_FALSE(bulletin.cooling("main", ""));
    const auto early = soon(10s), late = soon(20s);
    bulletin.publish_cooling("main", "", late);
    bulletin.publish_cooling("main", "", early);
    EXPECT_EQ(bulletin.cooling("main", ""), late);
    EXPECT_FALSE(bulletin.cooling("other", ""));
}

TEST(Bulletin, KnowsCoolingByModelWhateverTheirNames)
{
    Bulletin bulletin;
    bulletin.publish_cooling("a/b", "c", soon());
    EXPECT_TRUE(bulletin.cooling("a/b", "c"));
    EXPECT_FALSE(bulletin.cooling("a", "b/c"));
    EXPECT_FALSE(bulletin.cooling("a/b", ""));
    bulletin.publish_cooling("%2F", "c/d", soon());
    std::map<std::string, std::string> all;
    for (const auto& each : bulletin.coolings())
        all[each.account] = each.model;
    EXPECT_EQ(all, (std::map<std::string, std::string>{{"a/b", "c"}, {"%2F", "c/d"}}));
}

TEST(Bulletin, LiftsAnAccountsCoolingUntilItCoolsAnew)
{
    Bulletin bulletin;
    bulletin.publish_cooling("main", "a", soon(60s));
    bulletin.publish_cooling("main", "", soon(60s));
    bulletin.publish_cooling("other", "a", soon(60s));
    const auto heard = bulletin.current();
    bulletin.lift_cooling("main");
    for (const auto& [subject, note] : heard) // another gateway says it again
        bulletin.merge(subject, note);
    EXPECT_FALSE(bulletin.cooling("main", "a"));
    EXPECT_FALSE(bulletin.cooling("main", ""));
    EXPECT_TRUE(bulletin.cooling("other", "a"));
    bulletin.publish_cooling("main", "a", soon(20s)); // earlier than what was lifted
    EXPECT_TRUE(bulletin.cooling("main", "a"));
}

TEST(Bulletin, ForgetsWhatIsOver)
{
    Bulletin bulletin;
    bulletin.publish_cooling("main", "", soon(-1s));
    EXPECT_FALSE(bulletin.cooling("main", ""));
    bulletin.publish_quota("main", "primary", {90, soon(-1s)});
    EXPECT_FALSE(bulletin.quota("main", "primary"));
    EXPECT_TRUE(bulletin.current().empty());
}

TEST(Bulletin, KeepsTheLastWordOnAQuotaWindow)
{
    Bulletin bulletin;
    bulletin.publish_quota("main", "primary", {90, soon(60s)});
    bulletin.publish_quota("main", "primary", {5, soon(50s)});
    bulletin.publish_quota("main", "secondary", {70, soon(60s)});
    EXPECT_EQ(bulletin.quota("main", "primary")->used_percent, 5u);
    EXPECT_EQ(bulletin.quota("main", "secondary")->used_percent, 70u);
    EXPECT_FALSE(bulletin.quota("main", "other"));
}

TEST(Bulletin, KeepsAccountsAndWindowsWithSlashesApart)
{
    Bulletin bulletin;
    bulletin.publish_quota("b/c", "a", {1, soon()});
    EXPECT_FALSE(bulletin.quota("c", "a/b"));
}

TEST(Bulletin, PassesOnOnlyWhatIsNew)
{
    Bulletin bulletin;
    int passed_on = 0;
    bulletin.on_published([&](const std::string&, const Note&) { ++passed_on; });
    const auto resets = soon();
    for (int i = 0; i < 3; ++i)
        bulletin.publish_quota("main", "primary", {50, resets});
    EXPECT_EQ(passed_on, 1);
    bulletin.publish_cooling("main", "", soon(20s));
    bulletin.publish_cooling("main", "", soon(10s));
    EXPECT_EQ(passed_on, 2);
}

TEST(Bulletin, TellsOfARevokedKeyOnce)
{
    Bulletin bulletin;
    std::vector<core::Digest> told;
    bulletin.on_revoked([&](const core::Digest& key, core::Timestamp) { told.push_back(key); });
    const core::Digest key = core::sha256("secret");
    bulletin.revoke(key);
    bulletin.revoke(key);
    EXPECT_TRUE(bulletin.is_revoked(key));
    EXPECT_FALSE(bulletin.is_revoked(core::sha256("another")));
    EXPECT_EQ(told, std::vector{key});
}

TEST(Bulletin, StaysSmall)
{
    Bulletin bulletin;
    for (int i = 0; i < 3'000; ++i)
        bulletin.publish_cooling(std::to_string(i), "", soon(1ms));
    const auto over = soon(2ms);
    while (core::wall_now() < over) {
    }
    for (int i = 0; i < 3'000; ++i)
        bulletin.publish_cooling("now" + std::to_string(i), "", soon());
    EXPECT_EQ(bulletin.current().size(), 3'000u);
}

// Over Redis.
class SharedBulletin : public testing::Test
{
protected:
    RedisOptions options(std::string instance)
    {
        return {.redis = server_.config(), .instance = std::move(instance)};
    }

    net::Loop loop_{0};
    fakes::RedisServer& server_ = server_of(Backend::redis);
};

TEST_F(SharedBulletin, IsReadByTheOtherGatewayWithinFiveSeconds)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    std::vector<core::Digest> told;
    Bulletin& theirs = second.state->bulletin();
    theirs.on_revoked([&](const core::Digest& key, core::Timestamp) { told.push_back(key); });
    const auto until = soon(100s);
    const core::Digest key = core::sha256("secret");
    const auto before = core::Clock::now();
    first.state->bulletin().publish_cooling("main", "", until);
    first.state->bulletin().publish_quota("main", "primary", {95, until});
    first.state->bulletin().revoke(key);
    fakes::until(loop_, [&] { return theirs.cooling("main", "") && theirs.is_revoked(key); });
    EXPECT_LT(core::Clock::now() - before, 5s);
    EXPECT_EQ(theirs.cooling("main", ""), until);
    EXPECT_EQ(theirs.quota("main", "primary")->used_percent, 95u);
    EXPECT_EQ(told, std::vector{key});
}

TEST_F(SharedBulletin, ToldWhileRedisWasAwayIsReadAfterwards)
{
    fakes::RedisServer server;
    const auto with = [&](std::string instance) {
        return RedisOptions{.redis = server.config(), .instance = std::move(instance)};
    };
    server.kill();
    Gateway first(loop_, with("one")), second(loop_, with("two"));
    first.state->bulletin().publish_cooling("main", "", soon());
    fakes::settle(loop_);
    server.start();
    fakes::until(loop_, [&] { return second.state->bulletin().cooling("main", "").has_value(); });
}

TEST_F(SharedBulletin, IgnoresNotesOfAnotherVersion)
{
    for (const char* note : {"", "2;1:9,1:9,1:9,", "1;", "1;99999999999:1,", "1;1:x,1:9,1:9,", "x"})
        server_.command({"HSET", "tg:1:{bulletin}", std::string("cooling/") + note, note});
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.state->bulletin().publish_cooling("main", "", soon());
    fakes::until(loop_, [&] { return second.state->bulletin().cooling("main", "").has_value(); });
    EXPECT_EQ(second.state->bulletin().current().size(), 1u);
}

TEST_F(SharedBulletin, TakesAwayWhatIsLongOver)
{
    const auto old = core::wall_now() - 120s;
    const std::string ticks = std::to_string(old.time_since_epoch().count());
    const std::string field = std::to_string(ticks.size()) + ":" + ticks + ",";
    server_.command({"HSET", "tg:1:{bulletin}", "cooling/old", "1;" + field + field + "1:0,"});
    Gateway gateway(loop_, options("one"));
    fakes::until(loop_, [&] {
        return server_.command({"HEXISTS", "tg:1:{bulletin}", "cooling/old"}) == "0";
    });
}

} // namespace
} // namespace turngate::state::test
