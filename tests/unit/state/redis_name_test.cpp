#include "redis_keys.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateways.hpp"

namespace turngate::state::test {
namespace {

using namespace std::chrono_literals;

const std::string kName = "tg:1:{instance:one}:life";
const std::string kHeld = "tg:1:{slot:account/main}:held";

// One name, and those who claim it.
class RedisName : public testing::Test
{
protected:
    RedisOptions options() { return {.redis = server_.config(), .instance = "one"}; }
    std::string holder() const { return server_.command({"GET", kName}); }

    // As another gateway's life on a machine of that name would.
    void claim(const std::string& life, const std::string& host, int process)
    {
        const std::string holder = life + " " + host + " " + std::to_string(process);
        server_.command({"SET", kName, holder, "PX", "60000"});
    }
    // A slot of that life, and where to find it.
    void hold(const std::string& life)
    {
        server_.command({"ZADD", kHeld, "9e15", life + ":0:1"});
        server_.command({"SADD", "tg:1:{instance:one}:slots", "account/main"});
    }
    static std::string host()
    {
        char name[256] = {};
        ::gethostname(name, sizeof name - 1);
        return name;
    }

    net::Loop loop_{0};
    fakes::RedisServer& server_ = server_of(Backend::redis);
};

TEST_F(RedisName, IsTakenOverFromADeadLifeAtOnce)
{
    const int dead = ::fork();
    if (dead == 0)
        ::_exit(0);
    ::waitpid(dead, nullptr, 0);
    claim("one:former", host(), dead);
    hold("one:former");
    hold("one:others"); // who is not the former life
    Gateway gateway(loop_, options());
    fakes::until(loop_, [&] { return server_.command({"ZCARD", kHeld}) == "1"; });
    EXPECT_EQ(holder().find("one:former"), std::string::npos);
    EXPECT_NE(server_.command({"ZRANGE", kHeld, "0", "-1"}).find("one:others"), std::string::npos);
}

TEST_F(RedisName, OfAGatewayThatHasFallenSilentIsTakenOver)
{
    claim("one:former", "elsewhere", 1);
    hold("one:former");
    Gateway gateway(loop_, options());
    fakes::until(loop_, [&] { return server_.command({"ZCARD", kHeld}) == "0"; });
    EXPECT_EQ(holder().find("one:former"), std::string::npos);
}

// Its slots are its own, and the second says so and goes by another name.
TEST_F(RedisName, OfAGatewayThatLivesIsLeftToIt)
{
    claim("one:twin", "elsewhere", 1);
    hold("one:twin");
    Gateway second(loop_, options());
    const auto another = [&] {
        return server_.command({"KEYS", "tg:1:{instance:one-*}:life"}).size() > 2;
    };
    until_within(loop_, 60s, [&] {
        server_.command({"PEXPIRE", kName, "60000"}); // as the first does each second
        return another();
    });
    EXPECT_EQ(holder(), "one:twin elsewhere 1");
    EXPECT_EQ(server_.command({"ZCARD", kHeld}), "1");
}

// As when both came at once, or the first was away for long.
TEST_F(RedisName, ThatAnotherHasTakenIsGivenUp)
{
    Gateway first(loop_, options());
    fakes::until(loop_, [&] { return holder().starts_with("one:"); });
    claim("one:twin", "elsewhere", 1);
    until_within(loop_, 60s, [&] {
        server_.command({"PEXPIRE", kName, "60000"});
        return server_.command({"KEYS", "tg:1:{instance:one-*}:life"}).size() > 2;
    });
    EXPECT_EQ(holder(), "one:twin elsewhere 1");
}

} // namespace
} // namespace turngate::state::test
