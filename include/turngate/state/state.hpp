#pragma once

#include "turngate/config/config.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/state/budgets.hpp"
#include "turngate/state/bulletin.hpp"
#include "turngate/state/health.hpp"
#include "turngate/state/rates.hpp"
#include "turngate/state/slots.hpp"
#include "turngate/state/state_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace turngate::state {

// All that is known beyond one session: of this process alone, or shared by gateways through Redis.
// Nothing here waits for Redis to be there, and nothing fails because it is not. Made before the
// loops run, gone before they are and after they have stopped; slots and holds may be given back
// even later.
class State
{
public:
    virtual ~State() = default;

    // On each loop, once, before and after all that uses it there.
    virtual void start(net::Loop& loop) = 0;
    virtual net::Task<> finish(net::Loop& loop) = 0;

    virtual StateStore& store() = 0;
    virtual Rates& rates() = 0;
    virtual Budgets& budgets() = 0;
    virtual Bulletin& bulletin() = 0;

    // Slots of one name are the same slots in every gateway: user/NAME, account/NAME. Any thread.
    virtual std::shared_ptr<Slots> slots(std::string name,
                                         unsigned limit,
                                         unsigned max_waiting) = 0;

    virtual Health health() const = 0; // any thread
};

std::unique_ptr<State> make_memory_state();

struct RedisOptions
{
    config::Redis redis;
    std::string instance; // this gateway among those that share Redis; stays over a restart
    std::chrono::milliseconds lease{30'000}; // a dead gateway's slots are free after it
};

// The loops are those that will use it.
std::unique_ptr<State> make_redis_state(RedisOptions options, const std::vector<net::Loop*>& loops);

// As configured. Without state.instance a gateway goes by host name and journal: two that are one
// host have different journals.
std::unique_ptr<State> make_state(const config::Config& config,
                                  const std::vector<net::Loop*>& loops);

} // namespace turngate::state
