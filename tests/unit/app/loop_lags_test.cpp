#include "loop_lags.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace turngate::app {
namespace {

using namespace std::chrono_literals;

// Two loops on threads of their own.
class LoopLags : public testing::Test
{
protected:
    LoopLags()
    {
        for (unsigned i = 0; i < 2; ++i)
            loops_.push_back(std::make_unique<net::Loop>(i));
    }
    ~LoopLags() override
    {
        for (const auto& loop : loops_)
            loop->stop();
    }
    void run()
    {
        for (const auto& loop : loops_)
            threads_.emplace_back([&loop = *loop] { loop.run(); });
    }
    template <class IsSo>
    static bool comes(IsSo is_so)
    {
        const auto give_up = core::Clock::now() + 60s;
        while (!is_so() && core::Clock::now() < give_up)
            std::this_thread::yield();
        return is_so();
    }

    Loops loops_;
    std::vector<std::jthread> threads_;
};

TEST_F(LoopLags, BeforeTheLoopsRunThereIsNone)
{
    EXPECT_EQ(longest_lag(loops_).count(), 0);
    EXPECT_TRUE(standing_still(loops_).empty());
}

TEST_F(LoopLags, GrowWhileALoopStandsStill)
{
    run();
    std::promise<void> go_on;
    loops_[1]->post([waits = go_on.get_future().share()] { waits.wait(); });
    EXPECT_TRUE(comes([&] { return standing_still(loops_) == std::vector{1u}; }));
    const auto then = loops_[1]->lag();
    EXPECT_GT(then, kStandsStill);
    EXPECT_TRUE(comes([&] { return longest_lag(loops_) > then + 100ms; }));
    go_on.set_value();
    EXPECT_TRUE(comes([&] { return standing_still(loops_).empty(); }));
}

} // namespace
} // namespace turngate::app
