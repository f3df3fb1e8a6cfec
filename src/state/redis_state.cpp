#include "redis_budgets.hpp"
#include "redis_bulletin.hpp"
#include "redis_ledger.hpp"
#include "redis_name.hpp"
#include "redis_notices.hpp"
#include "redis_rates.hpp"
#include "redis_store.hpp"

#include "turngate/state/state.hpp"

namespace turngate::state {
namespace {

class RedisState final : public State
{
public:
    RedisState(RedisOptions options, const std::vector<net::Loop*>& loops)
        : instance_(std::move(options.instance)), links_(loops, std::move(options.redis)),
          ledger_(std::make_shared<RedisLedger>(links_, instance_, options.lease)),
          budgets_(std::make_shared<RedisBudgets>(links_, options.lease)),
          store_(links_, instance_.life), rates_(links_),
          name_(links_.first(), instance_, [this](const auto& dead) { ledger_->purge(dead); }),
          carrier_(links_.first(), bulletin_, instance_, [this] { tell_all(); }),
          notices_(links_.first().loop(), links_.config(), [this](const std::string& name) {
              ledger_->on_notice(name);
          })
    {
    }

    ~RedisState() override
    {
        ledger_->end();
        budgets_->end();
    }

    void start(net::Loop& loop) override
    {
        links_.of(loop).start();
        ledger_->start(loop);
        budgets_->start(loop);
        if (!is_first(loop))
            return;
        name_.start();
        carrier_.start();
        notices_.start();
    }

    net::Task<> finish(net::Loop& loop) override
    {
        if (is_first(loop))
            co_await notices_.finish();
        co_await links_.of(loop).finish();
    }

    StateStore& store() override { return store_; }
    Rates& rates() override { return rates_; }
    Budgets& budgets() override { return *budgets_; }
    Bulletin& bulletin() override { return bulletin_; }

    std::shared_ptr<Slots> slots(std::string name, unsigned limit, unsigned max_waiting) override
    {
        return ledger_->make(std::move(name), limit, max_waiting, ledger_);
    }

    Health health() const override
    {
        Health health;
        health.backend = "redis";
        for (const auto& link : links_.all()) {
            ++health.loops;
            health.loops_up += link->is_up();
            link->counters().add_to(health);
        }
        return health;
    }

private:
    // Redis was flushed.
    void tell_all()
    {
        ledger_->tell_all();
        budgets_->tell_all();
    }
    bool is_first(const net::Loop& loop) const { return &links_.first().loop() == &loop; }

    const Instance instance_;
    const RedisLinks links_;
    const std::shared_ptr<RedisLedger> ledger_;
    const std::shared_ptr<RedisBudgets> budgets_;
    RedisStore store_;
    RedisRates rates_;
    Bulletin bulletin_;
    RedisName name_;
    RedisBulletin carrier_;
    RedisNotices notices_;
};

} // namespace

std::unique_ptr<State> make_redis_state(RedisOptions options, const std::vector<net::Loop*>& loops)
{
    return std::make_unique<RedisState>(std::move(options), loops);
}

} // namespace turngate::state
