#include "socket_counts.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace turngate::gateway {
namespace {

using Ticket = SocketCounts::Ticket;

TEST(SocketCounts, LimitEachKey)
{
    const auto counts = std::make_shared<SocketCounts>();
    const SocketCounts::Limits limits{.per_key = 2, .per_ip = 100, .in_all = 100};
    auto first = counts->enter("a", "1", limits);
    const auto second = counts->enter("a", "2", limits);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(counts->enter("a", "3", limits));
    EXPECT_TRUE(counts->enter("b", "3", limits));
    first.reset();
    EXPECT_TRUE(counts->enter("a", "3", limits));
}

TEST(SocketCounts, LimitEachAddress)
{
    const auto counts = std::make_shared<SocketCounts>();
    const SocketCounts::Limits limits{.per_key = 100, .per_ip = 1, .in_all = 100};
    auto first = counts->enter("a", "1", limits);
    EXPECT_FALSE(counts->enter("b", "1", limits));
    EXPECT_TRUE(counts->enter("b", "2", limits));
    first.reset();
    EXPECT_TRUE(counts->enter("b", "1", limits));
}

TEST(SocketCounts, LimitAllTogether)
{
    const auto counts = std::make_shared<SocketCounts>();
    const SocketCounts::Limits limits{.per_key = 100, .per_ip = 100, .in_all = 2};
    const auto first = counts->enter("a", "1", limits);
    {
        const auto second = counts->enter("b", "2", limits);
        EXPECT_FALSE(counts->enter("c", "3", limits));
    }
    EXPECT_TRUE(counts->enter("c", "3", limits));
}

TEST(SocketCounts, ARefusedSocketCountsForNothing)
{
    const auto counts = std::make_shared<SocketCounts>();
    const SocketCounts::Limits limits{.per_key = 1, .per_ip = 2, .in_all = 100};
    const auto first = counts->enter("a", "1", limits);
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(counts->enter("a", "1", limits));
    EXPECT_TRUE(counts->enter("b", "1", limits));
}

TEST(SocketCounts, AMovedTicketCountsOnce)
{
    const auto counts = std::make_shared<SocketCounts>();
    const SocketCounts::Limits limits{.per_key = 1, .per_ip = 1, .in_all = 1};
    {
        auto entered = counts->enter("a", "1", limits);
        Ticket moved(std::move(*entered));
        Ticket home;
        home.swap(moved);
        entered.reset();
        EXPECT_FALSE(counts->enter("a", "1", limits));
    }
    EXPECT_TRUE(counts->enter("a", "1", limits));
}

TEST(SocketCounts, CountRightlyFromAllLoops)
{
    const auto counts = std::make_shared<SocketCounts>();
    const SocketCounts::Limits limits{.per_key = 1'000, .per_ip = 1'000, .in_all = 1'000};
    const auto come_and_go = [&] {
        for (int i = 0; i < 2'000; ++i)
            EXPECT_TRUE(counts->enter("a", std::to_string(i % 7), limits));
    };
    std::thread other(come_and_go);
    come_and_go();
    other.join();
    const SocketCounts::Limits one{.per_key = 1, .per_ip = 1, .in_all = 1};
    EXPECT_TRUE(counts->enter("a", "1", one)); // all others have left
}

} // namespace
} // namespace turngate::gateway
