#include "turngate/net/poller.hpp"

#include "fakes/raw_peer.hpp"
#include "fakes/run.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

// A descriptor that is watched, and what was told of it.
struct Watched final : Poller::Client
{
    explicit Watched(Loop& its_loop) : loop(its_loop), pair(fakes::make_pair(its_loop)) {}
    ~Watched() { loop.poller().remove(descriptor(), *this); }

    int descriptor() { return pair.stream.socket().native_handle(); }
    void watch() { loop.poller().add(descriptor(), *this); }
    void on_ready(std::uint32_t now) override
    {
        ++calls;
        events |= now;
        if (then)
            then();
    }

    Loop& loop;
    fakes::Pair pair;
    int calls = 0;
    std::uint32_t events = 0;
    std::function<void()> then;
};

TEST(Poller, TellsAtOnceWhatIsReadyAlready)
{
    Loop loop(0);
    Watched watched(loop);
    watched.pair.peer.send("early");
    watched.watch();
    fakes::until(loop, [&] { return watched.calls > 0; });
    EXPECT_TRUE(watched.events & EPOLLIN);
    EXPECT_TRUE(watched.events & EPOLLOUT);
}

TEST(Poller, TellsAnEdgeOnce)
{
    Loop loop(0);
    Watched watched(loop);
    watched.watch();
    fakes::settle(loop);
    const int before = watched.calls;
    watched.pair.peer.send("one");
    fakes::settle(loop);
    EXPECT_EQ(watched.calls, before + 1);
    fakes::settle(loop); // unread, and still not told again
    EXPECT_EQ(watched.calls, before + 1);
    watched.pair.peer.send("two");
    fakes::settle(loop);
    EXPECT_EQ(watched.calls, before + 2);
}

TEST(Poller, TellsThatThePeerIsGone)
{
    Loop loop(0);
    Watched watched(loop);
    watched.watch();
    fakes::settle(loop);
    watched.pair.peer.vanish();
    fakes::settle(loop);
    EXPECT_TRUE(watched.events & EPOLLRDHUP);
}

TEST(Poller, CallsAgainWhoeverAsksForIt)
{
    Loop loop(0);
    Watched watched(loop);
    watched.then = [&] {
        if (watched.calls < 5)
            loop.poller().again(watched);
    };
    loop.poller().again(watched);
    fakes::settle(loop);
    EXPECT_EQ(watched.calls, 5);
}

TEST(Poller, LetsOthersHaveTheirTurn)
{
    Loop loop(0);
    Watched greedy(loop), modest(loop);
    std::string order;
    greedy.then = [&] {
        order += 'g';
        if (order.size() < 6)
            loop.poller().again(greedy);
    };
    modest.then = [&] { order += 'm'; };
    loop.poller().again(greedy);
    loop.poller().again(modest);
    fakes::settle(loop);
    EXPECT_EQ(order, "gmgggg");
}

TEST(Poller, CallsNobodyWhoWasRemoved)
{
    Loop loop(0);
    Watched first(loop), second(loop);
    first.watch();
    second.watch();
    fakes::settle(loop);
    first.calls = second.calls = 0;
    // Both are ready in one batch, and whoever comes first takes the other out.
    first.then = [&] { loop.poller().remove(second.descriptor(), second); };
    second.then = [&] { loop.poller().remove(first.descriptor(), first); };
    first.pair.peer.send("x");
    second.pair.peer.send("x");
    fakes::settle(loop);
    EXPECT_EQ(first.calls + second.calls, 1);

    loop.poller().again(first);
    loop.poller().again(second);
    first.then = second.then = nullptr;
    loop.poller().remove(first.descriptor(), first);
    loop.poller().remove(second.descriptor(), second);
    fakes::settle(loop);
    EXPECT_EQ(first.calls + second.calls, 1);
}

TEST(Poller, TellsMoreThanOneBatch)
{
    Loop loop(0);
    std::vector<std::unique_ptr<Watched>> many;
    for (int i = 0; i < 400; ++i) {
        many.push_back(std::make_unique<Watched>(loop));
        many.back()->watch();
    }
    fakes::until(loop, [&] {
        return std::all_of(
            many.begin(), many.end(), [](const auto& one) { return one->calls > 0; });
    });
}

} // namespace
} // namespace turngate::net::test
