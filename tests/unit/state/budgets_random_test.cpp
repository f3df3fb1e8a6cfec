#include <gtest/gtest.h>

#include "budget_questions.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace turngate::state::test {
namespace {

constexpr const char* kAlice = "user/alice";
constexpr std::int64_t kLimit = 1'000;
constexpr int kMostOfATurn = 300;

// What budgets come to, without any of what makes them hard.
struct Model
{
    std::int64_t spending() const
    {
        std::int64_t sum = spent.amount.value;
        for (const auto& [uid, cost] : charges)
            sum += cost;
        return sum;
    }
    std::int64_t held() const
    {
        std::int64_t sum = 0;
        for (const auto& [id, amount] : holds)
            sum += amount;
        return sum;
    }
    std::int64_t sum() const { return spending() + held(); }

    // What a turn that may cost so much holds, or why it does not.
    core::Result<std::int64_t> ask(std::int64_t amount) const
    {
        const std::int64_t left = kLimit - spending();
        if (held() + amount <= left)
            return amount;
        if (left <= 0)
            return core::Fault{core::FaultCode::quota_exceeded};
        if (held() > 0)
            return core::Fault{core::FaultCode::rate_limited};
        return left;
    }

    Spending spent;
    std::map<int, std::int64_t> holds;
    std::map<std::string, std::int64_t> charges;
    std::set<std::string> reported;
};

// Turns that come and go on gateways with one budget, and a repository that gets their bills
// sooner or later.
class Chance
{
public:
    Chance(net::Loop& loop, std::vector<Gateway*> gateways, unsigned seed)
        : loop_(loop), gateways_(std::move(gateways)), random_(seed)
    {
    }

    void step()
    {
        switch (upto(4)) {
        case 0:
        case 1:
            begin();
            break;
        case 2:
            bill();
            break;
        case 3:
            end();
            break;
        default:
            report();
        }
        for (Gateway* gateway : gateways_)
            until_told(loop_, *gateway);
    }
    void finish()
    {
        while (!turns_.empty())
            end();
        while (!unreported_.empty())
            report();
        for (Gateway* gateway : gateways_)
            until_told(loop_, *gateway);
    }
    const Model& model() const { return model_; }
    int granted() const { return granted_; }
    int refused() const { return refused_; }
    int alone() const { return alone_; }

private:
    struct Turn
    {
        Hold hold;
        std::int64_t unbilled; // of what it may cost
        std::map<std::string, std::int64_t> bills;
    };

    int upto(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most + 1)); }
    auto any_turn() { return std::next(turns_.begin(), upto(static_cast<int>(turns_.size()) - 1)); }

    void begin()
    {
        Gateway& gateway = *gateways_[random_() % gateways_.size()];
        const int turn = ++last_;
        const std::int64_t amount = upto(kMostOfATurn);
        std::string id = "turn_" + std::to_string(turn);
        auto hold = fakes::run(
            loop_, gateway.state->budgets().hold(request(kAlice, kLimit, std::move(id), amount)));
        const auto expected = model_.ask(amount);
        ASSERT_EQ(hold.has_value(), expected.has_value()) << "turn " << turn;
        ++(hold ? granted_ : refused_);
        if (!hold) {
            // A gateway that holds itself need not ask whether others have spent the rest.
            const bool is_held_here = hold.error().code == core::FaultCode::rate_limited &&
                                      gateways_.size() > 1 && model_.held() > 0;
            ASSERT_TRUE(is_held_here || hold.error().code == expected.error().code);
            return;
        }
        ASSERT_EQ(hold->amount().value, *expected);
        alone_ += *expected < amount ? 1 : 0;
        model_.holds[turn] = *expected;
        turns_.emplace(turn, Turn{std::move(*hold), amount, {}});
    }
    void bill()
    {
        if (turns_.empty())
            return;
        Turn& turn = any_turn()->second;
        const std::string uid = "r" + std::to_string(++last_);
        const std::int64_t cost = std::min<std::int64_t>(turn.unbilled, upto(120));
        turn.unbilled -= cost;
        turn.hold.charge({uid, {cost}});
        turn.bills[uid] = cost;
        unreported_[uid] = cost; // in the journal from now on
    }
    void end()
    {
        if (turns_.empty())
            return;
        const auto turn = any_turn();
        model_.holds.erase(turn->first);
        for (const auto& [uid, cost] : turn->second.bills)
            if (!model_.reported.contains(uid))
                model_.charges[uid] = cost;
        turns_.erase(turn);
        ASSERT_LT(model_.spending(), kLimit + kMostOfATurn); // overdrawn by one turn
    }
    // Some bills are in the repository now; at times somebody was paid something back, and at times
    // a look from before is told only now.
    void report()
    {
        const Spending before = repository_;
        std::vector<std::string> uids;
        for (auto at = unreported_.begin(); at != unreported_.end();) {
            const auto bill = at++;
            if (upto(1) == 0)
                continue;
            uids.push_back(bill->first);
            repository_.amount.value += bill->second;
            unreported_.erase(bill);
        }
        ++repository_.revision;
        if (upto(9) == 0 || repository_.amount.value > kLimit)
            repository_.amount.value = 0;
        tell(repository_, uids);
        if (upto(3) == 0)
            tell(before, {});
    }
    void tell(Spending spent, const std::vector<std::string>& uids)
    {
        for (Gateway* gateway : gateways_)
            gateway->state->budgets().report(kAlice, spent, uids);
        if (spent.revision >= model_.spent.revision)
            model_.spent = spent;
        for (const std::string& uid : uids) {
            model_.charges.erase(uid);
            model_.reported.insert(uid);
        }
    }

    net::Loop& loop_;
    std::vector<Gateway*> gateways_;
    std::minstd_rand random_;
    int last_ = 0;
    int granted_ = 0;
    int refused_ = 0;
    int alone_ = 0;
    Model model_;
    Spending repository_;
    std::map<int, Turn> turns_;
    std::map<std::string, std::int64_t> unreported_;
};

void play(net::Loop& loop, std::vector<Gateway*> gateways, unsigned seed, int steps)
{
    Chance chance(loop, std::move(gateways), seed);
    for (int i = 0; i < steps; ++i) {
        ASSERT_NO_FATAL_FAILURE(chance.step()) << "seed " << seed << ", step " << i;
    }
    EXPECT_GT(chance.granted(), steps / 20);
    EXPECT_GT(chance.refused(), 0);
    if (steps > 1'000)
        EXPECT_GT(chance.alone(), 0);
    chance.finish();
    EXPECT_EQ(chance.model().sum(), chance.model().spent.amount.value);
}

class RandomBudgets : public testing::TestWithParam<unsigned>
{
protected:
    net::Loop loop_{0};
};

TEST_P(RandomBudgets, AreThoseOfTheModelInOneGateway)
{
    Gateway gateway(loop_, make_memory_state());
    play(loop_, {&gateway}, GetParam(), 2'000);
    EXPECT_EQ(gateway.state->budgets().held({kAlice}), (Sums{{0}}));
}

TEST_P(RandomBudgets, AreThoseOfTheModelInTwoGateways)
{
    fakes::RedisServer& server = server_of(Backend::redis);
    Gateway first(loop_, {.redis = server.config(), .instance = "one"});
    Gateway second(loop_, {.redis = server.config(), .instance = "two"});
    first.until_up();
    second.until_up();
    play(loop_, {&first, &second}, GetParam(), 400);
    EXPECT_EQ(held_of(loop_, first, {kAlice}), (Sums{{0}}));
    EXPECT_EQ(held_of(loop_, second, {kAlice}), (Sums{{0}}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomBudgets, testing::Range(1u, 6u));

} // namespace
} // namespace turngate::state::test
