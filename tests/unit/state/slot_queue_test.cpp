#include "slot_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace turngate::state {
namespace {

// The same, told simply: who waits, in the order of coming, and whose turn it is.
struct Model
{
    struct One
    {
        int number;
        std::string tenant;
    };
    std::vector<One> waiting;
    std::vector<std::string> turns; // of tenants that wait

    std::size_t count(const std::string& tenant) const
    {
        return static_cast<std::size_t>(std::ranges::count(waiting, tenant, &One::tenant));
    }
    void add(One one)
    {
        if (count(one.tenant) == 0)
            turns.push_back(one.tenant);
        waiting.push_back(std::move(one));
    }
    void remove(int number)
    {
        const auto one = std::ranges::find(waiting, number, &One::number);
        const std::string tenant = one->tenant;
        waiting.erase(one);
        if (count(tenant) == 0)
            std::erase(turns, tenant);
    }
    int next()
    {
        const std::string tenant = turns.front();
        const int number = std::ranges::find(waiting, tenant, &One::tenant)->number;
        remove(number);
        if (count(tenant) > 0)
            std::rotate(turns.begin(), turns.begin() + 1, turns.end());
        return number;
    }
};

TEST(SlotQueue, DoesWhatItsModelDoes)
{
    net::Loop loop(0);
    for (unsigned seed = 0; seed < 50; ++seed) {
        std::minstd_rand random(seed + 1);
        SlotQueue queue;
        Model model;
        std::map<int, std::shared_ptr<SlotWaiter>> waiters;
        for (int number = 0; number < 400; ++number) {
            const std::string tenant(1, static_cast<char>('a' + random() % 4));
            waiters[number] = std::make_shared<SlotWaiter>(loop, tenant);
            queue.add(waiters[number], number);
            model.add({number, tenant});
            if (random() % 3 == 0) {
                const auto leaves = model.waiting[random() % model.waiting.size()].number;
                EXPECT_TRUE(queue.remove(*waiters[leaves]));
                EXPECT_FALSE(queue.remove(*waiters[leaves]));
                model.remove(leaves);
            }
            if (random() % 4 == 0 && !model.waiting.empty()) { // granted one elsewhere
                const auto lucky = model.waiting[random() % model.waiting.size()].number;
                waiters[lucky]->claim(-7);
                EXPECT_TRUE(queue.remove(*waiters[lucky]));
                model.remove(lucky);
            }
            if (random() % 2 == 0 && !model.waiting.empty()) {
                const auto next = queue.take_next();
                ASSERT_TRUE(next);
                EXPECT_EQ(next->claimed_by, model.next());
            }
            ASSERT_EQ(queue.size(), model.waiting.size());
        }
        while (!model.waiting.empty())
            ASSERT_EQ(queue.take_next()->claimed_by, model.next());
        EXPECT_FALSE(queue.take_next());
    }
}

TEST(SlotQueue, PassesOverWhoHasOneAlready)
{
    net::Loop loop(0);
    SlotQueue queue;
    const auto first = std::make_shared<SlotWaiter>(loop, "a");
    const auto second = std::make_shared<SlotWaiter>(loop, "a");
    queue.add(first, 0);
    EXPECT_TRUE(queue.is_wanted());
    first->claim(3);
    EXPECT_FALSE(queue.is_wanted());
    queue.add(second, 0);
    EXPECT_EQ(queue.take_next(), second);
    EXPECT_EQ(first->claimed_by, 3);
}

} // namespace
} // namespace turngate::state
