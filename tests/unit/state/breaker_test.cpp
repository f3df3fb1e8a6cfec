#include "breaker.hpp"

#include <gtest/gtest.h>

namespace turngate::state {
namespace {

using State = Breaker::State;

Breaker closed_after(unsigned failures)
{
    Breaker breaker;
    breaker.on_probed();
    for (unsigned i = 0; i < failures; ++i)
        EXPECT_FALSE(breaker.on_failure());
    return breaker;
}

TEST(Breaker, IsOpenUntilRedisWasSeen)
{
    Breaker breaker;
    EXPECT_EQ(breaker.state(), State::open);
    EXPECT_FALSE(breaker.on_failure());
    breaker.on_answer(); // of a connection that is gone
    EXPECT_EQ(breaker.state(), State::open);
    breaker.on_probed();
    EXPECT_EQ(breaker.state(), State::closed);
}

TEST(Breaker, OpensAtTheThirdFailureInARow)
{
    Breaker breaker = closed_after(2);
    EXPECT_EQ(breaker.state(), State::closed);
    EXPECT_TRUE(breaker.on_failure());
    EXPECT_EQ(breaker.state(), State::open);
    EXPECT_FALSE(breaker.on_failure()); // told once
}

TEST(Breaker, ForgivesFailuresWhenAnAnswerCameBetween)
{
    Breaker breaker = closed_after(2);
    breaker.on_answer();
    EXPECT_FALSE(breaker.on_failure());
    EXPECT_FALSE(breaker.on_failure());
    EXPECT_TRUE(breaker.on_failure());
}

TEST(Breaker, OpensWhenTheConnectionIsLostAndStartsAnewWhenItIsBack)
{
    Breaker breaker = closed_after(2);
    breaker.on_lost();
    EXPECT_EQ(breaker.state(), State::open);
    breaker.on_lost();
    EXPECT_EQ(breaker.state(), State::open);
    breaker.on_probed();
    EXPECT_FALSE(breaker.on_failure());
    EXPECT_EQ(breaker.state(), State::closed);
}

} // namespace
} // namespace turngate::state
