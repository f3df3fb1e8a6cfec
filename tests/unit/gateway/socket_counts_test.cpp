#include "socket_counts.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace turngate::gateway {
namespace {

using Ticket = SocketCounts::Ticket;

constexpr unsigned kMany = 1'000'000;

class Counting : public testing::Test
{
protected:
    // At accept and with its request, from one address.
    std::optional<Ticket> come(const std::string& key,
                               const std::string& ip,
                               const SocketCounts::Limits& limits)
    {
        auto ticket = counts->enter(ip, limits);
        if (ticket && !ticket->belongs_to(key, ip, limits))
            ticket.reset();
        return ticket;
    }

    std::shared_ptr<SocketCounts> counts = std::make_shared<SocketCounts>(kMany);
};

TEST_F(Counting, LimitsEachKey)
{
    const SocketCounts::Limits limits{.per_key = 2, .per_ip = 100, .in_all = 100};
    auto first = come("a", "1", limits);
    const auto second = come("a", "2", limits);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(come("a", "3", limits));
    EXPECT_TRUE(come("b", "3", limits));
    first.reset();
    EXPECT_TRUE(come("a", "3", limits));
}

TEST_F(Counting, LimitsEachAddressFromAcceptOn)
{
    const SocketCounts::Limits limits{.per_key = 100, .per_ip = 2, .in_all = 100};
    auto silent = counts->enter("1", limits);
    const auto second = come("a", "1", limits);
    EXPECT_TRUE(silent && second);
    EXPECT_FALSE(counts->enter("1", limits));
    EXPECT_TRUE(counts->enter("2", limits));
    silent.reset();
    EXPECT_TRUE(counts->enter("1", limits));
}

TEST_F(Counting, LimitsTheClientsOfAProxyByTheirOwnAddresses)
{
    const SocketCounts::Limits limits{.per_key = 100, .per_ip = 1, .in_all = 4};
    auto first = counts->enter("", limits);
    auto second = counts->enter("", limits);
    auto third = counts->enter("", limits);
    ASSERT_TRUE(first && second && third); // the proxy itself has no limit
    EXPECT_TRUE(first->belongs_to("a", "1", limits));
    EXPECT_FALSE(second->belongs_to("a", "1", limits));
    EXPECT_TRUE(second->belongs_to("a", "2", limits)); // what was refused left nothing behind
    EXPECT_FALSE(counts->enter("1", limits));
    EXPECT_TRUE(counts->enter("3", limits));
    first.reset();
    EXPECT_TRUE(counts->enter("1", limits));
    third.reset();
}

TEST_F(Counting, LimitsAllTogether)
{
    const SocketCounts::Limits limits{.per_key = 100, .per_ip = 100, .in_all = 2};
    const auto first = come("a", "1", limits);
    {
        const auto second = counts->enter("", limits);
        EXPECT_FALSE(counts->enter("3", limits));
    }
    EXPECT_TRUE(counts->enter("3", limits));
}

TEST_F(Counting, HasNoMoreThanThereAreDescriptors)
{
    const auto few = std::make_shared<SocketCounts>(1);
    const SocketCounts::Limits limits{.per_key = kMany, .per_ip = kMany, .in_all = kMany};
    const auto first = few->enter("1", limits);
    EXPECT_TRUE(first);
    EXPECT_FALSE(few->enter("2", limits));
}

TEST_F(Counting, ForgetsWhoWasRefused)
{
    const SocketCounts::Limits limits{.per_key = 1, .per_ip = 2, .in_all = 100};
    const auto first = come("a", "1", limits);
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(come("a", "1", limits));
    EXPECT_TRUE(come("b", "1", limits));
}

TEST_F(Counting, CountsAMovedTicketOnce)
{
    const SocketCounts::Limits limits{.per_key = 1, .per_ip = 1, .in_all = 1};
    {
        auto entered = come("a", "1", limits);
        Ticket moved(std::move(*entered));
        Ticket home;
        home = std::move(moved);
        entered.reset();
        EXPECT_FALSE(counts->enter("1", limits));
    }
    EXPECT_TRUE(come("a", "1", limits));
}

TEST_F(Counting, IsRightFromAllLoops)
{
    const SocketCounts::Limits limits{.per_key = kMany, .per_ip = kMany, .in_all = kMany};
    const auto come_and_go = [&] {
        for (int i = 0; i < 2'000; ++i)
            EXPECT_TRUE(come("a", std::to_string(i % 7), limits));
    };
    std::thread other(come_and_go);
    come_and_go();
    other.join();
    const SocketCounts::Limits one{.per_key = 1, .per_ip = 1, .in_all = 1};
    EXPECT_TRUE(come("a", "1", one)); // all others have left
}

} // namespace
} // namespace turngate::gateway
