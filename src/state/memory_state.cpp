#include "memory_budgets.hpp"
#include "memory_rates.hpp"

#include "turngate/state/state.hpp"

namespace turngate::state {
namespace {

class MemoryState final : public State
{
public:
    void start(net::Loop&) override {}
    net::Task<> finish(net::Loop&) override { co_return; }

    StateStore& store() override { return *store_; }
    Rates& rates() override { return rates_; }
    Budgets& budgets() override { return *budgets_; }
    Bulletin& bulletin() override { return bulletin_; }

    std::shared_ptr<Slots> slots(std::string name, unsigned limit, unsigned max_waiting) override
    {
        return std::make_shared<Slots>(limit, max_waiting, std::move(name));
    }

    Health health() const override
    {
        Health health;
        health.backend = "memory";
        return health;
    }

private:
    std::unique_ptr<StateStore> store_ = make_memory_store();
    MemoryRates rates_;
    const std::shared_ptr<MemoryBudgets> budgets_ = std::make_shared<MemoryBudgets>();
    Bulletin bulletin_;
};

} // namespace

std::unique_ptr<State> make_memory_state()
{
    return std::make_unique<MemoryState>();
}

} // namespace turngate::state
